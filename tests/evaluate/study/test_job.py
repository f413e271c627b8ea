"""A job from a slide on disk to scores, here and in a process of its own."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pandas as pd
import pytest

from napari_concert.evaluate.methods import METHODS
from napari_concert.evaluate.study import SWEEP, Job, Record, SlideFile
from napari_concert.evaluate.study.definitions import SCORES


def test_every_method_has_every_score(done: Record) -> None:
    scores = pd.DataFrame(done.rows())
    assert set(scores["method"]) == {*METHODS, "the truth"}
    assert set(scores["score"]) == set(SCORES)
    assert len(scores) == len(SCORES) * (len(METHODS) + 1)
    assert done.facts["patch_spots"] == done.facts["scored_spots"] == 8
    assert done.facts["genes"] == 30
    assert set(done.seconds) == set(METHODS)
    assert not done.reason
    assert not done.failed


def test_the_model_knows_more_of_the_change_than_no_change(done: Record) -> None:
    scores = pd.DataFrame(done.rows()).set_index(["method", "score"])["value"]
    assert scores["model", "true_rms"] < scores["no change", "true_rms"]
    assert scores["model", "true_pcc"] > 0.5


def test_a_slide_without_room_is_a_record_that_says_why(file: SlideFile) -> None:
    (found,) = SWEEP.runs([Job(file, "patch", 300, 1, 30)])
    assert "no room for a patch task of 300 spots" in found.reason
    assert found.slide == "base"
    assert found.rows() == []


def test_a_slide_that_is_gone_is_a_record_too(file: SlideFile) -> None:
    (found,) = SWEEP.runs([Job(replace(file, path="/nowhere.h5ad"), "patch", 8, 1, 30)])
    assert "/nowhere.h5ad" in found.reason


def test_jobs_and_records_travel(done: Record) -> None:
    for value in (done, done.job):
        assert pickle.loads(pickle.dumps(value)).__dict__.keys() == value.__dict__.keys()
    assert pickle.loads(pickle.dumps(done.job)) == done.job
    assert hash(done.job) == hash(pickle.loads(pickle.dumps(done.job)))


@pytest.mark.slow
def test_the_same_job_is_the_same_record(done: Record) -> None:
    from napari_concert.evaluate.study import run

    one, other = (pd.DataFrame(each.rows())["value"] for each in (done, run(done.job)))
    assert one.fillna(-9).tolist() == pytest.approx(other.fillna(-9).tolist(), rel=1e-6)
