"""A quality check from beginning to end, in words and on disk."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_concert import Concert, ConcertError, Slide
from napari_concert.evaluate.quality import Check, Hiding, Step, check, held, verdict, write_check
from napari_concert.io import from_anndata
from napari_concert.model.runtime import set_threads
from napari_concert.simulate import tumour


@pytest.fixture(scope="module")
def slide() -> Slide:
    set_threads(1)
    return from_anndata(tumour(300, 40), name="tumour")


@pytest.fixture(scope="module")
def model(slide: Slide) -> Concert:
    return Concert(slide, device="cpu").train(3)


def run(steps: Generator[Step, None, Check]) -> tuple[list[Step], Check]:
    heard: list[Step] = []
    while True:
        try:
            heard.append(next(steps))
        except StopIteration as end:
            return heard, end.value


@pytest.fixture(scope="module")
def done(slide: Slide, model: Concert) -> Check:
    return run(check(slide, model, Hiding("holes", hole=15)))[1]


def test_a_check_with_the_model_says_that_it_saw_the_spots(done: Check, model: Concert, slide: Slide) -> None:
    assert done.model is model
    assert done.was_seen
    assert len(done.quality.spots) == 30
    assert "holes of about" in done.calibration


def test_a_check_anew_trains_without_the_spots(slide: Slide, model: Concert) -> None:
    steps, found = run(check(slide, model, Hiding("random", share=0.1), anew=True))
    assert any(step.doing.startswith("Training without them: epoch") for step in steps)
    assert steps[-1].share is not None
    assert found.model is not model
    assert found.model.hash != model.hash
    assert found.model.seed == model.seed
    assert not found.was_seen
    hidden = set(slide.spot_names[found.quality.hidden.rows])
    assert hidden == set(found.quality.spots.index)
    trained_on = found.model.slides[0]
    assert not trained_on.usable[found.quality.hidden.rows].any()
    assert trained_on.usable.sum() == slide.usable.sum() - len(hidden)
    assert "single spots" in found.calibration


def test_the_verdict_counts_every_gene_once(done: Check) -> None:
    said = verdict(done)
    assert said.startswith("Of 30 spots hidden in holes of 15: ")
    numbers = [int(word) for word in said.partition(":")[2].replace(";", "").split() if word.isdigit()]
    assert sum(numbers) == len(done.quality.genes)
    row = done.quality.coverage.query("expected_counts == 'all' and promised == 0.95").iloc[0]
    assert held(done.quality).startswith(f"95 % intervals held {100 * row['held']:.1f} %")


def test_regions_are_those_of_a_column(done: Check, slide: Slide) -> None:
    found = done.regions("tissue")
    assert found["spots"].sum() == 30
    assert set(found.index) <= set(slide.tissues)


def test_everything_is_written_and_can_be_repeated(done: Check, tmp_path: Path, model: Concert) -> None:
    folder = tmp_path / "new" / "qc"
    write_check(folder, done, "napari-concert qc …")
    genes = pd.read_csv(folder / "genes.csv", index_col=0, encoding="utf-8-sig")
    assert genes["light"].tolist() == done.quality.genes["light"].astype(str).tolist()
    assert len(pd.read_csv(folder / "spots.csv")) == 30
    assert {"promised", "held", "ideal", "pit"} <= set(pd.read_csv(folder / "coverage.csv").columns)
    assert (folder / "regions by tissue.csv").exists()
    assert (folder / "qc.pdf").read_bytes().startswith(b"%PDF")
    record: dict[str, Any] = json.loads((folder / "summary.json").read_text(), parse_constant=pytest.fail)
    assert record["hiding"] == {
        "scheme": "holes",
        "share": 0.1,
        "hole": 15,
        "width": 4.0,
        "section": None,
        "seed": 0,
    }
    assert record["model_hash"] == model.hash
    assert record["verdict"] == verdict(done)
    assert record["command"] == "napari-concert qc …"
    assert record["trained_without_hidden_spots"] is False


def test_a_folder_that_cannot_be_made_is_refused(done: Check, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConcertError, match="can't be made"):
        write_check(tmp_path / "file" / "qc", done)


def test_hiding_nothing_is_refused_before_any_work(slide: Slide, model: Concert) -> None:
    with pytest.raises(ConcertError, match="paint some first"):
        next(check(slide, model, Hiding("painted"), np.zeros(0, np.int64)))
