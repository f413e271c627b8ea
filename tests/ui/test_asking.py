"""Dialogs begin in the folder of last time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_concert.session import Session
from napari_concert.ui.asking import PATCHES, SLIDES, Asking


@pytest.fixture
def asking(session: Session, qtbot: Any) -> Asking:
    parent = QWidget()
    qtbot.addWidget(parent)
    return Asking(session, parent, SLIDES)


def answer(monkeypatch: pytest.MonkeyPatch, name: str, given: Any, begun: list[str]) -> None:
    def dialog(_parent: Any, _title: str, begin: str, *_more: Any) -> Any:
        begun.append(begin)
        return given

    monkeypatch.setattr(QFileDialog, name, dialog)


def test_each_kind_of_file_is_looked_for_where_it_was_last(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun: list[str] = []
    answer(monkeypatch, "getOpenFileNames", ([str(tmp_path / "a.h5ad"), str(tmp_path / "b.h5ad")], ""), begun)
    answer(monkeypatch, "getOpenFileName", (str(tmp_path / "c.gmt"), ""), begun)
    answer(monkeypatch, "getSaveFileName", (str(tmp_path / "d.pdf"), ""), begun)
    answer(monkeypatch, "getExistingDirectory", str(tmp_path / "outs"), begun)
    assert [Path(path).name for path in asking.open_files("Open")] == ["a.h5ad", "b.h5ad"]
    assert asking.open_file("Open", "Sets (*.gmt)").endswith("c.gmt")
    assert asking.save("Save", "figure.pdf").endswith("d.pdf")
    assert asking.open_folder("Open").endswith("outs")
    assert begun == ["", str(tmp_path), str(tmp_path / "figure.pdf"), str(tmp_path)]
    other = Asking(asking.session, asking.parent, PATCHES)
    other.save("Save", "patch.txt")
    assert begun[-1] == "patch.txt", "another kind has a folder of its own"
    assert asking.session.preferences.folders == {SLIDES: str(tmp_path), PATCHES: str(tmp_path)}


def test_who_cancels_has_chosen_no_folder(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    answer(monkeypatch, "getOpenFileNames", ([], ""), begun)
    answer(monkeypatch, "getSaveFileName", ("", ""), begun)
    assert asking.open_files("Open") == []
    assert asking.save("Save", "a.pdf") == ""
    assert asking.session.preferences.folders == {}


def test_a_folder_that_is_gone_is_not_begun_in(asking: Asking, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    begun: list[str] = []
    asking.session.prefer(folders={SLIDES: str(tmp_path / "gone")})
    answer(monkeypatch, "getSaveFileName", ("", ""), begun)
    asking.save("Save", "a.pdf")
    assert begun == ["a.pdf"]
