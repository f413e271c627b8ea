"""What was painted and trained, kept on disk as work goes on, and given back when the slide is opened again."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from napari_concert.errors import ConcertError
from napari_concert.io import write_json
from napari_concert.prediction import GeneSet
from napari_concert.session.work import Work
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert

SETS_FORMAT = 1
RECORD, MODEL, SETS = "work.json", "model", "gene-sets.json"

Made = TypeVar("Made")


def default_folder() -> Path:
    """Return where the app keeps unsaved work: the user's state folder."""
    from platformdirs import user_state_path

    return user_state_path("napari-concert", appauthor=False) / "autosave"


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
        self._sets_on_disk: dict[str, tuple[GeneSet, ...]] = {}

    def of(self, slide: Slide) -> Path:
        """Return the folder of a slide."""
        return self.folder / slide.fingerprint[:32]

    def begin(self, slide: Slide, work: Work) -> None:
        """Take note of a slide as it was opened: nothing is written until something else was done."""
        self._wanted[slide.fingerprint] = work
        self._on_disk[slide.fingerprint] = work.to_json()
        self._sets_on_disk[slide.fingerprint] = work.gene_sets

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
            if work is not None and work.gene_sets != self._sets_on_disk.get(slide.fingerprint, ()):
                sets = {"format": SETS_FORMAT, "sets": [[each.name, *each.genes] for each in work.gene_sets]}
                self._writing(slide, lambda folder: write_json(folder / SETS, sets))
                self._sets_on_disk[slide.fingerprint] = work.gene_sets

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
        return self._reading(slide, "Earlier work on", RECORD, Work.from_json)

    def gene_sets(self, slide: Slide) -> tuple[GeneSet, ...]:
        """Return the gene sets that were kept with a slide.

        Raises
        ------
        ConcertError
            If they can't be read; the file is set aside.
        """
        return self._reading(slide, "The gene sets kept with", SETS, _sets_of_json) or ()

    def _reading(self, slide: Slide, what: str, name: str, make: Callable[[dict[str, Any]], Made]) -> Made | None:
        path = self.of(slide) / name
        try:
            return make(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConcertError(
                f"{what} {slide.name} can't be read back ({error}); it is left in {_set_aside(path)}."
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
            self._sets_on_disk.pop(slide.fingerprint, None)
            shutil.rmtree(self.of(slide), ignore_errors=True)


def _sets_of_json(stored: dict[str, Any]) -> tuple[GeneSet, ...]:
    if stored["format"] != SETS_FORMAT:
        raise ConcertError(f"they have format {stored['format']!r}, this version reads {SETS_FORMAT}")
    return tuple(GeneSet(name, tuple(genes)) for name, *genes in stored["sets"])


def _set_aside(path: Path) -> Path:
    """Give a file another name, if that is possible; return where it is."""
    aside = path.with_name(f"{path.stem}-unreadable.json")
    try:
        return path.replace(aside)
    except OSError:
        return path
