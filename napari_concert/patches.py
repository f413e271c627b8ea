"""Painted spots and what they become: pure values.

A :class:`Patch` is a set of spots and the state they take in a what-if; a :class:`WhatIf` is an ordered list of
patches, where a later patch wins on the spots it shares with an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError

Rows: TypeAlias = npt.NDArray[np.int64]
Target: TypeAlias = Mapping[str, str | float]

DEFAULT_COLOR = "#e69f00"


def as_rows(spots: npt.ArrayLike) -> Rows:
    """Give spots as sorted unique 0-based row numbers.

    Parameters
    ----------
    spots
        Row numbers in any order, or a boolean mask with one entry per spot.

    Raises
    ------
    ConcertError
        If the rows are negative, not whole numbers or not one-dimensional.
    """
    values = np.asarray(spots)
    if values.ndim != 1:
        raise ConcertError(f"A patch needs a flat list of spot rows, not an array of shape {values.shape}.")
    if values.dtype == bool:
        return np.flatnonzero(values).astype(np.int64)
    if values.size and not _are_whole(values):
        raise ConcertError(f"Spot rows must be whole numbers; got {values[:3].tolist()} … Give 0-based rows or a mask.")
    rows = values.astype(np.int64)
    if (rows[1:] <= rows[:-1]).any():  # most come sorted, and sorting many takes long
        rows = np.unique(rows)
    if rows.size and rows[0] < 0:
        raise ConcertError(f"Spot rows start at 0; got {int(rows[0])}. Give 0-based rows of the file.")
    return rows


def _are_whole(values: npt.NDArray[Any]) -> bool:
    if np.issubdtype(values.dtype, np.integer):
        return True
    if not np.issubdtype(values.dtype, np.floating):
        return False
    return bool(np.isfinite(values).all() and np.array_equal(values, np.floor(values)))


def _frozen(rows: Rows) -> Rows:
    rows.setflags(write=False)
    return rows


@dataclass(frozen=True, eq=False)
class Patch:
    """Spots that take another state in a what-if.

    Attributes
    ----------
    spots
        Sorted unique int64 0-based rows of the file (a mask or unsorted rows are accepted and converted).
    target
        What the spots become: attribute ("perturbation", "tissue", or a continuous column) → value.
    name, color
        How the patch is called and drawn.
    hidden, locked
        Whether it is left out of picture and what-if, and whether its spots are kept as they are.

    Raises
    ------
    ConcertError
        If the rows are not whole non-negative numbers.
    """

    spots: Rows
    target: Target = field(default_factory=dict)
    name: str = "patch"
    color: str = DEFAULT_COLOR
    hidden: bool = False
    locked: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "spots", _frozen(as_rows(self.spots)))
        object.__setattr__(self, "target", MappingProxyType(dict(self.target)))

    def __len__(self) -> int:
        return len(self.spots)

    @property
    def changes_nothing(self) -> bool:
        """Whether the patch has no spots or no target, so that it leaves the slide as observed."""
        return not (len(self.spots) and self.target)

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values; ``spots`` are 0-based rows."""
        said = {"hidden": self.hidden, "locked": self.locked}
        return {
            "name": self.name,
            "color": self.color,
            "target": dict(self.target),
            **{name: True for name, value in said.items() if value},
            "spots": self.spots.tolist(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Patch:
        """Rebuild a patch from :meth:`to_json`.

        Raises
        ------
        ConcertError
            If ``spots`` is missing or malformed.
        """
        try:
            spots, target = np.asarray(values["spots"]), dict(values.get("target", {}))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ConcertError(f"This is not a saved patch ({error!r}); save it again from the app.") from error
        name, color = str(values.get("name", "patch")), str(values.get("color", DEFAULT_COLOR))
        return cls(spots, target, name, color, bool(values.get("hidden")), bool(values.get("locked")))


PatchLike: TypeAlias = Patch | tuple[npt.ArrayLike, Target]


@dataclass(frozen=True, eq=False, init=False)
class WhatIf:
    """An intervention: patches and what their spots become; all else is held as observed.

    >>> WhatIf(([3, 4], {"perturbation": "Jak2"})).rows.tolist()
    [3, 4]

    Parameters
    ----------
    *patches
        Patches, or ``(spots, target)`` pairs. Where patches overlap, the later one wins.
    """

    patches: tuple[Patch, ...]

    def __init__(self, *patches: PatchLike) -> None:
        made = tuple(p if isinstance(p, Patch) else Patch(np.asarray(p[0]), p[1]) for p in patches)
        object.__setattr__(self, "patches", made)

    @cached_property
    def rows(self) -> Rows:
        """All spots of all patches, sorted and unique, int64."""
        if not self.patches:
            return np.zeros(0, np.int64)
        return _frozen(np.unique(np.concatenate([patch.spots for patch in self.patches])))

    @property
    def is_empty(self) -> bool:
        """Whether no patch changes anything."""
        return all(patch.changes_nothing for patch in self.patches)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute that some patch sets, in the order first met."""
        return tuple(dict.fromkeys(name for patch in self.patches for name in patch.target))

    def target_of(self, n_spots: int, attribute: str) -> npt.NDArray[np.object_]:
        """Give what each spot's attribute becomes.

        Returns
        -------
        (n_spots,) object array
            The target value, or None where the attribute stays as observed.

        Raises
        ------
        ConcertError
            If a patch has a row beyond ``n_spots``.
        """
        self.check(n_spots)
        values = np.full(n_spots, None, dtype=object)
        for patch in self.patches:
            if attribute in patch.target:
                values[patch.spots] = patch.target[attribute]
        return values

    def check(self, n_spots: int) -> None:
        """Check that every patch fits a slide of ``n_spots`` spots.

        Raises
        ------
        ConcertError
            If a row is out of range.
        """
        rows = self.rows
        if rows.size and rows[-1] >= n_spots:
            raise ConcertError(
                f"The patch names row {int(rows[-1])}, but the slide has {n_spots} spots (rows 0 to {n_spots - 1}). "
                "Check that the patch was painted on this slide."
            )

    def to_json(self) -> list[dict[str, Any]]:
        """Give plain JSON values, one dictionary per patch."""
        return [patch.to_json() for patch in self.patches]

    @classmethod
    def from_json(cls, values: Iterable[Mapping[str, Any]]) -> WhatIf:
        """Rebuild a what-if from :meth:`to_json`."""
        return cls(*(Patch.from_json(value) for value in values))
