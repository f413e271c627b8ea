"""What a trained model says that it learned, against what was simulated."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert import Concert
from napari_concert.concert.learned import Learned
from napari_concert.errors import UnknownName
from napari_concert.io import from_anndata
from napari_concert.simulate import tumour


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
