"""What was painted and trained, kept on disk as work goes on, and given back when the slide is opened again."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_concert.errors import ConcertError
from napari_concert.io import write_json
from napari_concert.session.shown import Colour
from napari_concert.slide import Columns, Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.session.workspace import Workspace

FORMAT = 1
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
    painted
        Rows of painted spots (0-based).
    target, colour
        What they become, and what colours the spots.
    labelled
        Columns that the user painted: name → labels.
    """

    columns: Columns
    um_per_unit: float | None = None
    registered: bool = False
    painted: tuple[int, ...] = ()
    target: dict[str, str | float] = field(default_factory=dict)
    colour: Colour | None = None
    labelled: dict[str, list[str | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: Workspace) -> Work:
        """Return the work of an open slide."""
        slide = workspace.slide
        return cls(
            columns=slide.columns,
            um_per_unit=slide.units.um_per_unit if slide.units.is_chosen else None,
            registered=slide.registered,
            painted=tuple(workspace.painting.rows.tolist()),
            target=dict(workspace.target),
            colour=workspace.colour,
            labelled={name: slide.labels(name).tolist() for name in workspace.labelled},
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
        """Give a fresh workspace its painted spots, target and colour back; painting can be undone."""
        workspace.labelled = list(self.labelled)
        workspace.painting.replace([row for row in self.painted if 0 <= row < workspace.slide.n_spots])
        if workspace.slide.columns == self.columns:
            workspace.target = dict(self.target)
        if self.colour is not None and self.colour.is_on(workspace.slide):
            workspace.colour = self.colour

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Work:
        """Return the work that was stored with :func:`dataclasses.asdict`."""
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
            tuple(int(row) for row in stored["painted"]),
            dict(stored["target"]),
            Colour(**colour) if colour else None,
            {name: list(labels) for name, labels in stored["labelled"].items()},
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
        self._on_disk: dict[str, Work] = {}

    def of(self, slide: Slide) -> Path:
        """Return the folder of a slide."""
        return self.folder / slide.fingerprint[:32]

    def begin(self, slide: Slide, work: Work) -> None:
        """Take note of a slide as it was opened: nothing is written until something else was done."""
        self._on_disk[slide.fingerprint] = self._wanted[slide.fingerprint] = work

    def want(self, slide: Slide, work: Work) -> None:
        """Take note of what is to be written next."""
        self._wanted[slide.fingerprint] = work

    def write(self, slide: Slide) -> None:
        """Write the newest work on a slide, atomically; nothing if it is on disk already.

        Raises
        ------
        ConcertError
            If it can't be written.
        """
        with self._lock:
            work = self._wanted.get(slide.fingerprint)
            if work is not None and work != self._on_disk.get(slide.fingerprint):
                record = {"format": FORMAT, "slide": slide.name, "path": str(slide.path or ""), **asdict(work)}
                self._writing(slide, lambda folder: write_json(folder / RECORD, record))
                self._on_disk[slide.fingerprint] = work

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
            for known in (self._wanted, self._on_disk):
                known.pop(slide.fingerprint, None)
            shutil.rmtree(self.of(slide), ignore_errors=True)


def _set_aside(path: Path) -> Path:
    """Give a file another name, if that is possible; return where it is."""
    aside = path.with_name(UNREADABLE)
    try:
        return path.replace(aside)
    except OSError:
        return path
