"""Answers while a stroke goes on: some frames, never a queue, and the last word is that of the whole stroke."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from napari_concert.patches import WhatIf
from napari_concert.prediction import Prediction
from napari_concert.session import Session, View
from napari_concert.slide import Slide


def same(one: Prediction, other: Prediction) -> bool:
    """Whether two predictions say exactly the same of all genes at all spots."""
    return one.genes == other.genes and all(
        np.array_equal(getattr(one.gene(gene), name), getattr(other.gene(gene), name))
        for gene in one.genes
        for name in ("baseline", "predicted", "change", "sd", "lower", "upper")
    )


def waiting(session: Session) -> int:
    return sum(job.name == "live" for job in session.jobs.active())


def test_a_long_stroke_is_answered_while_it_goes_on_and_frames_are_dropped_not_queued(
    live: Session, watch: Callable, until: Callable
) -> None:
    rows, heard, asked = np.arange(200), watch(live), live.jobs.generation("live")
    live.begin_stroke()
    for row in rows:
        live.extend_stroke(np.array([row]))
        assert waiting(live) <= 1
        if row % 10 == 9:  # the picture is drawn less often than the mouse moves
            live.jobs.drain()
        if row == 100:
            until(live, lambda: heard.counts["live_changed"] > 0)
            assert live.current.live is not None
    until(live, lambda: live.current.live.what_if.rows.tolist() == rows.tolist())
    answers = heard.counts["live_changed"]
    assert 2 <= answers <= 40
    assert live.jobs.generation("live") - asked <= 40 < len(rows)
    assert heard.counts["prediction_changed"] == 0, "tables wait for the end of the stroke"
    live.end_stroke()
    assert live.jobs.wait()
    assert heard.counts["live_changed"] == answers
    assert heard.counts["prediction_changed"] == 1
    assert live.current.live is None
    assert live.result.patch_genes is not None
    wanted = WhatIf((rows, {"perturbation": "Ifngr2"}))
    assert same(live.result.prediction, live.model.predict(wanted, live.slide))


def test_the_last_word_is_that_of_the_whole_stroke_even_if_it_ends_while_an_answer_is_made(
    live: Session, watch: Callable
) -> None:
    live.paint([0])
    assert live.jobs.wait()
    heard = watch(live)
    for first in (10, 50, 90):
        live.begin_stroke()
        for row in range(first, first + 20):
            live.extend_stroke(np.array([row]))
        live.end_stroke()
    assert live.jobs.wait()
    assert heard.counts["live_changed"] == 0, "all came too late"
    assert live.current.live is None
    assert live.result.what_if.rows.tolist() == [0, *range(10, 30), *range(50, 70), *range(90, 110)]
    assert same(live.result.prediction, live.model.predict(live.current.what_if, live.slide))


def test_the_picture_follows_the_stroke_and_the_tables_do_not(live: Session, until: Callable) -> None:
    live.paint([0])
    assert live.jobs.wait()
    live.show_gene(live.result.patch_genes.index[0])
    live.show_view(View.CHANGE)
    before, result = live.values().values, live.result
    live.begin_stroke()
    live.extend_stroke(np.arange(100, 140))
    until(live, lambda: live.current.live is not None)
    during = live.values().values
    assert live.result is result
    live.end_stroke()
    assert live.jobs.wait()
    assert not np.array_equal(during, before)
    np.testing.assert_array_equal(live.values().values, during)


def test_an_erasing_stroke_is_answered_too(live: Session, until: Callable) -> None:
    live.paint([1, 2, 3])
    live.begin_stroke(erase=True)
    live.extend_stroke(np.array([2]))
    until(live, lambda: live.current.live is not None)
    assert live.current.live.what_if.rows.tolist() == [1, 3]


def test_without_threads_every_step_is_answered_at_once(trained: Session, watch: Callable) -> None:
    heard = watch(trained)
    trained.begin_stroke()
    for row in range(5):
        trained.extend_stroke(np.array([row]))
        assert trained.current.live.what_if.rows.tolist() == list(range(row + 1))
    assert heard.heard == 5 * ["patch_changed", "live_changed"]
    heard.clear()
    trained.end_stroke()
    assert heard.heard == ["target_changed", "prediction_changed", "shown_changed", "genes_changed", "truth_changed"]
    assert trained.current.live is None
    assert same(trained.result.prediction, trained.model.predict(trained.current.what_if, trained.slide))


def test_without_a_model_or_with_one_that_does_not_fit_nothing_is_asked(
    session: Session, model_folder: object, watch: Callable
) -> None:
    heard = watch(session)
    session.begin_stroke()
    session.extend_stroke(np.array([1]))
    session.end_stroke()
    session.load_model(model_folder)
    session.read_as(columns=replace(session.slide.columns, tissue=None))
    session.begin_stroke()
    session.extend_stroke(np.array([2]))
    session.end_stroke()
    assert heard.counts["live_changed"] == 0
    assert session.jobs.generation("live") == 0


def test_an_error_is_told_once_a_stroke(live: Session, watch: Callable, until: Callable) -> None:
    live.set_target("perturbation", "Jak22")
    heard = watch(live)
    live.begin_stroke()
    for row in range(10):
        live.extend_stroke(np.array([row]))
        until(live, lambda: live.jobs.is_idle)
    assert len(heard.texts("error")) == 1
    assert "Did you mean Jak2" in heard.texts("error")[0]
    assert live.current.live is None
    live.end_stroke()
    assert live.jobs.wait()
    live.set_target("perturbation", "Jak2")
    live.begin_stroke()
    live.extend_stroke(np.array([20]))
    until(live, lambda: live.current.live is not None)
    live.end_stroke()
    assert live.jobs.wait()
    assert live.result.patch.tolist() == [*range(10), 20]


def test_an_answer_for_a_slide_that_was_left_is_not_shown(live: Session, other_slide: Slide, watch: Callable) -> None:
    live.begin_stroke()
    live.extend_stroke(np.array([1]))
    heard = watch(live)
    live.add(other_slide)
    assert live.jobs.wait()
    assert live.slide is other_slide
    assert live.current.live is None
    assert heard.counts["live_changed"] <= 1, "only before the other slide was there"


def test_a_slide_read_otherwise_in_the_middle_of_a_stroke_has_no_older_answer(trained: Session) -> None:
    trained.begin_stroke()
    trained.extend_stroke(np.array([1]))
    assert trained.current.live is not None
    trained.read_as(registered=True)
    assert trained.current.live is None
    assert trained.result.what_if.rows.tolist() == [1]


def test_the_mouse_does_not_wait_for_answers(live: Session) -> None:
    live.paint([0])
    assert live.jobs.wait()
    live.begin_stroke()
    began = time.perf_counter()
    for row in range(200):
        live.extend_stroke(np.array([row]))
    assert (time.perf_counter() - began) / 200 < 0.01
    live.end_stroke()
