"""What-ifs: the last request wins, stale answers are dropped, tables are made, agreement with the truth."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_concert.concert import Concert
from napari_concert.evaluate import known_truth
from napari_concert.patches import WhatIf
from napari_concert.session import Session, TrainingSettings, results
from napari_concert.session.shown import View
from napari_concert.session.workspace import Workspace
from napari_concert.simulate import truth
from napari_concert.slide import Slide


def control_patch(slide: Slide) -> np.ndarray:
    """Return the example patch of a simulated slide."""
    return np.flatnonzero(slide.adata.obs["what_if"].to_numpy())


def test_the_session_says_what_the_model_says(trained: Session, model_folder: Path) -> None:
    rows = control_patch(trained.slide)
    trained.set_target("perturbation", "Jak2")
    trained.paint(rows)
    expected = Concert.load(model_folder, trained.slide).predict(WhatIf((rows, {"perturbation": "Jak2"})))
    for gene in expected.genes[:5]:
        found, wanted = trained.result.prediction.gene(gene), expected.gene(gene)
        for name in ("observed", "baseline", "predicted", "change", "sd", "lower", "upper"):
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-9, atol=1e-12)
    assert np.abs(trained.result.prediction.gene(expected.genes[0]).change).max() > 0


def test_patch_and_ring_and_their_tables(trained: Session) -> None:
    rows = control_patch(trained.slide)
    trained.paint(rows)
    result = trained.result
    assert result.patch.tolist() == rows.tolist()
    assert len(result.ring)
    assert not set(result.ring) & set(rows)
    steps = trained.slide.coords[result.ring][:, None] - trained.slide.coords[rows][None]
    assert np.linalg.norm(steps, axis=-1).min(axis=1).max() <= results.RING_PITCHES * trained.slide.pitch * (1 + 1e-9)
    for table, region in ((result.patch_genes, result.patch), (result.ring_genes, result.ring)):
        assert sorted(table.index) == sorted(result.prediction.genes)
        expected = result.prediction.region_change(region).loc[table.index]
        np.testing.assert_allclose(table["change"], expected["change"])


def test_agreement_with_the_truth_is_a_correlation_across_genes(trained: Session) -> None:
    rows = control_patch(trained.slide)
    trained.set_target("perturbation", "Jak2")
    trained.paint(rows)
    result = trained.result
    true = truth(trained.slide, WhatIf((rows, {"perturbation": "Jak2"})), result.prediction.genes).change
    predicted = result.prediction.region_change(rows)["change"].to_numpy()
    patch, around = result.agreement
    assert patch.genes_pcc == pytest.approx(np.corrcoef(predicted, true[rows].mean(axis=0))[0, 1])
    assert (patch.region, around.region) == ("patch", "surroundings")
    gene = result.prediction.genes[0]
    np.testing.assert_allclose(result.truth.of([gene])[:, 0], true[:, 0])


def test_a_slide_that_was_measured_has_no_truth(unlike_slide: Slide) -> None:
    session = Session()
    session.add(unlike_slide)
    session.train(TrainingSettings(max_epochs=1))
    session.paint([1])
    assert not session.has_truth
    assert session.result.agreement == ()
    assert session.result.truth is None


def test_truth_is_not_claimed_for_a_table_that_was_edited(tumour_slide: Slide, model_folder: Path) -> None:
    labels = tumour_slide.labels("perturbation")
    labels[labels == "Tgfbr2"] = "other"
    edited = tumour_slide.with_labels("perturbation", labels)
    assert known_truth(edited)
    session = Session()
    session.add(edited)
    session.train(TrainingSettings(max_epochs=1))
    session.paint([1])
    assert session.result.agreement == ()
    assert session.result.truth is None


def test_signals_of_an_answer(trained: Session, watch: Callable) -> None:
    trained.paint([9])
    heard = watch(trained)
    trained.paint([1, 2])
    assert heard.heard == ["patch_changed", "target_changed", "prediction_changed", "genes_changed", "truth_changed"]
    heard.clear()
    trained.clear()
    assert trained.result.what_if.is_empty
    assert trained.result.patch_genes is None
    assert heard.heard == ["patch_changed", "target_changed", "prediction_changed", "genes_changed", "truth_changed"]


def test_undo_restores_the_prediction(trained: Session) -> None:
    trained.paint([1, 2])
    before = trained.result.prediction.gene("Krt8")
    trained.paint([30, 31, 32])
    trained.undo()
    after = trained.result.prediction.gene("Krt8")
    np.testing.assert_array_equal(after.change, before.change)


def test_the_latest_of_many_strokes_wins(live: Session, watch: Callable, current_thread: object) -> None:
    heard = watch(live)
    for row in range(30):
        live.paint([row])
    assert live.jobs.wait()
    assert live.result.patch.tolist() == list(range(30))
    assert live.result.patch_genes is not None
    assert heard.counts["prediction_changed"] <= 30
    assert heard.threads == {current_thread}


def gate(monkeypatch: pytest.MonkeyPatch, when: str) -> tuple[threading.Event, threading.Event]:
    """Hold the next prediction in its worker: before its answer, or before its tables; later ones run freely."""
    entered, go, real, first = threading.Event(), threading.Event(), results.compute, [True]

    def held(*args: Any) -> Iterator[results.Result]:
        steps = real(*args)
        hold = first.pop() if first else False
        if hold and when == "tables":
            yield next(steps)
        if hold:
            entered.set()
            assert go.wait(10)
        yield from steps

    monkeypatch.setattr(results, "compute", held)
    return entered, go


@pytest.mark.parametrize("when", ["answer", "tables"])
def test_an_answer_to_an_older_request_is_dropped(live: Session, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    entered, go = gate(monkeypatch, when)
    live.paint([1])
    assert entered.wait(10)
    live.paint([2])
    go.set()
    seen = []
    live.prediction_changed.connect(lambda: seen.append(live.result.patch.tolist()))
    assert live.jobs.wait()
    assert seen == [[1, 2]]
    assert live.result.patch_genes is not None


def test_an_answer_about_another_reading_of_the_slide_is_dropped(
    live: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go = gate(monkeypatch, "answer")
    live.paint([1])
    assert entered.wait(10)
    live.read_as(columns=replace(live.slide.columns, tissue=None))
    go.set()
    assert live.jobs.wait()
    assert live.result is None


def test_an_answer_about_a_slide_that_was_left_or_closed_is_not_shown(
    live: Session, unlike_slide: Slide, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.add(unlike_slide)
    assert live.jobs.wait()
    live.choose(live.workspaces[0])
    assert live.jobs.wait()
    entered, go = gate(monkeypatch, "answer")
    live.paint([1])
    assert entered.wait(10)
    live.choose(live.workspaces[1])
    live.workspaces[0].result = None
    go.set()
    assert live.jobs.wait()
    assert live.result is None
    assert live.workspaces[0].result is None


def test_a_result_of_another_slide_object_is_never_taken(trained: Session) -> None:
    trained.paint([1])
    old, current = trained.result, trained.current
    trained.read_as(registered=True)
    new = trained.result
    trained._set_result(current, old)
    assert trained.result is new


def test_a_failed_prediction_is_told_and_leaves_no_older_answer(trained: Session, watch: Callable) -> None:
    trained.paint([1])
    heard = watch(trained)
    trained.set_target("perturbation", "Jak22")
    assert "Did you mean Jak2" in heard.texts("error")[0]
    assert trained.result is None
    trained.set_target("perturbation", "Jak2")
    assert trained.result.patch.tolist() == [1]


def test_a_failure_of_an_older_request_is_not_told(
    live: Session, monkeypatch: pytest.MonkeyPatch, watch: Callable
) -> None:
    live.paint([1])
    assert live.jobs.wait()
    entered, go = gate(monkeypatch, "answer")
    heard = watch(live)
    live.set_target("perturbation", "Jak22")
    assert entered.wait(10)
    live.set_target("perturbation", "Jak2")
    go.set()
    assert live.jobs.wait()
    assert heard.texts("error") == []
    assert live.result.patch.tolist() == [1]


def test_compute_gives_the_answer_before_its_tables(tumour_slide: Slide, model_folder: Path) -> None:
    model, workspace = Concert.load(model_folder, tumour_slide), Workspace(tumour_slide)
    what_if = WhatIf(([3, 8], {"perturbation": "Jak2"}))
    first, second = results.compute(model, tumour_slide, workspace.index, what_if, np.array([3]))
    assert first.patch_genes is None
    assert not first.is_whole
    assert second.patch_genes is not None
    assert second.is_whole
    assert second.prediction is first.prediction
    assert second.patch.tolist() == [3]
    *_, empty = results.compute(model, tumour_slide, workspace.index, WhatIf(), np.array([], dtype=np.int64))
    assert len(empty.patch) == len(empty.ring) == 0
    assert not empty.truth.of().any()
    assert empty.patch_genes is None


def test_the_truth_of_a_stroke_waits_for_its_end(trained: Session) -> None:
    trained.set_target("perturbation", "Jak2")
    rows = control_patch(trained.slide)
    trained.paint(rows[:1])
    gene = trained.slide.genes[int(np.nanargmax(np.abs(trained.result.truth.of()[rows[0]])))]
    trained.show_gene(gene)
    trained.show_view(View.TRUTH)
    before = trained.values().values
    trained.begin_stroke()
    trained.extend_stroke(rows[1:])
    assert trained.current.live is not None
    np.testing.assert_array_equal(trained.values().values, before)
    trained.end_stroke()
    true = trained.result.truth.of([gene])[:, 0]
    assert not np.allclose(true / np.log(2), before)
    np.testing.assert_allclose(trained.values().values, true / np.log(2))


def test_without_spots_in_the_active_patch_the_tables_read_all_that_is_perturbed(
    tumour_slide: Slide, model_folder: Path
) -> None:
    model, workspace = Concert.load(model_folder, tumour_slide), Workspace(tumour_slide)
    what_if = WhatIf(([3, 8], {"perturbation": "Jak2"}))
    *_, result = results.compute(model, tumour_slide, workspace.index, what_if, np.array([], dtype=np.int64))
    assert result.patch.tolist() == [3, 8]
