"""What was done on a slide, as plain values that go to disk and come back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from napari_concert.errors import ConcertError
from napari_concert.patches import Patch
from napari_concert.prediction import GeneSet
from napari_concert.session.shown import Colour
from napari_concert.session.workspace import Kept, Workspace
from napari_concert.slide import Columns, Slide, Stack

FORMAT = 2


@dataclass(frozen=True)
class Work:
    """What was done on a slide, as plain values.

    Attributes
    ----------
    columns, um_per_unit, registered, stack
        How the slide was read; ``um_per_unit`` only where the user set it.
    patches, active
        Patches in order, and the position of the one that strokes edit (-1 where there is none).
    target, colour
        What the next new patch becomes, and what colours the spots.
    labelled
        Columns that the user painted: name → labels.
    kept
        What-ifs to compare.
    gene_sets
        Sets that are scored; they have a file of their own, as there may be thousands.
    """

    columns: Columns
    um_per_unit: float | None = None
    registered: bool = False
    stack: Stack | None = None
    patches: tuple[Patch, ...] = ()
    active: int = -1
    target: dict[str, str | float] = field(default_factory=dict)
    colour: Colour | None = None
    labelled: dict[str, list[str | None]] = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()
    gene_sets: tuple[GeneSet, ...] = ()

    @classmethod
    def of(cls, workspace: Workspace, gene_sets: Iterable[GeneSet] = ()) -> Work:
        """Return the work of an open slide."""
        slide, painting = workspace.slide, workspace.painting
        return cls(
            columns=slide.columns,
            um_per_unit=slide.units.um_per_unit if slide.units.is_chosen else None,
            registered=slide.registered,
            stack=slide.stack,
            patches=painting.patches,
            active=-1 if painting.active is None else painting.keys.index(painting.active),
            target=dict(painting.target),
            colour=workspace.colour,
            labelled={name: slide.labels(name).tolist() for name in workspace.labelled},
            kept=tuple(workspace.kept),
            gene_sets=tuple(gene_sets),
        )

    def label(self, slide: Slide) -> Slide:
        """Return ``slide`` with the columns that the user painted."""
        for name, labels in self.labelled.items():
            slide = slide.with_labels(name, np.array(labels, dtype=object))
        return slide

    def read(self, slide: Slide, told: frozenset[str]) -> Slide:
        """Return ``slide`` read as it was when the work was kept, but for what the user ``told`` now.

        Raises
        ------
        UnknownName
            If a column is there no more.
        """
        if "columns" not in told:
            slide = slide.with_columns(self.columns)
        if self.stack is not None and slide.columns.section == self.columns.section:
            slide = slide.with_stack(self.stack)
        aligned_since = slide.stack is not None and self.stack is None  # a copy of the file that was registered later
        if "registered" not in told and not aligned_since:
            slide = slide.with_registered(self.registered)
        if "um_per_unit" not in told and self.um_per_unit is not None:
            slide = slide.with_um_per_unit(self.um_per_unit)
        return slide

    def apply(self, workspace: Workspace) -> None:
        """Give a fresh workspace its patches, target and colour back; that can be undone."""
        workspace.labelled = list(self.labelled)
        painting, same = workspace.painting, workspace.slide.columns == self.columns
        inside = [
            replace(
                patch,
                spots=patch.spots[patch.spots < workspace.slide.n_spots],
                target=patch.target if same else painting.target,
            )
            for patch in self.patches
        ]
        if inside:
            painting.add(inside)
            painting.choose(painting.keys[self.active])
        if same:
            painting.target = dict(self.target)
            workspace.kept = list(self.kept)
        sets = {each.name for each in self.gene_sets}
        if self.colour is not None and self.colour.is_on(workspace.slide, sets):
            workspace.colour = self.colour

    def to_json(self) -> dict[str, Any]:
        """Return the work as JSON values."""
        return {
            "format": FORMAT,
            "columns": asdict(self.columns),
            "um_per_unit": self.um_per_unit,
            "registered": self.registered,
            "stack": None if self.stack is None else self.stack.to_json(),
            "patches": [patch.to_json() for patch in self.patches],
            "active": self.active,
            "target": self.target,
            "colour": asdict(self.colour) if self.colour is not None else None,
            "labelled": self.labelled,
            "kept": [{"name": kept.name, "patches": [p.to_json() for p in kept.patches]} for kept in self.kept],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Work:
        """Return the work that :meth:`to_json` stored."""
        if stored["format"] != FORMAT:
            raise ConcertError(f"it has format {stored['format']!r}, this version reads {FORMAT}")
        columns: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in stored["columns"].items()
        }
        colour = stored["colour"]
        return cls(
            Columns(**columns),
            stored["um_per_unit"],
            bool(stored["registered"]),
            Stack.from_json(stored["stack"]) if stored.get("stack") else None,  # not in older files
            tuple(Patch.from_json(patch) for patch in stored["patches"]),
            _position(stored["active"], len(stored["patches"])),
            dict(stored["target"]),
            Colour(**colour) if colour else None,
            {name: list(labels) for name, labels in stored["labelled"].items()},
            tuple(Kept(each["name"], tuple(map(Patch.from_json, each["patches"]))) for each in stored["kept"]),
        )


def _position(active: Any, count: int) -> int:
    if not -1 <= int(active) < count:
        raise ConcertError(f"it has {count} patches and says that number {active} is the active one")
    return int(active)
