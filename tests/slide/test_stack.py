"""Sections in space: movements, order and heights, and what a slide makes of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import from_anndata
from napari_concert.slide import Columns, Rigid, Slide, Stack
from napari_concert.slide.sections import stack_of

LENGTH = st.floats(-1e4, 1e4)
MOVES = st.builds(Rigid, st.floats(-360, 360), st.tuples(LENGTH, LENGTH), st.booleans())
POINTS = np.array([[0.0, 0.0], [100.0, 0.0], [40.0, -300.0], [5.5, 2000.0]])


@given(MOVES)
def test_a_movement_is_undone_by_its_inverse_and_keeps_distances(move: Rigid) -> None:
    moved = move.apply(POINTS)
    np.testing.assert_allclose(move.inverse.apply(moved), POINTS, atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(moved[1:] - moved[0], axis=1), np.linalg.norm(POINTS[1:], axis=1))


@given(MOVES, MOVES)
def test_one_movement_after_another(first: Rigid, second: Rigid) -> None:
    np.testing.assert_allclose(first.then(second).apply(POINTS), second.apply(first.apply(POINTS)), atol=1e-6)
    assert first.then(second).mirrored == (first.mirrored != second.mirrored)


def test_a_turn_goes_from_x_to_y_and_around_its_centre() -> None:
    np.testing.assert_allclose(Rigid(90).apply(np.array([[1.0, 0.0]])), [[0, 1]], atol=1e-12)
    np.testing.assert_allclose(Rigid(mirrored=True).apply(np.array([[1.0, 2.0]])), [[-1, 2]])
    turned = Rigid.around((10, 20), 90, shift=(1, 0)).apply(np.array([[10.0, 20.0], [11.0, 20.0]]))
    np.testing.assert_allclose(turned, [[11, 20], [11, 21]], atol=1e-12)


@given(st.dictionaries(st.sampled_from("abc"), MOVES), st.floats(0.1, 500), st.booleans())
def test_a_stack_comes_back_from_its_json(moves: dict[str, Rigid], spacing: float, assumed: bool) -> None:
    stack = Stack.spaced("abc", spacing, assumed=assumed).moved(moves)
    assert Stack.from_json(stack.to_json()) == stack


@pytest.mark.parametrize(
    ("order", "heights"),
    [((), ()), (("a", "a"), (0, 1)), (("a", "b"), (0,)), (("a", "b"), (1, 1)), (("a",), (np.nan,))],
)
def test_stacks_that_cannot_be_are_refused(order: tuple[str, ...], heights: tuple[float, ...]) -> None:
    with pytest.raises(ConcertError):
        Stack(order, heights)


def test_unknown_sections_and_broken_json_are_named() -> None:
    with pytest.raises(UnknownName, match="secton"):
        Stack(("section",), (0.0,), {"secton": Rigid()})
    with pytest.raises(ConcertError, match="stack"):
        Stack.from_json({"order": ["a"]})


@pytest.fixture
def sectioned(new_adata: Callable[..., AnnData]) -> Slide:
    """Give a slide of two sections, b and a, and a spot of neither."""
    adata = new_adata()
    adata.obs["section"] = ["b"] * 40 + ["a"] * 23 + [None]
    return from_anndata(adata, columns=Columns(section="section"))


def test_a_slide_lies_as_its_stack_says_and_keeps_its_own_positions(sectioned: Slide) -> None:
    move = Rigid(30, (50, -20))
    stack = Stack(("b", "a"), (0.0, 16.0), {"a": move})
    placed = sectioned.with_um_per_unit(2.0).with_stack(stack)
    in_a, in_b = (sectioned.labels("section") == name for name in "ab")
    np.testing.assert_allclose(placed.coords[in_a, :2], 2 * move.apply(sectioned.raw_coords[in_a]))
    np.testing.assert_allclose(placed.coords[in_b, :2], 2 * sectioned.raw_coords[in_b])
    assert set(placed.coords[in_a, 2]) == {16.0}
    assert placed.has_z
    assert placed.fingerprint == sectioned.fingerprint
    assert placed.raw_coords is sectioned.raw_coords
    assert not sectioned.has_z


def test_spots_of_no_section_are_not_used(sectioned: Slide) -> None:
    placed = sectioned.with_stack(Stack(("b",), (0.0,)))
    assert not placed.usable[sectioned.labels("section") != "b"].any()
    assert placed.usable[sectioned.labels("section") == "b"].all()


def test_another_section_column_forgets_the_stack(sectioned: Slide) -> None:
    placed = sectioned.with_stack(stack_of(sectioned))
    assert placed.with_columns(Columns(section="section", tissue="section")).stack == placed.stack
    assert placed.with_columns(Columns()).stack is None
    with pytest.raises(ConcertError, match="section"):
        sectioned.with_columns(Columns()).with_stack(stack_of(sectioned))
    with pytest.raises(UnknownName, match="'c'"):
        sectioned.with_stack(Stack(("a", "c"), (0.0, 1.0)))


def test_registered_sections_share_a_place(sectioned: Slide) -> None:
    placed = sectioned.with_stack(stack_of(sectioned))
    assert len(np.unique(placed.places[placed.usable])) == 2
    assert len(np.unique(placed.with_registered(True).places)) == 1


def test_spots_are_double_only_where_they_lie_on_each_other_in_space(sectioned: Slide) -> None:
    columns = sectioned.columns
    twice = from_anndata(sectioned.adata[[0, 1, 2, 0, 1, 2]].copy(), columns=columns)
    labelled = twice.with_labels("section", ["a"] * 3 + ["b"] * 3)
    stacked = labelled.with_stack(Stack.spaced("ab", 10.0)).with_registered(True)
    assert not any("exactly" in note for note in stacked.notes)
    assert any("exactly" in note for note in twice.with_columns(Columns()).notes)


def test_the_first_guess_is_a_pitch_apart_by_name(sectioned: Slide) -> None:
    stack = stack_of(sectioned)
    assert stack.order == ("a", "b")
    assert stack.assumed
    assert stack.spacing == pytest.approx(sectioned.pitch)
    assert not stack.respaced(16).assumed
    assert stack.respaced(16).heights == (0, 16)
    with pytest.raises(ConcertError, match="section"):
        stack_of(sectioned.with_columns(Columns()))
