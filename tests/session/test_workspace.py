"""One open slide and its defaults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_concert.patches import Patch
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
    workspace.painting.restyle(workspace.painting.active, target={"perturbation": "Jak2", "tissue": "tumour"})
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
    workspace.painting.target = {"tissue": "tumour"}
    workspace.painting.new()
    workspace.read_as(tumour_slide.with_columns(replace(tumour_slide.columns, **change)))
    assert workspace.target == {"perturbation": "Ifngr2"}
    assert workspace.painting.target == {"perturbation": "Ifngr2"}


def test_spots_without_a_target_ask_for_nothing(tumour_slide: Slide) -> None:
    workspace = Workspace(tumour_slide)
    assert workspace.what_if.is_empty
    workspace.painting.replace([3])
    assert workspace.what_if.rows.tolist() == [3]
    workspace.painting.restyle(workspace.painting.active, target={})
    assert workspace.what_if.is_empty


def test_the_target_is_that_of_the_active_patch_and_else_of_the_next_one(tumour_slide: Slide) -> None:
    workspace = Workspace(tumour_slide)
    workspace.painting.target = {"perturbation": "Jak2"}
    assert workspace.target == {"perturbation": "Jak2"}
    workspace.painting.new()
    workspace.painting.target = {"perturbation": "Tgfbr2"}
    assert workspace.target == {"perturbation": "Jak2"}
    workspace.painting.new()
    assert workspace.target == {"perturbation": "Tgfbr2"}
    workspace.painting.choose(workspace.painting.keys[0])
    assert workspace.target == {"perturbation": "Jak2"}


N = 300
PATCHES = st.lists(
    st.builds(
        Patch,
        st.lists(st.integers(0, N - 1), max_size=40).map(lambda rows: np.array(rows, dtype=int)),
        st.sampled_from([{}, {"perturbation": "Jak2"}, {"perturbation": "Tgfbr2"}]),
        hidden=st.booleans(),
        locked=st.booleans(),
    ),
    max_size=5,
)


@given(patches=PATCHES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_what_if_gives_each_spot_to_its_last_shown_patch_alone(tumour_slide: Slide, patches: list[Patch]) -> None:
    owner: dict[int, int] = {}
    for position, patch in enumerate(patches):
        if not patch.hidden:
            owner |= dict.fromkeys(patch.spots.tolist(), position)
    workspace = Workspace(tumour_slide)
    workspace.painting.add(patches)
    what_if, painting = workspace.what_if, workspace.painting
    found = {row: dict(patch.target) for patch in what_if.patches for row in patch.spots.tolist()}
    wanted = {row: dict(patches[position].target) for row, position in owner.items()}
    assert found == {row: target for row, target in wanted.items() if target}
    assert sum(map(len, what_if.patches)) == len(found), "no spot is in two patches"
    assert not any(patch.changes_nothing for patch in what_if.patches)
    assert {row: painting.keys[position] for row, position in owner.items()} == {
        row: int(key) for row, key in enumerate(painting.owner) if key >= 0
    }
