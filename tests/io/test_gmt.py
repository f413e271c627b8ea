"""Gene sets in."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_concert import ConcertError
from napari_concert.io import read_gmt


def write(folder: Path, text: str) -> Path:
    path = folder / "sets.gmt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_is_a_set(tmp_path: Path) -> None:
    path = write(tmp_path, "HYPOXIA\thttp://x\tVEGFA\tCA9\t\n\nEMT\t\tVIM\tFN1\tVIM\r\n")
    first, second = read_gmt(path)
    assert (first.name, first.genes) == ("HYPOXIA", ("VEGFA", "CA9"))
    assert (second.name, second.genes) == ("EMT", ("VIM", "FN1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n \n", r"sets\.gmt is empty"),
        ("A\td\tx\nB\td\n", r"Line 2 of sets\.gmt is not a gene set: 'B\\td'"),
        ("A,d,x\n", r"separated by tabs"),
        ("A\td\tx\nA\td\ty\n", r"two sets called 'A' \(line 2\)"),
        ("A\td\t \t\n", r"Line 1 of sets\.gmt: The gene set 'A' names no gene"),
    ],
)
def test_what_is_no_gmt_is_told_by_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConcertError, match=message):
        read_gmt(write(tmp_path, text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConcertError, match="There is no file"):
        read_gmt(tmp_path / "none.gmt")
