"""Tables of positions, as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_concert import ConcertError
from napari_concert.io import read_positions


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_table_is_text_with_its_lines(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "at.csv"
    text = "x, y,perturbation\n1,2,Jak2\n\n , ,\n3.5,4,NA\n"
    path.write_text("\ufeff" + text.replace(",", separator), encoding="utf-8")
    found = read_positions(path)
    assert list(found.columns) == ["x", "y", "perturbation"]
    assert found.index.name == "line"
    assert found.index.tolist() == [2, 5]
    assert found.loc[5].tolist() == ["3.5", "4", "NA"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a table"),
        ("x,y\n", "no line below its column names"),
        ("x,y\n\n,\n", "no line below its column names"),
        ("x,y\n1,2\n1,2,3,4\n", r"line 3, saw 4"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "at.csv"
    path.write_text(text)
    with pytest.raises(ConcertError, match=message):
        read_positions(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConcertError, match="There is no file"):
        read_positions(tmp_path / "at.csv")
