"""What is written: a table, JSON, and a page that needs nothing from elsewhere."""

from __future__ import annotations

import json
from html import escape
from html.parser import HTMLParser

import pandas as pd
import pytest

from napari_concert.evaluate.study import AGREEMENT, Job, Record, SlideFile, write
from napari_concert.slide import Columns


class Tags(HTMLParser):
    """Collects tags, and checks that they close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict]] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def missing() -> Record:
    file = SlideFile("t.h5ad", Columns(perturbation="state"))
    return Record(Job(file, "niche", 40, 0, 50), "t <i>", reason="t has no room for a niche task.")


def test_all_files_say_the_same(tmp_path, done: Record) -> None:
    write(tmp_path / "new", [done, missing()], 5, "napari-concert evaluate base.h5ad")
    scores = pd.read_csv(tmp_path / "new" / "scores.csv")
    assert list(scores.columns) == ["slide", "task", "size", "seed", "method", "score", "value", "lower", "upper"]
    assert len(scores) == len(done.scores)
    report = json.loads((tmp_path / "new" / "report.json").read_text(encoding="utf-8"))
    assert report["what"] == AGREEMENT
    assert (report["asked"], report["done"]) == (5, 2)
    assert report["command"] == "napari-concert evaluate base.h5ad"
    assert [task["not_built"] for task in report["tasks"]] == [None, "t has no room for a niche task."]
    assert "torch" in report["versions"]
    value = {(s["method"], s["score"]): s["value"] for s in report["tasks"][0]["scores"]}
    row = scores[(scores["method"] == "model") & (scores["score"] == "mae")].iloc[0]
    assert value["model", "mae"] == pytest.approx(row["value"])
    assert value["no change", "change_pcc"] is None


def test_the_page_stands_alone_and_escapes(tmp_path, done: Record) -> None:
    write(tmp_path, [done, missing()], 5, "napari-concert evaluate 'a<b>.h5ad'")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    names = [tag for tag, _ in tags.seen]
    assert names.count("svg") == 3
    assert "script" not in names
    links = [value for _, attrs in tags.seen for name, value in attrs.items() if name in ("src", "href", "xlink:href")]
    assert all(link.startswith("#") for link in links)
    assert escape(AGREEMENT) in text
    assert "Not complete: 2 of 5 tasks are done." in text
    assert "t &lt;i&gt;" in text
    assert "a&lt;b&gt;" in text
    assert "no room for a niche task" in text


def test_nothing_scored_is_a_page_too(tmp_path) -> None:
    write(tmp_path, [missing()], 1, "napari-concert evaluate t.h5ad")
    assert "Nothing was scored." in (tmp_path / "report.html").read_text(encoding="utf-8")
