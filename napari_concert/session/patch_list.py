"""Verbs on the list of patches: new, choose, copy, merge, remove, restyle, reorder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_concert.patches import Patch
from napari_concert.session.strokes import Strokes


class PatchList(Strokes):
    """Verbs on the list of patches; each is one edit that can be undone, but for choosing."""

    @property
    def patches(self) -> tuple[Patch, ...]:
        """Patches of the current slide in order; where they overlap the later one wins."""
        return self.current.painting.patches if self.current is not None else ()

    def new_patch(self) -> None:
        """Add an empty patch, which strokes edit from now on; it becomes what the one before becomes."""
        painting = self._settled()
        painting.target = dict(self.target)
        painting.new()
        self._show_edit()

    def choose_patch(self, key: int) -> None:
        """Make a patch the one that strokes edit and tables read.

        Raises
        ------
        ConcertError
            If there is no such patch.
        """
        self._settled().choose(key)
        self._show_edit()

    def duplicate_patch(self, key: int) -> None:
        """Copy a patch, on top of the list.

        Raises
        ------
        ConcertError
            If there is no such patch.
        """
        self._settled().duplicate(key)
        self._show_edit()

    def merge_patches(self, keys: Sequence[int]) -> None:
        """Give the first of some patches the spots of all; the others go."""
        if not self._is_locked(*keys):
            self._move(self._settled().merge(keys), "Select two patches or more of the list to merge them.")

    def remove_patches(self, keys: Sequence[int]) -> None:
        """Remove patches from the list."""
        self._move(self._settled().remove(keys), "Select a patch of the list to delete it.")

    def restyle_patch(self, key: int, **changes: Any) -> None:
        """Change ``name``, ``color``, ``hidden`` or ``locked`` of a patch.

        Raises
        ------
        ConcertError
            If there is no such patch.
        """
        if self._settled().restyle(key, **changes):
            self._show_edit()

    def move_patch(self, key: int, to: int) -> None:
        """Move a patch to a position of the list: the later of two wins where they overlap.

        Raises
        ------
        ConcertError
            If there is no such patch.
        """
        if self._settled().move(key, to):
            self._show_edit()
