"""Figures to files."""

from __future__ import annotations

import subprocess
import sys

import pytest

from napari_concert import figures
from napari_concert.errors import ConcertError


@pytest.fixture
def figure(slide, prediction):
    return figures.whatif_figure(slide, prediction, "Up")


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_formats(figure, tmp_path, ending, start):
    path = tmp_path / f"figure.{ending}"
    figures.save(figure, path, dpi=40)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_text_in_svg_stays_text(figure, tmp_path):
    figures.save(figure, tmp_path / "figure.svg")
    assert "became Jak2?" in (tmp_path / "figure.svg").read_text(encoding="utf-8")


def test_another_format_is_refused(figure, tmp_path):
    with pytest.raises(ConcertError, match=r"\.png"):
        figures.save(figure, tmp_path / "figure.gif")


def test_an_unwritable_path_is_refused(figure, tmp_path):
    with pytest.raises(ConcertError, match="can't be written"):
        figures.save(figure, tmp_path / "absent" / "figure.png")


def test_a_failed_save_keeps_the_old_file(figure, tmp_path, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(RuntimeError):
        figures.save(figure, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_figures_need_neither_pyplot_nor_napari_nor_torch():
    heavy = "{'matplotlib.pyplot', 'napari', 'torch'}"
    code = f"import sys, napari_concert.figures; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
