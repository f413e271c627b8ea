"""Files appear whole or not at all; what can't be read or written is said in one line."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from napari_concert.errors import ConcertError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a scratch path beside ``path`` that takes its place when the block ends without an error.

    Raises
    ------
    ConcertError
        If the folder does not exist or can't be written.
    """
    path = Path(path)
    try:
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.parent) as folder:
            scratch = Path(folder) / path.name
            yield scratch
            scratch.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConcertError(
            f"{path} can't be written: {reason}. Choose a folder that exists and that you can write."
        ) from error


def write_json(path: str | Path, value: Any) -> None:
    """Write a JSON file atomically.

    Raises
    ------
    ConcertError
        If it can't be written.
    """
    with atomic_path(path) as scratch:
        scratch.write_text(json.dumps(value, indent=1), encoding="utf-8")


def read_text(path: str | Path) -> str:
    """Return the text of a file.

    Raises
    ------
    ConcertError
        If it is missing, not permitted, or not text.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConcertError(f"There is no file {path}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise ConcertError(f"{path} is not a text file. Check the path.") from error
    except OSError as error:
        raise ConcertError(f"{path} can't be read ({error.strerror or error}). Check the path.") from error
