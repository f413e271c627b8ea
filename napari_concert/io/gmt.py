"""Gene sets from a .gmt file."""

from __future__ import annotations

from pathlib import Path

from napari_concert.errors import ConcertError
from napari_concert.io.atomic import read_text
from napari_concert.prediction import GeneSet

LINE = "name, description and genes, separated by tabs"


def read_gmt(path: str | Path) -> tuple[GeneSet, ...]:
    """Read gene sets: one a line, with its name, a description and its genes, separated by tabs.

    Raises
    ------
    ConcertError
        If the file can't be read, holds no set, a line is not a set, or two sets have the same name.
    """
    path = Path(path)
    lines = {number: line for number, line in enumerate(read_text(path).splitlines(), 1) if line.strip()}
    if not lines:
        raise ConcertError(f"{path.name} is empty. A .gmt file has a line a gene set: {LINE}.")
    sets: dict[str, GeneSet] = {}
    for number, line in lines.items():
        read = _read_line(path, number, line)
        if read.name in sets:
            raise ConcertError(f"{path.name} has two sets called {read.name!r} (line {number}). Rename one of them.")
        sets[read.name] = read
    return tuple(sets.values())


def _read_line(path: Path, number: int, line: str) -> GeneSet:
    name, *rest = line.split("\t")
    if len(rest) < 2:
        start = line if len(line) <= 40 else f"{line[:40]}…"
        raise ConcertError(f"Line {number} of {path.name} is not a gene set: {start!r}. It needs {LINE}.")
    try:
        return GeneSet(name, tuple(rest[1:]))
    except ConcertError as error:
        raise ConcertError(f"Line {number} of {path.name}: {error}") from error
