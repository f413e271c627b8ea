"""Undo and redo: what differs between two moments, and a bounded list of such edits."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from napari_concert.patches import Rows


@dataclass(frozen=True, eq=False)
class Difference:
    """What one edit did to the painted spots: rows added and rows removed (disjoint, sorted, unique)."""

    added: Rows
    removed: Rows

    @classmethod
    def between(cls, before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]) -> Difference:
        """Give the difference between two masks of shape (n_spots,)."""
        return cls(np.flatnonzero(after & ~before), np.flatnonzero(before & ~after))

    @property
    def is_empty(self) -> bool:
        """Whether the edit changed nothing."""
        return not (self.added.size or self.removed.size)

    @property
    def inverse(self) -> Difference:
        """The edit that takes this one back."""
        return Difference(self.removed, self.added)

    def apply(self, mask: npt.NDArray[np.bool_]) -> None:
        """Carry the edit out on a mask of shape (n_spots,), in place."""
        mask[self.added] = True
        mask[self.removed] = False


class Edit(Protocol):
    """Something that was done and can be taken back."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was done."""

    @property
    def inverse(self) -> Self:
        """The edit that takes this one back."""


E = TypeVar("E", bound=Edit)


class History(Generic[E]):
    """A bounded undo and redo list of edits.

    Parameters
    ----------
    limit
        How many edits can be undone; the oldest is forgotten first.
    """

    def __init__(self, limit: int = 500) -> None:
        self._done: deque[E] = deque(maxlen=limit)
        self._undone: list[E] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone edit to carry out again."""
        return bool(self._undone)

    def push(self, edit: E) -> None:
        """Record an edit just made; an edit that changed nothing is not recorded and keeps the redo list."""
        if edit.is_empty:
            return
        self._done.append(edit)
        self._undone.clear()

    def undo(self) -> E | None:
        """Give the edit to apply to take the last one back, or None."""
        if not self._done:
            return None
        edit = self._done.pop()
        self._undone.append(edit)
        return edit.inverse

    def redo(self) -> E | None:
        """Give the edit to apply to carry the last undone one out again, or None."""
        if not self._undone:
            return None
        edit = self._undone.pop()
        self._done.append(edit)
        return edit
