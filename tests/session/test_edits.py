"""What one edit did: differences, names, colours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.patches import Patch
from napari_concert.session.edits import COLOURS, Change, Edits, Snapshot, Style, next_colour, next_name

N = 9
KEYS = st.integers(1, 4)
TARGETS = st.sampled_from([{}, {"perturbation": "Jak2"}, {"perturbation": "Tgfbr2", "tissue": "lung"}])
STYLES = st.builds(
    Style, st.sampled_from("abc"), st.sampled_from(COLOURS[:2]), TARGETS, st.booleans(), locked=st.booleans()
)
MASKS = st.lists(st.booleans(), min_size=N, max_size=N).map(np.array)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    order = tuple(draw(st.lists(KEYS, unique=True)))
    active = draw(st.sampled_from(order)) if order else None
    return Snapshot(order, active, {key: draw(STYLES) for key in order}, {key: draw(MASKS) for key in order})


def applied(change: Change, before: Snapshot) -> Snapshot:
    """Carry a change out on a snapshot, the plain way."""
    assert before.order == change.order[0]
    assert before.active == change.active[0]
    styles, masks = dict(before.styles), {key: mask.copy() for key, mask in before.masks.items()}
    for key, (old, new) in change.styles.items():
        assert styles.pop(key, None) == old
        if new is not None:
            styles[key] = new
    for key, difference in change.spots.items():
        mask = masks.setdefault(key, np.zeros(N, dtype=bool))
        assert not mask[difference.added].any()
        assert mask[difference.removed].all()
        difference.apply(mask)
    return Snapshot(change.order[1], change.active[1], styles, masks)


def assert_same(found: Snapshot, wanted: Snapshot) -> None:
    assert (found.order, found.active, found.styles) == (wanted.order, wanted.active, wanted.styles)
    for key in wanted.order:
        mask = found.masks.get(key, np.zeros(N, dtype=bool))
        assert mask.tolist() == wanted.masks[key].tolist()


@given(snapshots(), snapshots())
def test_a_change_leads_there_and_its_inverse_back(before: Snapshot, after: Snapshot) -> None:
    change = Change.between(before, after)
    assert_same(applied(change, before), after)
    assert_same(applied(change.inverse, after), before)


@given(snapshots(), snapshots())
def test_a_change_is_empty_where_patches_and_order_are_the_same(before: Snapshot, after: Snapshot) -> None:
    same_spots = before.order == after.order and all(
        np.array_equal(before.masks[key], after.masks[key]) for key in after.order
    )
    change = Change.between(before, after)
    assert change.is_empty == (same_spots and before.styles == after.styles)
    assert change.inverse.is_empty == change.is_empty
    assert Change.between(before, before).is_empty


@given(snapshots(), snapshots(), TARGETS)
def test_a_retargeted_change_is_that_between_retargeted_patches(before: Snapshot, after: Snapshot, new: dict) -> None:
    def retargeted(snapshot: Snapshot) -> Snapshot:
        styles = {key: Style(s.name, s.color, new, s.hidden, s.locked) for key, s in snapshot.styles.items()}
        return Snapshot(snapshot.order, snapshot.active, styles, snapshot.masks)

    change = Change.between(before, after).retargeted(new)
    assert_same(applied(change, retargeted(before)), retargeted(after))


def test_the_history_forgets_what_was_only_about_targets_when_all_are_replaced() -> None:
    named, other = Style("a", target={"perturbation": "Jak2"}), Style("a", target={"perturbation": "Tgfbr2"})
    mask, none = np.ones(N, dtype=bool), Snapshot((), None, {}, {})
    first, second = Snapshot((1,), 1, {1: named}, {1: mask}), Snapshot((1,), 1, {1: other}, {1: mask})
    edits = Edits()
    edits.push(Change.between(none, first))
    edits.push(Change.between(first, second))
    edits.undo()
    edits.retarget({"tissue": "lung"})
    assert not edits.can_redo
    undone = edits.undo()
    assert undone is not None
    assert undone.styles == {1: (Style("a", target={"tissue": "lung"}), None)}
    assert not edits.can_undo


def arrays(value: object) -> Iterator[np.ndarray]:
    """Yield all arrays that a value holds, however deep."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from arrays(each)
    elif isinstance(value, dict):
        yield from arrays(list(value.values()))
    elif hasattr(value, "__dict__"):
        yield from arrays(vars(value))


@pytest.mark.parametrize("n_changed", [0, 1, 7])
def test_only_spots_that_changed_are_stored(n_changed: int) -> None:
    n_spots = 100_000
    before = np.random.default_rng(0).random(n_spots) < 0.5
    after = before.copy()
    after[:n_changed] ^= True
    styles = {1: Style("a"), 2: Style("b")}
    change = Change.between(
        Snapshot((1, 2), 1, styles, {1: before, 2: before}), Snapshot((2, 1), 1, styles, {1: after, 2: before})
    )
    assert sum(array.size for array in arrays(change)) == n_changed
    assert not any(array.dtype == bool for array in arrays(change))


def test_a_style_is_all_of_a_patch_but_its_spots() -> None:
    patch = Patch([1, 2], {"perturbation": "Jak2"}, "mine", "#123456", hidden=True, locked=True)
    back = Patch([1, 2], **vars(Style.of(patch)))
    assert back.to_json() == patch.to_json()


@given(st.lists(st.sampled_from(["patch 1", "patch 2", "patch 3", "patch 10", "Patch 1", "lesion"])))
def test_the_next_name_is_the_first_free_number(names: list[str]) -> None:
    number = 1
    while f"patch {number}" in names:
        number += 1
    assert next_name(Style(name) for name in names) == f"patch {number}"


def test_colours_are_all_used_before_one_comes_again() -> None:
    styles: list[Style] = []
    for _ in range(2 * len(COLOURS) + 1):
        styles.append(Style(color=next_colour(styles)))
    assert [style.color for style in styles] == [*COLOURS, *COLOURS, COLOURS[0]]
    assert next_colour([Style(color="#000000")]) == COLOURS[0], "a colour of the user's own counts for none"
    assert next_colour([Style(color=COLOURS[1]), *styles]) == COLOURS[2]
