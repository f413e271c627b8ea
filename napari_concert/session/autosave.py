"""What was painted and trained, kept on disk as work goes on, and given back when the slide is opened again."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_concert.errors import ConcertError
from napari_concert.io import write_json
from napari_concert.patches import Patch
from napari_concert.session.shown import Colour
from napari_concert.session.workspace import Kept, Workspace
from napari_concert.slide import Columns, Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert

FORMAT = 2
RECORD, MODEL, UNREADABLE = "work.json", "model", "work-unreadable.json"


def default_folder() -> Path:
    """Return where the app keeps unsaved work: the user's state folder."""
    from platformdirs import user_state_path

    return user_state_path("napari-concert", appauthor=False) / "autosave"


@dataclass(frozen=True)
class Work:
    """What was done on a slide, as plain values.

    Attributes
    ----------
    columns, um_per_unit, registered
        How the slide was read; ``um_per_unit`` only where the user set it.
    patches, active
        Patches in order, and the position of the one that strokes edit (-1 where there is none).
    target, colour
        What the next new patch becomes, and what colours the spots.
    labelled
        Columns that the user painted: name → labels.
    kept
        What-ifs to compare.
    """

    columns: Columns
    um_per_unit: float | None = None
    registered: bool = False
    patches: tuple[Patch, ...] = ()
    active: int = -1
    target: dict[str, str | float] = field(default_factory=dict)
    colour: Colour | None = None
    labelled: dict[str, list[str | None]] = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()

    @classmethod
    def of(cls, workspace: Workspace) -> Work:
        """Return the work of an open slide."""
        slide, painting = workspace.slide, workspace.painting
        return cls(
            columns=slide.columns,
            um_per_unit=slide.units.um_per_unit if slide.units.is_chosen else None,
            registered=slide.registered,
            patches=painting.patches,
            active=-1 if painting.active is None else painting.keys.index(painting.active),
            target=dict(painting.target),
            colour=workspace.colour,
            labelled={name: slide.labels(name).tolist() for name in workspace.labelled},
            kept=tuple(workspace.kept),
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
        if "registered" not in told:
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
        if self.colour is not None and self.colour.is_on(workspace.slide):
            workspace.colour = self.colour

    def to_json(self) -> dict[str, Any]:
        """Return the work as JSON values."""
        return {
            "format": FORMAT,
            "columns": asdict(self.columns),
            "um_per_unit": self.um_per_unit,
            "registered": self.registered,
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
            tuple(Patch.from_json(patch) for patch in stored["patches"]),
            _position(stored["active"], len(stored["patches"])),
            dict(stored["target"]),
            Colour(**colour) if colour else None,
            {name: list(labels) for name, labels in stored["labelled"].items()},
            tuple(Kept(each["name"], tuple(map(Patch.from_json, each["patches"]))) for each in stored["kept"]),
        )


class Autosave:
    """A folder with one sub-folder a slide, named by the slide's content.

    Work may be kept from several threads: whoever writes last writes the newest work.

    Parameters
    ----------
    folder
        Where; it is made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._wanted: dict[str, Work] = {}  # the newest work, by slide
        self._due: set[str] = set()  # slides whose newest work some write to come will take
        self._on_disk: dict[str, dict[str, Any]] = {}

    def of(self, slide: Slide) -> Path:
        """Return the folder of a slide."""
        return self.folder / slide.fingerprint[:32]

    def begin(self, slide: Slide, work: Work) -> None:
        """Take note of a slide as it was opened: nothing is written until something else was done."""
        self._wanted[slide.fingerprint] = work
        self._on_disk[slide.fingerprint] = work.to_json()

    def want(self, slide: Slide, work: Work) -> bool:
        """Take note of what is to be written next; return whether a write must be asked for: none is due yet."""
        self._wanted[slide.fingerprint] = work
        is_due = slide.fingerprint in self._due
        self._due.add(slide.fingerprint)
        return not is_due

    def write(self, slide: Slide) -> None:
        """Write the newest work on a slide, atomically; nothing if it is on disk already.

        Raises
        ------
        ConcertError
            If it can't be written.
        """
        with self._lock:
            self._due.discard(slide.fingerprint)  # before the work is looked up: what is wanted later is due anew
            work = self._wanted.get(slide.fingerprint)
            made = None if work is None else work.to_json()
            if made is not None and made != self._on_disk.get(slide.fingerprint):
                record = {"slide": slide.name, "path": str(slide.path or ""), **made}
                self._writing(slide, lambda folder: write_json(folder / RECORD, record))
                self._on_disk[slide.fingerprint] = made

    def keep_model(self, slide: Slide, model: Concert, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Write a trained model beside the work, if it is wanted still.

        Raises
        ------
        ConcertError
            If it can't be written.
        """
        with self._lock:
            if is_wanted():
                self._writing(slide, lambda folder: model.save(folder / MODEL))

    def _writing(self, slide: Slide, write: Callable[[Path], object]) -> None:
        folder = self.of(slide)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write(folder)
        except (OSError, ConcertError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ConcertError(
                f"Your work on {slide.name} can't be kept in {self.folder} ({reason}); save patch and model by hand "
                "before closing."
            ) from error

    def work(self, slide: Slide) -> Work | None:
        """Return what was done on a slide before, or None.

        Raises
        ------
        ConcertError
            If it can't be read; the file is set aside, so that new work does not replace it.
        """
        path = self.of(slide) / RECORD
        try:
            return Work.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConcertError(
                f"Earlier work on {slide.name} can't be read back ({error}); it is left in {_set_aside(path)}."
            ) from error

    def model(self, slide: Slide) -> Concert | None:
        """Return the model that was trained on a slide before, or None.

        It need not fit the slide as it is read now: columns or units may have been changed after the training.

        Raises
        ------
        ConcertError
            If it can't be read.
        """
        folder = self.of(slide) / MODEL
        if not folder.exists():
            return None
        from napari_concert.concert import Concert

        return Concert.load(folder)

    def forget(self, slide: Slide) -> None:
        """Delete what was kept of a slide."""
        with self._lock:
            self._wanted.pop(slide.fingerprint, None)
            self._on_disk.pop(slide.fingerprint, None)
            shutil.rmtree(self.of(slide), ignore_errors=True)


def _position(active: Any, count: int) -> int:
    if not -1 <= int(active) < count:
        raise ConcertError(f"it has {count} patches and says that number {active} is the active one")
    return int(active)


def _set_aside(path: Path) -> Path:
    """Give a file another name, if that is possible; return where it is."""
    aside = path.with_name(UNREADABLE)
    try:
        return path.replace(aside)
    except OSError:
        return path
