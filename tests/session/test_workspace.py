"""One open slide and its defaults."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_concert.session.shown import Colour
from napari_concert.session.workspace import Workspace, default_colour, default_target
from napari_concert.slide import Slide


def test_the_default_target_is_the_first_state_that_is_no_control(tumour_slide: Slide) -> None:
    assert default_target(tumour_slide) == {"perturbation": "Ifngr2"}
    every = replace(tumour_slide.columns, control=tumour_slide.states)
    assert default_target(tumour_slide.with_columns(every)) == {"perturbation": "control"}
    none = replace(tumour_slide.columns, perturbation=None, control=())
    assert default_target(tumour_slide.with_columns(none)) == {}


def test_a_slide_is_first_coloured_by_perturbation_or_tissue_or_the_most_seen_gene(tumour_slide: Slide) -> None:
    columns = replace(tumour_slide.columns, perturbation=None, control=())
    bare = replace(columns, tissue=None)
    assert default_colour(tumour_slide) == Colour("column", "perturbation")
    assert default_colour(tumour_slide.with_columns(columns)) == Colour("column", "tissue")
    most = tumour_slide.genes[int(tumour_slide.counts.getnnz(axis=0).argmax())]
    assert default_colour(tumour_slide.with_columns(bare)) == Colour("gene", most)


def test_reading_otherwise_keeps_what_was_painted_and_a_target_that_still_means_something(tumour_slide: Slide) -> None:
    workspace = Workspace(tumour_slide)
    workspace.painting.replace([1, 2])
    workspace.target = {"perturbation": "Jak2", "tissue": "tumour"}
    index, pairs = workspace.index, workspace.pairs
    workspace.read_as(tumour_slide.with_um_per_unit(2.0))
    assert workspace.painting.rows.tolist() == [1, 2]
    assert workspace.target == {"perturbation": "Jak2", "tissue": "tumour"}
    assert workspace.index is not index
    workspace.read_as(tumour_slide.with_columns(replace(tumour_slide.columns, unknown=("Jak2",))))
    assert workspace.target == {"perturbation": "Ifngr2"}
    assert workspace.pairs != pairs


@pytest.mark.parametrize("change", [{"tissue": None}, {"unknown": ("tumour",)}])
def test_a_target_tissue_that_is_gone_is_dropped(tumour_slide: Slide, change: dict) -> None:
    workspace = Workspace(tumour_slide)
    workspace.target = {"tissue": "tumour"}
    workspace.read_as(tumour_slide.with_columns(replace(tumour_slide.columns, **change)))
    assert workspace.target == {"perturbation": "Ifngr2"}


def test_spots_without_a_target_ask_for_nothing(tumour_slide: Slide) -> None:
    workspace = Workspace(tumour_slide)
    assert workspace.what_if.is_empty
    workspace.painting.replace([3])
    assert workspace.what_if.rows.tolist() == [3]
    workspace.target = {}
    assert workspace.what_if.is_empty
