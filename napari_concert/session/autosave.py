"""What was painted and trained, kept on disk as work goes on, and given back when the slide is opened again."""

from __future__ import annotations

import json
import shutil
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
RECORD, MODEL = "work.json", "model"


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

    def read(self, slide: Slide) -> Slide:
        """Return ``slide`` read as it was when the work was kept."""
        for name, labels in self.labelled.items():
            slide = slide.with_labels(name, np.array(labels, dtype=object))
        slide = slide.with_columns(self.columns).with_registered(self.registered)
        return slide if self.um_per_unit is None else slide.with_um_per_unit(self.um_per_unit)

    def apply(self, workspace: Workspace) -> None:
        """Give a fresh workspace its painted spots, target and colour back; painting can be undone."""
        workspace.painting.replace([row for row in self.painted if 0 <= row < workspace.slide.n_spots])
        workspace.target = dict(self.target)
        workspace.colour = self.colour or workspace.colour
        workspace.labelled = list(self.labelled)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Work:
        """Return the work that was stored with :func:`dataclasses.asdict`."""
        columns: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in stored["columns"].items()
        }
        colour = stored["colour"]
        return cls(
            Columns(**columns),
            stored["um_per_unit"],
            stored["registered"],
            tuple(stored["painted"]),
            stored["target"],
            Colour(**colour) if colour else None,
            stored["labelled"],
        )


class Autosave:
    """A folder with one sub-folder a slide, named by the slide's content.

    Parameters
    ----------
    folder
        Where; it is made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, slide: Slide) -> Path:
        """Return the folder of a slide."""
        return self.folder / slide.fingerprint[:32]

    def keep(self, slide: Slide, work: Work) -> None:
        """Write what was done on a slide, atomically.

        Raises
        ------
        ConcertError
            If it can't be written.
        """
        record = {"format": FORMAT, "slide": slide.name, "path": str(slide.path or ""), **asdict(work)}
        self._writing(slide, lambda folder: write_json(folder / RECORD, record))

    def keep_model(self, slide: Slide, model: Concert) -> None:
        """Write a trained model beside the work.

        Raises
        ------
        ConcertError
            If it can't be written.
        """
        self._writing(slide, lambda folder: model.save(folder / MODEL))

    def _writing(self, slide: Slide, write: Callable[[Path], object]) -> None:
        folder = self.of(slide)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConcertError(
                f"Your work can't be kept in {folder} ({error.strerror}); save patch and model by hand before closing."
            ) from error
        write(folder)

    def work(self, slide: Slide) -> Work | None:
        """Return what was done on a slide before, or None."""
        try:
            stored = json.loads((self.of(slide) / RECORD).read_text())
            return Work.from_json(stored) if stored["format"] == FORMAT else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConcertError(
                f"Earlier work on {slide.name} can't be read back ({error}); it is left in {self.of(slide)}."
            ) from error

    def model(self, slide: Slide) -> Concert | None:
        """Return the model that was trained on a slide before, or None; one that no longer fits is left alone."""
        from napari_concert.concert import Concert

        folder = self.of(slide) / MODEL
        if not folder.exists():
            return None
        return Concert.load(folder, slide)

    def forget(self, slide: Slide) -> None:
        """Delete what was kept of a slide."""
        shutil.rmtree(self.of(slide), ignore_errors=True)
