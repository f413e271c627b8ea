"""Selecting without the mouse: by label, by value, around what is there; and niche perturbation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from anndata import AnnData

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import from_anndata
from napari_concert.patches import WhatIf
from napari_concert.selection import Mode, smoothed
from napari_concert.session import Colour, Session

EDITED = ["patch_changed", "target_changed"]  # without a model


def distances(session: Session) -> np.ndarray:
    """Return the distance of all spots to all spots, in pitches."""
    coords = session.slide.coords
    return np.linalg.norm(coords[:, None] - coords[None], axis=-1) / session.slide.pitch


def middle(session: Session, pitches: float = 3.2) -> np.ndarray:
    """Return the spots within some pitches of the spot in the middle of the slide."""
    coords = session.slide.coords
    centre = int(np.linalg.norm(coords - coords.mean(axis=0), axis=1).argmin())
    return np.flatnonzero(distances(session)[centre] <= pitches)


def rows(session: Session) -> list[int]:
    return session.current.painting.rows.tolist()


# -- by label and by value --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(Mode))
def test_a_label_joins_what_is_there(session: Session, watch: Callable, mode: Mode) -> None:
    session.paint(range(100))
    heard = watch(session)
    session.select_label("tissue", "tumour", mode)
    there = np.arange(session.slide.n_spots) < 100
    tumour = session.slide.labels("tissue") == "tumour"
    wanted = {
        Mode.ADD: there | tumour,
        Mode.SUBTRACT: there & ~tumour,
        Mode.INTERSECT: there & tumour,
        Mode.INVERT: there ^ tumour,
    }[mode]
    assert rows(session) == np.flatnonzero(wanted).tolist()
    assert heard.heard == EDITED
    session.undo()
    assert rows(session) == list(range(100))


@pytest.mark.parametrize(
    ("column", "label", "reason"),
    [("tissue", "tumor", "Did you mean tumour"), ("tisue", "tumour", "Did you mean tissue")],
)
def test_a_misspelt_label_or_column_is_named_with_the_nearest_one(
    session: Session, watch: Callable, column: str, label: str, reason: str
) -> None:
    heard = watch(session)
    with pytest.raises(UnknownName, match=reason):
        session.select_label(column, label)
    assert heard.heard == []
    assert session.patches == ()


@pytest.mark.parametrize(("low", "high"), [(2.0, None), (None, 0.0), (1.0, 3.0), (None, None)])
def test_a_range_of_a_gene_has_its_bounds(session: Session, watch: Callable, low: float, high: float) -> None:
    gene = str(session.slide.genes[3])
    values = session.slide.normalised(gene)
    low = None if low is None else float(np.sort(values)[100 + int(low)])  # a bound that a spot has
    high = None if high is None else float(np.sort(values)[200 + int(high)])
    heard = watch(session)
    session.select_range(gene, low, high)
    wanted = (values >= (-np.inf if low is None else low)) & (values <= (np.inf if high is None else high))
    assert rows(session) == np.flatnonzero(wanted).tolist()
    assert heard.heard == EDITED


def test_a_range_of_a_column_leaves_spots_without_a_value_out(tumour_adata: AnnData) -> None:
    adata = tumour_adata.copy()
    adata.obs["dose"] = np.where(np.arange(adata.n_obs) % 3 == 0, np.nan, np.arange(adata.n_obs, dtype=float))
    session = Session()
    session.add(from_anndata(adata))
    session.select_range("dose", high=10.0)
    assert rows(session) == [1, 2, 4, 5, 7, 8, 10]
    session.select_range("dose", 5.0, mode=Mode.SUBTRACT)
    assert rows(session) == [1, 2, 4]
    with pytest.raises(ConcertError, match="lower first"):
        session.select_range("dose", 3.0, 1.0)


@pytest.mark.parametrize("name", ["Krt88", "tissue"])
def test_a_range_needs_a_gene_or_a_column_of_numbers(session: Session, name: str) -> None:
    with pytest.raises(ConcertError, match=name):
        session.select_range(name, 1.0)
    assert session.patches == ()


def test_spots_that_are_not_in_the_picture_are_not_selected(tumour_adata: AnnData) -> None:
    adata = tumour_adata.copy()
    coords = np.array(adata.obsm["spatial"], dtype=float)
    lost = np.flatnonzero(adata.obs["tissue"] == "tumour")[:4]
    coords[lost] = np.nan
    adata.obsm["spatial"] = coords
    session = Session()
    session.add(from_anndata(adata))
    session.select_label("tissue", "tumour")
    wanted = sorted(set(np.flatnonzero(adata.obs["tissue"] == "tumour")) - set(lost))
    assert rows(session) == wanted
    session.select_range(str(session.slide.genes[0]))
    assert rows(session) == sorted(set(range(adata.n_obs)) - set(lost))


def test_selecting_what_is_selected_already_is_no_edit(session: Session, watch: Callable) -> None:
    session.select_label("tissue", "tumour")
    heard = watch(session)
    session.select_label("tissue", "tumour")
    assert heard.heard == []
    session.undo()
    assert session.patches == ()


# -- around what is there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pitches", [1.05, 2.5])
def test_growing_shrinking_and_surrounding_go_by_distance(session: Session, watch: Callable, pitches: float) -> None:
    core, by = middle(session), pitches * session.slide.pitch
    inside = np.isin(np.arange(session.slide.n_spots), core)
    near = distances(session) <= pitches
    session.paint(core)
    for verb, wanted in (
        (session.grow, near[core].any(axis=0)),
        (session.surround, near[core].any(axis=0) & ~inside),
        (session.shrink, inside & ~near[~inside].any(axis=0)),
    ):
        heard = watch(session)
        verb(by)
        assert rows(session) == np.flatnonzero(wanted).tolist()
        assert heard.heard == EDITED
        session.undo()
        assert rows(session) == core.tolist()


def test_smoothing_takes_bumps_and_closes_holes(session: Session, watch: Callable) -> None:
    core = middle(session)
    far = int(distances(session)[core].min(axis=0).argmax())
    hole = int(core[distances(session)[core].max(axis=1).argmin()])
    session.paint([*core, far])
    session.paint([hole], erase=True)
    wanted = smoothed(session.current.index, session.current.painting.rows, 1.5 * session.slide.pitch)
    heard = watch(session)
    session.smooth()
    assert rows(session) == wanted.tolist()
    assert far not in rows(session)
    assert hole in rows(session)
    assert heard.heard == EDITED


@pytest.mark.parametrize("verb", ["grow", "shrink", "surround", "smooth"])
def test_with_nothing_painted_or_nothing_to_change_it_is_said(session: Session, watch: Callable, verb: str) -> None:
    heard = watch(session)
    by = () if verb == "smooth" else (session.slide.pitch,)
    getattr(session, verb)(*by)
    assert heard.said == [("info", "This changes no spot.")]
    session.paint(range(session.slide.n_spots))
    heard.clear()
    if verb != "surround":
        getattr(session, verb)(*by)
        assert heard.said == [("info", "This changes no spot.")]


def test_only_the_active_patch_grows(session: Session) -> None:
    core = middle(session, 1.2)
    session.paint(core)
    session.new_patch()
    session.paint([0])
    session.choose_patch(session.current.painting.keys[0])
    session.grow(1.05 * session.slide.pitch)
    assert len(session.patches[0]) > len(core)
    assert session.patches[1].spots.tolist() == [0]


# -- perturb the niche, read the core ---------------------------------------------------------------------------------


def test_the_surroundings_are_perturbed_and_the_tables_read_the_core(trained: Session, watch: Callable) -> None:
    core, by = middle(trained, 2.2), 2.05 * trained.slide.pitch
    trained.set_target("perturbation", "Jak2")
    trained.paint(core)
    ring = trained.current.index.ring(core, by)
    heard = watch(trained)
    trained.perturb_surroundings(by)
    assert heard.heard == [*EDITED, "prediction_changed", "genes_changed", "truth_changed"]
    around, kept = trained.patches
    assert (around.name, around.spots.tolist(), dict(around.target)) == (
        "around patch 1",
        ring.tolist(),
        {"perturbation": "Jak2"},
    )
    assert (kept.name, kept.spots.tolist(), dict(kept.target)) == ("patch 1", core.tolist(), {})
    assert around.color != kept.color
    assert trained.current.painting.current is kept
    result = trained.result
    assert result.patch.tolist() == core.tolist()
    assert [patch.spots.tolist() for patch in result.what_if.patches] == [ring.tolist()]
    wanted = trained.model.predict(WhatIf((ring, {"perturbation": "Jak2"})), trained.slide)
    table = wanted.region_change(core).loc[result.patch_genes.index]
    np.testing.assert_array_equal(result.patch_genes["change"], table["change"])
    gene = str(result.patch_genes.index[0])
    np.testing.assert_array_equal(result.prediction.gene(gene).change, wanted.gene(gene).change)
    assert np.abs(table["change"]).max() > 0, "the core changes through its surroundings"
    own = trained.model.predict(WhatIf((core, {"perturbation": "Jak2"})), trained.slide)
    assert not np.allclose(own.region_change(core).loc[table.index, "change"], table["change"])


def test_it_is_one_edit(trained: Session) -> None:
    core = middle(trained, 2.2)
    trained.paint(core)
    trained.perturb_surroundings(2.0 * trained.slide.pitch)
    after = [patch.to_json() for patch in trained.patches]
    trained.undo()
    assert [(patch.spots.tolist(), dict(patch.target)) for patch in trained.patches] == [
        (core.tolist(), {"perturbation": "Ifngr2"})
    ]
    assert trained.result.what_if.rows.tolist() == core.tolist()
    trained.redo()
    assert [patch.to_json() for patch in trained.patches] == after


def test_a_core_that_is_painted_on_is_still_left_as_observed(trained: Session) -> None:
    core = middle(trained, 2.2)
    trained.paint(core)
    trained.perturb_surroundings(2.05 * trained.slide.pitch)
    ring = trained.patches[0].spots
    trained.paint(ring[:5])
    assert trained.result.what_if.rows.tolist() == ring[5:].tolist()
    assert trained.result.patch.tolist() == sorted({*core, *ring[:5]})


@pytest.mark.parametrize("painted", [False, True])
def test_without_a_core_or_a_spot_near_it_it_is_said_what_to_do(
    session: Session, watch: Callable, painted: bool
) -> None:
    if painted:
        session.paint(middle(session))
    before = [patch.to_json() for patch in session.patches]
    heard = watch(session)
    session.perturb_surroundings(0.1 * session.slide.pitch)
    assert [patch.to_json() for patch in session.patches] == before
    assert heard.said == [
        ("info", "No spot lies that near to the patch: choose a larger distance.")
        if painted
        else ("info", "Paint a core first; then its surroundings can be perturbed.")
    ]


# -- what regions are told apart by -----------------------------------------------------------------------------------


def test_regions_are_those_of_the_shown_column_then_of_the_state_then_of_the_tissue(session: Session) -> None:
    slide = session.slide
    session.show_column("tissue")
    assert session.region_labels().tolist() == slide.labels("tissue").tolist()
    session.show_gene("Krt8")
    assert session.region_labels().tolist() == slide.state_of.tolist()
    session.read_as(columns=replace(slide.columns, perturbation=None, control=()))
    assert session.colour == Colour("gene", "Krt8")
    assert session.region_labels().tolist() == session.slide.tissue_of.tolist()
