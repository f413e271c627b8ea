"""Whether results can be written, asked before the work and not after it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from napari_concert.errors import ConcertError


def require_writable_file(path: Path, suffixes: Sequence[str]) -> None:
    """Check that a file can be written.

    Raises
    ------
    ConcertError
        If its name ends otherwise, or its folder is missing or not writable.
    """
    if path.suffix.lower() not in suffixes:
        raise ConcertError(f"{path} has the wrong ending; end its name in {' or '.join(suffixes)}.")
    if path.is_dir():
        raise ConcertError(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise ConcertError(f"{path} can't be written: there is no folder {path.parent}. Make it first.")
    _try(path, path.parent)


def require_writable_folder(path: Path) -> None:
    """Check that a folder can be made, or written into.

    Raises
    ------
    ConcertError
        If it is a file, or can't be written.
    """
    nearest = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise ConcertError(f"{path} can't be a folder: {nearest} is a file. Choose another name.")
    _try(path, nearest)


def _try(path: Path, folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise ConcertError(
            f"{path} can't be written: {error.strerror or error}. Choose a place that you can write."
        ) from error
