"""The patches of one slide and their undo history; a stroke is one edit, and so is anything done to the list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError
from napari_concert.patches import Patch, Rows, Target
from napari_concert.session.edits import Change, Edits, Mask, Snapshot, Style, mask_of, next_colour, next_name


class Painting:
    """Patches in order, one of which strokes edit.

    Where patches overlap the later one wins. A patch is called by its key, which it keeps.

    Parameters
    ----------
    n_spots
        Spots of the slide.

    Attributes
    ----------
    active
        Key of the patch that strokes edit; None where there is no patch: the first stroke makes one.
    target
        What the next new patch becomes.
    """

    def __init__(self, n_spots: int, target: Target | None = None) -> None:
        self.n_spots, self.target = n_spots, dict(target or {})
        self.active: int | None = None
        self.history = Edits()
        self._order: list[int] = []
        self._styles: dict[int, Style] = {}
        self._masks: dict[int, Mask] = {}
        self._made: dict[int, Patch] = {}  # patches as values, until they change
        self._last = 0
        self._before: Snapshot | None = None
        self._erase = False
        self._fresh: set[int] = set()  # masks that this edit may write into

    # -- what is there ------------------------------------------------------------------------------------------------

    @property
    def keys(self) -> tuple[int, ...]:
        """Keys of the patches in order."""
        return tuple(self._order)

    @property
    def patches(self) -> tuple[Patch, ...]:
        """Patches in order."""
        return tuple(self.patch(key) for key in self._order)

    def patch(self, key: int) -> Patch:
        """Return a patch.

        Raises
        ------
        ConcertError
            If there is none with this key.
        """
        if key not in self._styles:
            raise ConcertError(f"There is no patch {key} any more; choose one of the list.")
        if key not in self._made:
            self._made[key] = Patch(np.flatnonzero(self._masks[key]), **vars(self._styles[key]))
        return self._made[key]

    @property
    def current(self) -> Patch | None:
        """The active patch."""
        return None if self.active is None else self.patch(self.active)

    @property
    def rows(self) -> Rows:
        """Spots of the active patch: sorted 0-based rows."""
        return np.zeros(0, np.int64) if self.current is None else self.current.spots

    @property
    def painted(self) -> Rows:
        """Spots of all patches that are not hidden: sorted 0-based rows."""
        return np.flatnonzero(self.owner >= 0)

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """Key (n_spots,) of the patch that each spot belongs to, the last of those not hidden; -1 where none."""
        owner = np.full(self.n_spots, -1, np.int64)
        for key in self._order:
            if not self._styles[key].hidden:
                owner[self._masks[key]] = key
        return owner

    def covered(self, key: int) -> int:
        """Return how many spots of a patch belong to a later one that is not hidden."""
        return 0 if self._styles[key].hidden else int((self.owner[self._masks[key]] != key).sum())

    # -- edits --------------------------------------------------------------------------------------------------------

    @property
    def in_stroke(self) -> bool:
        """Whether a stroke is under way."""
        return self._before is not None

    def begin(self, erase: bool = False) -> None:
        """Begin a stroke on the active patch; one that is still under way ends first."""
        self.end()
        self._before, self._erase = self._snapshot(), erase

    def extend(self, rows: npt.NDArray[np.int64]) -> bool:
        """Paint or erase spots as part of the stroke, if one is under way; return whether any changed."""
        wanted = not self._erase
        if not self.in_stroke or (self.active is None and not (wanted and len(rows))):
            return False
        key = self.active if self.active is not None else self._make(Style(target=dict(self.target)))
        if self._styles[key].locked or not (self._masks[key][rows] != wanted).any():
            return False
        self._writable(key)[rows] = wanted
        return True

    def end(self) -> bool:
        """End the stroke and record it as one edit; return whether it changed anything."""
        if self._before is None:
            return False
        change = Change.between(self._before, self._snapshot())
        self._before = None
        self._fresh.clear()
        self.history.push(change)
        return not change.is_empty

    def replace(self, rows: npt.ArrayLike) -> bool:
        """Let the active patch have exactly ``rows``, as one edit; return whether anything changed."""
        wanted = mask_of(rows, self.n_spots)
        self.begin()
        if self.active is None and wanted.any():
            self._make(Style(target=dict(self.target)))
        if self.active is not None and not self._styles[self.active].locked:
            self._writable(self.active)[:] = wanted
        return self.end()

    def add(self, patches: Iterable[Patch], *, instead: bool = False) -> bool:
        """Add patches, or let them be the list ``instead``, as one edit; the last becomes the active one."""
        self.begin()
        for key in self.keys if instead else ():
            self._drop(key)
        for patch in patches:
            self._make(Style.of(patch), spots=patch.spots, named=True)
        return self.end()

    def new(self) -> bool:
        """Add an empty patch, as one edit; it becomes the active one."""
        self.begin()
        self._make(Style(target=dict(self.target)))
        return self.end()

    def remove(self, keys: Iterable[int]) -> bool:
        """Remove patches, as one edit."""
        self.begin()
        for key in keys:
            if key in self._styles:
                self._drop(key)
        return self.end()

    def duplicate(self, key: int) -> bool:
        """Put a copy of a patch on top of the list, as one edit; it becomes the active one."""
        patch = self.patch(key)
        self.begin()
        self._make(
            replace(Style.of(patch), name=f"{patch.name} copy", color=next_colour(self._styles.values()), locked=False),
            spots=patch.spots,
            named=True,
        )
        return self.end()

    def merge(self, keys: Iterable[int]) -> bool:
        """Give the first of some patches (by order) the spots of all, and remove the others, as one edit."""
        wanted = set(keys)
        found = [key for key in self._order if key in wanted]
        if len(found) < 2:
            return False
        self.begin()
        first = found[0]
        self._writable(first)[:] = np.logical_or.reduce([self._masks[key] for key in found])
        for key in found[1:]:
            self._drop(key)
        self.active = first
        return self.end()

    def perturb_around(self, key: int, rows: Rows) -> bool:
        """Give a patch's target to a new patch of some rows beneath it, and leave itself as observed, as one edit."""
        patch = self.patch(key)
        self.begin()
        name, color = f"around {patch.name}", next_colour(self._styles.values())
        made = self._make(Style(name, color, patch.target or self.target), spots=rows, named=True)
        self._set_style(key, replace(self._styles[key], target={}))
        self._order.remove(made)
        self._order.insert(self._order.index(key), made)
        self.active = key
        return self.end()

    def restyle(self, key: int, **changes: Any) -> bool:
        """Change name, color, target, hidden or locked of a patch, as one edit; return whether anything changed."""
        self.patch(key)
        self.begin()
        self._set_style(key, replace(self._styles[key], **changes))
        return self.end()

    def retarget(self, target: Target) -> None:
        """Let all patches, and the next new one, become something else: the slide is read otherwise. No edit."""
        self.end()
        self.target = dict(target)
        for key in self._order:
            self._set_style(key, replace(self._styles[key], target=dict(target)))
        self.history.retarget(target)

    def move(self, key: int, to: int) -> bool:
        """Move a patch to another position of the list, as one edit."""
        self.patch(key)
        self.begin()
        self._order.remove(key)
        self._order.insert(to, key)
        return self.end()

    def choose(self, key: int) -> None:
        """Make a patch the active one; choosing is no edit."""
        self.patch(key)
        self.end()
        self.active = key

    def undo(self) -> bool:
        """Take the last edit back; return whether there was one."""
        self.end()
        return self._apply(self.history.undo())

    def redo(self) -> bool:
        """Carry the last undone edit out again; return whether there was one."""
        self.end()
        return self._apply(self.history.redo())

    # -- inside -------------------------------------------------------------------------------------------------------

    def _apply(self, change: Change | None) -> bool:
        if change is None:
            return False
        for key, (_, style) in change.styles.items():
            self._made.pop(key, None)
            if style is None:
                self._styles.pop(key)
            else:
                self._styles[key] = style
                self._masks.setdefault(key, mask_of((), self.n_spots))
        for key, difference in change.spots.items():
            mask = self._masks[key].copy()
            difference.apply(mask)
            self._masks[key] = mask
            self._made.pop(key, None)
        for key in self._masks.keys() - self._styles.keys():
            del self._masks[key]
        self._order, self.active = list(change.order[1]), change.active[1]
        return True

    def _snapshot(self) -> Snapshot:
        self._fresh.clear()
        return Snapshot(tuple(self._order), self.active, dict(self._styles), dict(self._masks))

    def _writable(self, key: int) -> Mask:
        """Return the mask of a patch to write into: a copy, as the history may hold the other."""
        self._made.pop(key, None)
        if key not in self._fresh:
            self._masks[key] = self._masks[key].copy()
            self._fresh.add(key)
        return self._masks[key]

    def _make(self, style: Style, spots: npt.ArrayLike = (), *, named: bool = False) -> int:
        """Make a patch on top of the list and the active one."""
        self._last += 1
        if not named:
            style = replace(style, name=next_name(self._styles.values()), color=next_colour(self._styles.values()))
        self._styles[self._last], self._masks[self._last] = style, mask_of(spots, self.n_spots)
        self._fresh.add(self._last)
        self._order.append(self._last)
        self.active = self._last
        return self._last

    def _drop(self, key: int) -> None:
        position = self._order.index(key)
        self._order.remove(key)
        del self._styles[key], self._masks[key]
        self._made.pop(key, None)
        if self.active == key:
            self.active = self._order[min(position, len(self._order) - 1)] if self._order else None

    def _set_style(self, key: int, style: Style) -> None:
        self._styles[key] = style
        self._made.pop(key, None)
