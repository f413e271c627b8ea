"""What one edit did to the patches of a slide, stored as differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from napari_concert.patches import DEFAULT_COLOR, Patch, Target
from napari_concert.session.history import Difference, History

Mask = npt.NDArray[np.bool_]

# told apart with any kind of colour vision (Okabe and Ito 2008)
COLOURS = (DEFAULT_COLOR, "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#f0e442")


@dataclass(frozen=True)
class Style:
    """All of a patch but its spots; the fields are those of :class:`Patch`."""

    name: str = "patch"
    color: str = DEFAULT_COLOR
    target: Target = field(default_factory=dict)
    hidden: bool = False
    locked: bool = False

    @classmethod
    def of(cls, patch: Patch) -> Style:
        """Return the style of a patch."""
        return cls(patch.name, patch.color, dict(patch.target), patch.hidden, patch.locked)


@dataclass(frozen=True)
class Snapshot:
    """Patches at one moment: keys in order, the active key, styles, and masks that nobody changes."""

    order: tuple[int, ...]
    active: int | None
    styles: Mapping[int, Style]
    masks: Mapping[int, Mask]


@dataclass(frozen=True, eq=False)
class Change:
    """What an edit did, before and after: the order, the active patch, styles (None: no such patch), spots."""

    order: tuple[tuple[int, ...], tuple[int, ...]]
    active: tuple[int | None, int | None]
    styles: Mapping[int, tuple[Style | None, Style | None]]
    spots: Mapping[int, Difference]

    @classmethod
    def between(cls, before: Snapshot, after: Snapshot) -> Change:
        """Return the change from one moment to another."""
        keys = sorted(before.styles.keys() | after.styles.keys())
        styles = {key: (before.styles.get(key), after.styles.get(key)) for key in keys}
        spots = {key: _difference(before.masks.get(key), after.masks.get(key)) for key in keys}
        return cls(
            (before.order, after.order),
            (before.active, after.active),
            {key: pair for key, pair in styles.items() if pair[0] != pair[1]},
            {key: found for key, found in spots.items() if not found.is_empty},
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was done; to choose another patch is nothing."""
        return not (self.styles or self.spots) and self.order[0] == self.order[1]

    @property
    def inverse(self) -> Change:
        """The change that takes this one back."""
        return Change(
            self.order[::-1],
            self.active[::-1],
            {key: pair[::-1] for key, pair in self.styles.items()},
            {key: found.inverse for key, found in self.spots.items()},
        )

    def retargeted(self, target: Target) -> Change:
        """Return the change as it would have been if all patches had always become ``target``."""

        def of(style: Style | None) -> Style | None:
            return None if style is None else replace(style, target=dict(target))

        pairs = {key: (of(before), of(after)) for key, (before, after) in self.styles.items()}
        return replace(self, styles={key: pair for key, pair in pairs.items() if pair[0] != pair[1]})


class Edits(History[Change]):
    """The undo history of a painting."""

    def retarget(self, target: Target) -> None:
        """Let all patches of all edits become something else; edits that were about nothing but that are forgotten."""
        for edits in (self._done, self._undone):
            changed = [edit.retargeted(target) for edit in edits]
            edits.clear()
            edits.extend(edit for edit in changed if not edit.is_empty)


def _difference(before: Mask | None, after: Mask | None) -> Difference:
    if before is after:
        none = np.zeros(0, np.int64)
        return Difference(none, none)
    blank = np.zeros_like(before if before is not None else after)
    return Difference.between(blank if before is None else before, blank if after is None else after)


def mask_of(rows: npt.ArrayLike, n_spots: int) -> Mask:
    """Return a mask (n_spots,) of some rows."""
    mask = np.zeros(n_spots, dtype=bool)
    mask[np.asarray(rows, dtype=np.int64)] = True
    return mask


def next_name(styles: Iterable[Style]) -> str:
    """Return the first of "patch 1", "patch 2" … that no patch has."""
    taken = {style.name for style in styles}
    return next(name for i in range(1, len(taken) + 2) if (name := f"patch {i}") not in taken)


def next_colour(styles: Iterable[Style]) -> str:
    """Return the first of the colours that the fewest patches have."""
    used = [style.color for style in styles]
    return min(COLOURS, key=lambda colour: (used.count(colour), COLOURS.index(colour)))
