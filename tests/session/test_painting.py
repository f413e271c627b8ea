"""Patches and their history, beside a plain model of them: lists of sets, and whole copies to undo."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.patches import Patch
from napari_concert.session.edits import COLOURS
from napari_concert.session.painting import Painting

N = 12
TARGETS: tuple[dict[str, Any], ...] = ({}, {"perturbation": "Jak2"}, {"perturbation": "Tgfbr2", "tissue": "lung"})
DEFAULT = {"perturbation": "Ifngr2"}


# -- the plain model --------------------------------------------------------------------------------------------------


@dataclass
class Plain:
    """One patch."""

    spots: set[int] = field(default_factory=set)
    name: str = "patch"
    color: str = COLOURS[0]
    target: dict[str, Any] = field(default_factory=dict)
    hidden: bool = False
    locked: bool = False


@dataclass
class State:
    """All patches in order, and which is the active one."""

    patches: list[Plain] = field(default_factory=list)
    active: int | None = None

    @property
    def current(self) -> Plain | None:
        return None if self.active is None else self.patches[self.active]


class Model:
    """What a painting should do, written down without masks, keys or differences."""

    def __init__(self) -> None:
        self.now, self.target = State(), dict(DEFAULT)
        self.done: list[tuple[State, State]] = []
        self.undone: list[tuple[State, State]] = []
        self.before: State | None = None
        self.erase = False

    def begin(self, erase: bool = False) -> None:
        self.end()
        self.before, self.erase = deepcopy(self.now), erase

    def extend(self, rows: list[int]) -> bool:
        if self.before is None or (self.now.active is None and (self.erase or not rows)):
            return False
        patch = self.now.current or self.make(Plain(target=dict(self.target)))
        wanted = patch.spots - set(rows) if self.erase else patch.spots | set(rows)
        if patch.locked or wanted == patch.spots:
            return False
        patch.spots = wanted
        return True

    def end(self) -> bool:
        if self.before is None:
            return False
        before, self.before = self.before, None
        if before.patches == self.now.patches:
            return False
        self.done.append((before, deepcopy(self.now)))
        self.undone.clear()
        return True

    def replace(self, rows: list[int]) -> bool:
        self.begin()
        patch = self.now.current or (self.make(Plain(target=dict(self.target))) if rows else None)
        if patch is not None and not patch.locked:
            patch.spots = set(rows)
        return self.end()

    def new(self) -> bool:
        self.begin()
        self.make(Plain(target=dict(self.target)))
        return self.end()

    def add(self, patches: list[Plain], instead: bool) -> bool:
        self.begin()
        if instead and self.now.patches:
            self.now = State()
        for patch in patches:
            self.put(deepcopy(patch))
        return self.end()

    def remove(self, positions: list[int]) -> bool:
        self.begin()
        for patch in [self.now.patches[position] for position in positions]:
            self.drop(patch)
        return self.end()

    def duplicate(self, position: int) -> bool:
        self.begin()
        patch = deepcopy(self.now.patches[position])
        self.put(replace(patch, name=f"{patch.name} copy", color=self.colour(), locked=False))
        return self.end()

    def merge(self, positions: list[int]) -> bool:
        found = [patch for position, patch in enumerate(self.now.patches) if position in positions]
        if len(found) < 2:
            return False
        self.begin()
        found[0].spots = set().union(*(patch.spots for patch in found))
        for patch in found[1:]:
            self.drop(patch)
        self.now.active = self.position(found[0])
        return self.end()

    def perturb_around(self, position: int, rows: list[int]) -> bool:
        self.begin()
        core = self.now.patches[position]
        around = Plain(set(rows), f"around {core.name}", self.colour(), core.target or dict(self.target))
        core.target = {}
        self.now.patches.insert(position, around)
        self.now.active = position + 1
        return self.end()

    def restyle(self, position: int, changes: dict[str, Any]) -> bool:
        self.begin()
        for name, value in changes.items():
            setattr(self.now.patches[position], name, value)
        return self.end()

    def move(self, position: int, to: int) -> bool:
        self.begin()
        current, moved = self.now.current, self.now.patches.pop(position)
        self.now.patches.insert(to, moved)
        self.now.active = None if current is None else self.position(current)
        return self.end_of_move(position, to)

    def end_of_move(self, position: int, to: int) -> bool:
        """End a move; patches that look alike are others all the same."""
        if position == to:
            return self.end()
        assert self.before is not None
        self.done.append((self.before, deepcopy(self.now)))
        self.undone.clear()
        self.before = None
        return True

    def choose(self, position: int) -> None:
        self.end()
        self.now.active = position

    def undo(self) -> bool:
        self.end()
        if not self.done:
            return False
        self.undone.append(self.done.pop())
        self.now = deepcopy(self.undone[-1][0])
        return True

    def redo(self) -> bool:
        self.end()
        if not self.undone:
            return False
        self.done.append(self.undone.pop())
        self.now = deepcopy(self.done[-1][1])
        return True

    def make(self, patch: Plain) -> Plain:
        number = 1
        while f"patch {number}" in [each.name for each in self.now.patches]:
            number += 1
        return self.put(replace(patch, name=f"patch {number}", color=self.colour()))

    def put(self, patch: Plain) -> Plain:
        self.now.patches.append(patch)
        self.now.active = len(self.now.patches) - 1
        return patch

    def drop(self, patch: Plain) -> None:
        current, position = self.now.current, self.position(patch)
        del self.now.patches[position]
        if current is not patch:
            self.now.active = None if current is None else self.position(current)
        else:
            self.now.active = min(position, len(self.now.patches) - 1) if self.now.patches else None

    def position(self, patch: Plain) -> int:
        return next(position for position, each in enumerate(self.now.patches) if each is patch)

    def colour(self) -> str:
        used = [patch.color for patch in self.now.patches]
        fewest = min(used.count(colour) for colour in COLOURS)
        return next(colour for colour in COLOURS if used.count(colour) == fewest)

    def owner(self) -> list[int]:
        """Return the position of the last patch shown at each spot, or -1."""
        owner = [-1] * N
        for position, patch in enumerate(self.now.patches):
            for row in () if patch.hidden else patch.spots:
                owner[row] = position
        return owner


# -- edits ------------------------------------------------------------------------------------------------------------

Edit = tuple[str, list[int], int, int]  # verb, rows, and two numbers that choose among what there is
VERBS = (
    *("begin", "erase", "extend", "extend", "extend", "end", "replace", "new", "add", "instead", "remove"),
    *("duplicate", "merge", "restyle", "move", "perturb_around", "choose", "undo", "redo"),
)
STYLES: tuple[dict[str, Any], ...] = (
    *({"hidden": True}, {"hidden": False}, {"locked": True}, {"locked": False}, {"locked": False}),
    *({"name": "lesion"}, {"color": "#123456", "name": "core"}, {"target": TARGETS[0]}, {"target": TARGETS[1]}, {}),
)
ROWS = st.lists(st.integers(0, N - 1), max_size=6)
EDITS = st.tuples(st.sampled_from(VERBS), ROWS, st.integers(0, 99), st.integers(0, 99))


def loaded(rows: list[int], one: int, other: int) -> list[Plain]:
    """Return none to two patches as a file may have them."""
    first = Plain(set(rows), "of a file", "#abcdef", TARGETS[one % 3], hidden=one % 2 == 0)
    second = Plain(set(rows[1:]), "patch 1", COLOURS[1], TARGETS[other % 3], locked=other % 2 == 0)
    return [first, second][: other % 3]


def as_patch(plain: Plain) -> Patch:
    """Return the same patch as a value."""
    rows = np.array(sorted(plain.spots), dtype=np.int64)
    return Patch(rows, plain.target, plain.name, plain.color, plain.hidden, plain.locked)


def on_one(verb: str, numbers: tuple[list[int], int, int], painting: Painting, model: Model) -> tuple[Any, Any]:
    """Do the same to a patch of the painting and of the model; return what each says."""
    rows, one, other = numbers
    position, to = one % len(painting.keys), other % len(painting.keys)
    key, drawn = painting.keys[position], sorted({position, to})
    keys = [painting.keys[each] for each in drawn]
    changes, around = STYLES[other % len(STYLES)], np.array(rows, dtype=np.int64)
    acts: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "remove": (lambda: painting.remove([*keys, 10_000]), lambda: model.remove(drawn)),
        "duplicate": (lambda: painting.duplicate(key), lambda: model.duplicate(position)),
        "merge": (lambda: painting.merge(keys[::-1]), lambda: model.merge(drawn)),
        "restyle": (lambda: painting.restyle(key, **changes), lambda: model.restyle(position, changes)),
        "move": (lambda: painting.move(key, to), lambda: model.move(position, to)),
        "perturb_around": (lambda: painting.perturb_around(key, around), lambda: model.perturb_around(position, rows)),
        "choose": (lambda: painting.choose(key), lambda: model.choose(position)),
    }
    of_painting, of_model = acts[verb]
    return of_painting(), of_model()


def on_all(verb: str, numbers: tuple[list[int], int, int], painting: Painting, model: Model) -> tuple[Any, Any]:
    """Do the same to the painting and to the model; return what each says."""
    rows, one, other = numbers
    match verb:
        case "begin" | "erase":
            return painting.begin(erase=verb == "erase"), model.begin(erase=verb == "erase")
        case "extend":
            return painting.extend(np.array(rows, dtype=np.int64)), model.extend(rows)
        case "replace":
            return painting.replace(rows), model.replace(rows)
        case "add" | "instead":
            found, instead = loaded(rows, one, other), verb == "instead"
            return painting.add(map(as_patch, found), instead=instead), add_to(model, found, instead)
        case _:
            return getattr(painting, verb)(), getattr(model, verb)()


def add_to(model: Model, found: list[Plain], instead: bool) -> bool:
    """Add patches to the model; those of a file are others than the ones they replace, even where they look alike."""
    before = deepcopy(model.now)
    changed = model.add(found, instead)
    if changed or not (instead and found):
        return changed
    model.done.append((before, deepcopy(model.now)))
    model.undone.clear()
    return True


def do(edit: Edit, painting: Painting, model: Model) -> None:
    """Do the same to the painting and to the model, and compare what they say and what is there."""
    verb, *numbers = edit
    needs_one = verb in ("remove", "duplicate", "merge", "restyle", "move", "perturb_around", "choose")
    if needs_one and not painting.keys:
        return
    said, wanted = (on_one if needs_one else on_all)(verb, tuple(numbers), painting, model)
    assert said == wanted, edit
    assert_same(painting, model)


def values(painting: Painting) -> tuple[list[dict[str, Any]], int | None]:
    """Return all that a painting has, as plain values."""
    active = None if painting.active is None else painting.keys.index(painting.active)
    return [patch.to_json() for patch in painting.patches], active


def assert_same(painting: Painting, model: Model) -> None:
    now = model.now
    assert values(painting) == ([as_patch(plain).to_json() for plain in now.patches], now.active)
    assert painting.in_stroke == (model.before is not None)
    assert painting.rows.tolist() == (sorted(now.current.spots) if now.current else [])
    assert (painting.current is None) == (now.active is None)
    owner = model.owner()
    assert painting.owner.tolist() == [painting.keys[position] if position >= 0 else -1 for position in owner]
    assert painting.painted.tolist() == [row for row, position in enumerate(owner) if position >= 0]
    for position, patch in enumerate(now.patches):
        covered = 0 if patch.hidden else sum(owner[row] != position for row in patch.spots)
        assert painting.covered(painting.keys[position]) == covered


def undo_all_and_redo_all(painting: Painting, model: Model) -> int:
    """Walk the whole history back and forth, compare every step, and return how many there are."""
    painting.end()
    model.end()
    while model.undone:
        assert painting.redo()
        assert model.redo()
    steps, last, keys = 0, values(painting), painting.keys
    while model.done:
        assert painting.undo()
        assert model.undo()
        assert_same(painting, model)
        steps += 1
    assert not painting.undo()
    for _ in range(steps):
        assert painting.redo()
        assert model.redo()
        assert_same(painting, model)
    assert not painting.redo()
    if steps:
        assert values(painting)[0] == last[0]
        assert painting.keys == keys, "a patch that comes back has the key that it had"
    return steps


@settings(max_examples=300)
@given(st.lists(EDITS, max_size=25))
def test_any_edits_do_as_the_plain_model_says_and_can_all_be_undone_and_redone(edits: list[Edit]) -> None:
    painting, model = Painting(N, DEFAULT), Model()
    for edit in edits:
        do(edit, painting, model)
        assert_same(painting, model)
    assert undo_all_and_redo_all(painting, model) == len(model.done)
    assert_same(painting, model)


@pytest.mark.parametrize("seed", range(6))
def test_hundreds_of_mixed_edits_can_be_undone_and_redone(seed: int) -> None:
    draw, painting, model = random.Random(seed), Painting(N, DEFAULT), Model()
    first, counted = values(painting), dict.fromkeys(VERBS, 0)
    while len(model.done) < 200:
        verb = draw.choice(VERBS if len(painting.keys) < 6 else ("remove", "merge"))
        rows = [draw.randrange(N) for _ in range(draw.randrange(7))]
        do((verb, rows, draw.randrange(100), draw.randrange(100)), painting, model)
        counted[verb] += 1
    assert min(counted.values()) >= 5
    assert undo_all_and_redo_all(painting, model) >= 200
    while painting.undo():
        pass
    assert values(painting) == first


# -- strokes ----------------------------------------------------------------------------------------------------------


def stroke(painting: Painting, erase: bool, *parts: list[int]) -> bool:
    painting.begin(erase)
    for rows in parts:
        painting.extend(np.array(rows, dtype=np.int64))
    return painting.end()


def test_a_stroke_is_one_edit_however_often_it_is_extended() -> None:
    painting = Painting(N)
    assert stroke(painting, False, [1], [2, 3], [3], [4])
    assert painting.undo()
    assert painting.rows.size == 0
    assert painting.keys == (), "the patch that the stroke made is gone with it"
    assert not painting.undo()


def test_extending_reports_changes_only() -> None:
    painting = Painting(N)
    painting.begin(erase=False)
    assert painting.extend(np.array([1, 2]))
    assert not painting.extend(np.array([2]))
    assert not painting.extend(np.array([], dtype=np.int64))
    assert painting.end()
    assert not painting.end()


def test_nothing_is_painted_outside_of_a_stroke() -> None:
    painting = Painting(N)
    assert not painting.extend(np.array([1]))
    assert painting.rows.size == 0
    assert painting.keys == ()


def test_undo_in_the_middle_of_a_stroke_takes_that_stroke_back() -> None:
    painting = Painting(N)
    stroke(painting, False, [0])
    painting.begin(erase=False)
    painting.extend(np.array([5]))
    assert painting.undo()
    assert painting.rows.tolist() == [0]


def test_replace_is_one_edit_and_tells_whether_it_changed_anything() -> None:
    painting = Painting(N)
    assert painting.replace([3, 1])
    assert painting.rows.tolist() == [1, 3]
    assert not painting.replace([1, 3])
    assert painting.replace([])
    assert painting.undo()
    assert painting.rows.tolist() == [1, 3]


def test_erasing_makes_no_patch_and_nor_does_a_stroke_beside_all_spots() -> None:
    painting = Painting(N)
    assert not stroke(painting, True, [1, 2])
    assert not stroke(painting, False, [])
    assert not painting.replace([])
    assert painting.keys == ()


def test_a_patch_handed_out_stays_as_it_was() -> None:
    painting = Painting(N)
    stroke(painting, False, [1])
    before = painting.patches[0]
    painting.begin()
    painting.extend(np.array([2]))
    during = painting.patches[0]
    painting.extend(np.array([3]))
    painting.end()
    assert (before.spots.tolist(), during.spots.tolist()) == ([1], [1, 2])
    assert painting.rows.tolist() == [1, 2, 3]


# -- the list ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def three() -> Painting:
    """Return a painting with patches that overlap: 0-3, 2-5, 5-6; the last is the active one."""
    painting = Painting(N, DEFAULT)
    for rows in ([0, 1, 2, 3], [2, 3, 4, 5], [5, 6]):
        painting.new()
        painting.replace(rows)
    return painting


def test_the_later_patch_owns_what_it_shares_unless_it_is_hidden(three: Painting) -> None:
    a, b, c = three.keys
    assert three.owner.tolist() == [a, a, b, b, b, c, c, -1, -1, -1, -1, -1]
    assert [three.covered(key) for key in three.keys] == [2, 1, 0]
    three.restyle(b, hidden=True)
    assert three.owner.tolist() == [a, a, a, a, -1, c, c, -1, -1, -1, -1, -1]
    assert three.painted.tolist() == [0, 1, 2, 3, 5, 6]
    assert [three.covered(key) for key in three.keys] == [0, 0, 0]
    three.restyle(b, hidden=False)
    three.move(a, 2)
    assert three.owner.tolist() == [a, a, a, a, b, c, c, -1, -1, -1, -1, -1]


@pytest.mark.parametrize(
    "edit", [lambda p: stroke(p, False, [9]), lambda p: stroke(p, True, [5]), lambda p: p.replace([1])]
)
def test_spots_of_a_locked_patch_stay_and_those_of_others_do_not(three: Painting, edit: Callable) -> None:
    a, _, c = three.keys
    three.restyle(c, locked=True)
    assert not edit(three)
    assert three.rows.tolist() == [5, 6]
    three.choose(a)
    edit(three)
    assert three.patch(c).spots.tolist() == [5, 6]
    three.restyle(c, locked=False)
    three.choose(c)
    assert edit(three)


def test_undo_goes_back_even_over_a_locked_patch(three: Painting) -> None:
    three.restyle(three.keys[2], locked=True)
    assert three.undo()
    assert three.undo()
    assert three.rows.size == 0
    assert three.redo()
    assert three.redo()
    assert three.current.locked


def test_a_new_patch_has_a_name_and_colour_of_its_own_and_the_target_of_the_moment(three: Painting) -> None:
    assert [patch.name for patch in three.patches] == ["patch 1", "patch 2", "patch 3"]
    assert [patch.color for patch in three.patches] == list(COLOURS[:3])
    three.remove([three.keys[1]])
    three.target = {"perturbation": "Jak2"}
    three.new()
    assert three.current.to_json() == Patch([], three.target, "patch 2", COLOURS[1]).to_json()
    assert three.patches[0].target == DEFAULT


def test_a_patch_keeps_its_key_and_a_key_is_never_given_again(three: Painting) -> None:
    a, b, c = three.keys
    three.remove([c])
    three.new()
    (d,) = set(three.keys) - {a, b}
    assert d not in (a, b, c)
    three.undo()
    three.undo()
    assert three.keys == (a, b, c)
    three.new()
    assert len({*three.keys, d}) == 5


@pytest.mark.parametrize(("removed", "active"), [((2,), 1), ((0,), 2), ((0, 1, 2), None)])
def test_without_the_active_patch_a_neighbour_is_active(
    three: Painting, removed: tuple[int, ...], active: int | None
) -> None:
    keys = three.keys
    assert three.remove([keys[position] for position in removed])
    assert three.active == (None if active is None else keys[active])
    assert not three.remove([10_000])


def test_a_copy_is_unlocked_and_on_top(three: Painting) -> None:
    a = three.keys[0]
    three.restyle(a, locked=True, target=TARGETS[1])
    three.duplicate(a)
    copy = three.patches[-1]
    assert three.active == three.keys[-1]
    assert copy.to_json() == Patch([0, 1, 2, 3], TARGETS[1], "patch 1 copy", COLOURS[3]).to_json()


def test_merging_takes_the_first_s_style_and_all_spots(three: Painting) -> None:
    a, b, c = three.keys
    assert not three.merge([b])
    assert not three.merge([b, 10_000])
    assert three.merge([c, a])
    assert three.keys == (a, b)
    assert three.active == a
    assert three.current.to_json() == Patch([0, 1, 2, 3, 5, 6], DEFAULT, "patch 1", COLOURS[0]).to_json()


def test_perturbing_around_a_core_leaves_the_core_as_observed(three: Painting) -> None:
    a, b, c = three.keys
    three.restyle(b, target=TARGETS[1])
    assert three.perturb_around(b, np.array([1, 6, 7]))
    assert three.active == b
    around = three.patches[1]
    assert three.keys == (a, three.keys[1], b, c)
    assert around.to_json() == Patch([1, 6, 7], TARGETS[1], "around patch 2", COLOURS[3]).to_json()
    assert three.current.target == {}
    three.perturb_around(b, np.array([8]))
    assert three.patches[2].target == DEFAULT, "a core without a target: its surroundings become what is chosen"


@pytest.mark.parametrize("verb", ["patch", "choose", "duplicate", "restyle", "move", "perturb_around"])
def test_a_patch_that_is_not_there_is_refused_and_changes_nothing(three: Painting, verb: str) -> None:
    before = values(three)
    more = {"move": (0,), "perturb_around": (np.array([1]),)}.get(verb, ())
    with pytest.raises(ConcertError, match=r"There is no patch 99 any more; choose one of the list\."):
        getattr(three, verb)(99, *more)
    assert values(three) == before
    assert not three.in_stroke


def test_choosing_is_no_edit_and_ends_a_stroke(three: Painting) -> None:
    a, _, c = three.keys
    three.begin()
    three.extend(np.array([9]))
    three.choose(a)
    assert not three.extend(np.array([10]))
    assert three.active == a
    three.undo()
    assert three.active == c, "where the edit was made"
    assert three.rows.tolist() == [5, 6]


def test_reading_otherwise_gives_all_a_new_target_and_keeps_all_edits(three: Painting) -> None:
    a, *_ = three.keys
    three.restyle(a, target=TARGETS[1])
    three.restyle(a, name="core")
    three.undo()
    three.retarget(TARGETS[2])
    assert [patch.target for patch in three.patches] == [TARGETS[2]] * 3
    assert three.target == TARGETS[2]
    three.redo()
    assert three.patches[0].name == "core"
    steps = 0
    while three.undo():
        assert all(patch.target == TARGETS[2] for patch in three.patches)
        steps += 1
    assert (steps, three.keys) == (7, ()), "all but the edit that was about a target alone"


def test_the_list_can_be_put_in_place_of_another_as_one_edit(three: Painting) -> None:
    keys, before = three.keys, values(three)
    assert three.add([Patch([8], TARGETS[1], "other")], instead=True)
    assert [patch.name for patch in three.patches] == ["other"]
    assert three.undo()
    assert (three.keys, values(three)) == (keys, before)
