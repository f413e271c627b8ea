"""``view`` and ``demo``: what reaches the app, and the headless journey."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest

from napari_concert.cli import main
from napari_concert.simulate import sample_path
from napari_concert.slide import Columns
from napari_concert.ui import plugin


@pytest.fixture
def launched(monkeypatch):
    """Return the arguments that the window was opened with, in place of a window."""
    calls: list[dict[str, object]] = []
    signature = inspect.signature(plugin.launch)

    def launch(*args: object, **kwargs: object) -> None:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        calls.append(dict(bound.arguments))

    monkeypatch.setattr(plugin, "launch", launch)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    return calls


@pytest.mark.parametrize("words", [(), ("view",)])
def test_the_app_opens_empty(launched, words):
    assert main(list(words)) == 0
    assert launched[0]["path"] is None


@pytest.mark.parametrize("words", [(), ("view",)])
def test_the_app_opens_a_slide(launched, slide_path, words):
    assert main([*words, str(slide_path)]) == 0
    assert launched[0]["path"] == slide_path
    assert launched[0]["columns"] is None
    assert launched[0]["um_per_unit"] is None
    assert launched[0]["registered"] is None


def test_the_app_opens_a_folder_of_space_ranger(launched, refusal, space_ranger, tmp_path):
    outs = space_ranger()
    assert main(["view", str(outs)]) == 0
    assert main([str(outs.parent)]) == 0
    assert [call["path"] for call in launched] == [outs, outs.parent]
    (outs / "spatial" / "tissue_positions.csv").unlink()
    assert "tissue_positions.csv" in refusal("view", outs)
    assert "Space Ranger" in refusal("view", tmp_path)


def test_column_options_reach_the_app(launched, slide_path):
    words = ["view", str(slide_path), "--perturbation", "tissue", "--control", "periphery", "--tissue", "none"]
    assert main([*words, "--registered", "--um-per-unit", "0.5"]) == 0
    assert launched[0]["columns"] == Columns("tissue", ("periphery",), (), None, None, ())
    assert launched[0]["registered"] is True
    assert launched[0]["um_per_unit"] == 0.5


def test_sections_come_into_the_app_as_far_apart_as_is_said(launched, refusal, tmp_path, slide_path, turned):
    turned[0].adata.write_h5ad(tmp_path / "stack.h5ad")
    assert main(["view", str(tmp_path / "stack.h5ad"), "--z-spacing", "16"]) == 0
    assert launched[0]["z_spacing"] == 16
    assert launched[0]["columns"] is None
    assert "section" in refusal("view", slide_path, "--tissue", "none", "--section", "none", "--z-spacing", "16")
    assert len(launched) == 1


def test_a_wrong_column_is_refused_before_a_window_opens(launched, refusal, slide_path):
    assert "tissue" in refusal("view", slide_path, "--tissue", "tisue")
    assert not launched


def test_files_that_are_no_slides_are_refused_before_a_window_opens(launched, refusal, tmp_path):
    (tmp_path / "damaged.h5ad").write_bytes(b"not HDF5")
    (tmp_path / "table.csv").write_text("a,b")
    assert "damaged" in refusal("view", tmp_path / "damaged.h5ad")
    assert ".h5ad" in refusal("view", tmp_path / "table.csv")
    assert "no file" in refusal(tmp_path / "absent.h5ad")
    assert not launched


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux does Qt end without a display")
def test_no_display_is_said(refusal, monkeypatch, slide_path):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert "no display" in refusal("view", slide_path)
    assert "--headless" in refusal("demo")


def test_no_qt_is_said(refusal, monkeypatch, slide_path):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setitem(sys.modules, "napari_concert.ui.plugin", None)
    assert "pip install" in refusal("view", slide_path)


def test_demo_opens_the_sample(launched):
    assert main(["demo"]) == 0
    assert launched[0]["path"] == sample_path()


def test_demo_opens_the_other_sample(launched):
    assert main(["demo", "--sample", "stroke"]) == 0
    assert launched[0]["path"] == sample_path("stroke.h5ad")


def test_demo_makes_the_whole_journey_without_a_window(tmp_path, capsys):
    out = tmp_path / "demo.png"
    assert main(["demo", "--headless", str(out), "--max-epochs", "1"]) == 0
    captured = capsys.readouterr()
    assert out.read_bytes().startswith(b"\x89PNG")
    assert "Patch 1: 20 spots" in captured.out
    assert "surroundings" in captured.out
    assert str(out) in captured.out
    assert "epoch 1/1" in captured.err


def test_demo_refuses_early(refusal, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_concert.concert.Concert.training", lambda *_: pytest.fail("it trained"))
    assert ".png" in refusal("demo", "--headless", tmp_path / "demo.gif")
    assert "no folder" in refusal("demo", "--headless", tmp_path / "absent" / "demo.png")
    assert "Stat1" in refusal("demo", "--headless", tmp_path / "demo.png", "--gene", "Stat1x")
    assert "stroke" in refusal("demo", "--sample", "strokes")
    assert list(Path(tmp_path).iterdir()) == []
