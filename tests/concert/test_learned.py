"""What a trained model says that it learned, against what was simulated."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert import Concert, ModelConfig, Slide
from napari_concert.concert.learned import Learned
from napari_concert.errors import UnknownName
from napari_concert.io import from_anndata
from napari_concert.simulate import tumour
from napari_concert.simulate.families import family


@pytest.fixture(scope="module")
def learned() -> Learned:
    """What a model learns of a slide of 600 spots whose true reach is 2 to 3 pitches of 100 µm."""
    return Concert(from_anndata(tumour(600, 60, seed=3))).train(12).learned


def test_scopes_are_ordered_lengths_in_micrometres(learned: Learned) -> None:
    table = learned.scopes()
    assert list(table.index) == ["Ifngr2", "Jak2", "Tgfbr2"]
    assert (table["range_long_lower"] < table["range_long"]).all()
    assert (table["range_long"] < table["range_long_upper"]).all()
    assert (table["range_short"] <= table["range_long"] + 1e-9).all()
    np.testing.assert_allclose(table["anisotropy"], table["range_long"] / table["range_short"])
    assert table["range_long"].between(100, 1000).all()


def test_cut_offs_are_known_for_every_tissue_and_for_none(learned: Learned) -> None:
    table = learned.cut_offs()
    assert list(table.columns) == [*learned.vocabulary.tissues, "unknown tissue"]
    assert ((table > 0) & (table < 1000)).all().all()


def test_effects_say_what_is_own_and_what_spills_over(learned: Learned) -> None:
    table = learned.effects("Jak2")
    own = np.abs(table["own"]) / (np.abs(table["own"]) + np.abs(table["spill_over"]))
    defined = table["own_share"].notna()
    np.testing.assert_allclose(table["own_share"][defined], own[defined])
    assert table[["own_lfsr", "spill_over_lfsr"]].stack().between(0, 0.5).all()
    assert table.loc["Stat1", "own"] < -0.3  # a response gene of the simulation


def test_the_latent_cell_state_is_split_into_smooth_and_single(learned: Learned) -> None:
    table, k = learned.latent_split(), learned.network.config.spatial_factors
    weights = learned.network.latent_weights.numpy()
    np.testing.assert_allclose(table["spatial_sd"], np.sqrt((weights[:k] ** 2).sum(0)))
    np.testing.assert_allclose(table["intrinsic_sd"], np.sqrt((weights[k:] ** 2).sum(0)))
    assert table["spatial_share"].dropna().between(0, 1).all()
    assert table["spatial_share"].median() > 0.7  # this slide has smooth factors, and nothing of single spots


def test_an_unknown_state_and_the_reference_have_no_effects(learned: Learned) -> None:
    for name in ("control", "Jak3"):
        with pytest.raises(UnknownName):
            learned.effects(name)


def test_states_in_nodules_can_be_told_from_place(learned: Learned) -> None:
    table = learned.identifiability()
    assert (table["place_sd"] < 0.35 * table["effect"]).all()
    assert set(table["reading"]) == {"can be told from place"}


def test_the_reach_of_one_state_is_its_row_with_an_outline(learned: Learned) -> None:
    reach, row = learned.reach("Jak2"), learned.scopes().loc["Jak2"]
    assert (reach.state, reach.unit) == ("Jak2", "µm")
    assert reach.is_found != any(said.startswith("Jak2: no spill-over") for said in learned.findings())
    assert reach.long == tuple(row[["range_long", "range_long_lower", "range_long_upper"]])
    assert reach.angle == row["angle"]
    away = np.linalg.norm(reach.outline, axis=1)
    assert reach.outline[0] == pytest.approx(reach.outline[-1])
    assert away.max() == pytest.approx(reach.long[0], rel=2e-3)
    assert away.min() == pytest.approx(reach.short[0], rel=2e-3)
    farthest = reach.outline[:-1][np.argmax(away[:-1])]
    turn = np.degrees(np.arctan2(farthest[1], farthest[0])) - reach.angle
    assert (turn + 90) % 180 - 90 == pytest.approx(0, abs=2.5 + 1e-6)


def test_cut_offs_come_with_what_the_data_say_of_them(learned: Learned) -> None:
    table = learned.reach("Jak2").cut_offs
    np.testing.assert_array_equal(table["cut_off"], learned.cut_offs().loc["Jak2"])
    assert ((table["lower"] < table["cut_off"]) & (table["cut_off"] < table["upper"])).all()
    assert table["upper"].max() < learned.reach("Jak2").farthest == pytest.approx(1000)
    assert table.loc["unknown tissue", "told"] == pytest.approx(0), "no spot of this slide lacks its tissue"
    assert table["told"].drop("unknown tissue").between(0, 1).all()
    assert table["told"].max() > 0.3


@pytest.mark.parametrize("name", ["control", "Jak3"])
def test_what_does_not_propagate_has_no_reach(learned: Learned, name: str) -> None:
    with pytest.raises(UnknownName):
        learned.reach(name)


@pytest.mark.slow
def test_the_direction_of_an_anisotropic_reach_is_found_and_turns_with_the_slide() -> None:
    """The family's spill-over reaches 2.5 times as far along 30° as across it."""
    adata = family("anisotropic").simulate(1, n_spots=900, n_genes=120)
    straight = Concert(from_anndata(adata)).train(20).learned.reach("Jak2")
    turned = adata.copy()
    cos, sin = np.cos(np.radians(50)), np.sin(np.radians(50))
    turned.obsm["spatial"] = adata.obsm["spatial"] @ np.array([[cos, sin], [-sin, cos]])
    other = Concert(from_anndata(turned)).train(20).learned.reach("Jak2")
    assert straight.has_direction
    assert straight.angle == pytest.approx(30, abs=8)
    assert other.angle == pytest.approx(straight.angle + 50, abs=2)
    assert other.long[0] == pytest.approx(straight.long[0], rel=0.02)


def test_what_a_model_learned_is_worked_out_once_and_anew_after_another_training(
    slide: Slide, small: ModelConfig
) -> None:
    model = Concert(slide, config=small, n_genes=12).train(2)
    first = model.learned
    assert model.learned is first
    assert first.reaches() is first.reaches()
    assert first.findings() is first.findings()
    model.train(4)
    assert model.learned is not first
    assert model.learned.network is model.network
