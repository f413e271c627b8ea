"""What was done comes back; what can't be kept or read back is said, once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

from napari_concert.concert import Concert
from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata
from napari_concert.patches import Patch
from napari_concert.session import Colour, Session, TrainingSettings
from napari_concert.session.autosave import MODEL, RECORD, Autosave
from napari_concert.session.work import Work
from napari_concert.session.workspace import Workspace
from napari_concert.slide import Columns, Slide

SHORT = TrainingSettings(max_epochs=2, device="cpu")
EMPTY = Work(Columns()).to_json()


def opened(slide: Slide, folder: Path, watch: Callable | None = None) -> tuple[Session, list[tuple[str, str]]]:
    """Open a slide in a new session that keeps its work in a folder."""
    session = Session(autosave=folder)
    heard = watch(session) if watch is not None else None
    session.add(slide)
    return session, heard.said if heard is not None else []


def spots(work: Work) -> list[list[int]]:
    return [patch.spots.tolist() for patch in work.patches]


def reopened(adata: AnnData, folder: Path, watch: Callable) -> tuple[Session, list[tuple[str, str]]]:
    return opened(from_anndata(adata, name="tumour"), folder, watch)


# -- what comes back --------------------------------------------------------------------------------------------------


def test_everything_comes_back(tumour_adata: AnnData, tumour_slide: Slide, tmp_path: Path, watch: Callable) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.paint([1, 2])
    first.label_painted("mine", "lesion", "none")
    first.read_as(um_per_unit=2.0, registered=True)
    first.train(SHORT)
    first.paint([5, 6, 7])
    first.set_target("tissue", "tumour")
    first.show_gene("Krt8")
    first.close()
    second, said = reopened(tumour_adata, tmp_path, watch)
    assert second.slide.columns == first.slide.columns
    assert second.slide.units == first.slide.units
    assert second.slide.registered
    assert np.flatnonzero(second.slide.labels("mine") == "lesion").tolist() == [1, 2]
    assert second.current.labelled == ["mine"]
    assert second.painted.tolist() == [5, 6, 7]
    assert second.target == {"perturbation": "lesion", "tissue": "tumour"}
    assert second.colour == Colour("gene", "Krt8")
    assert second.model.hash == first.model.hash
    assert second.model_name == "restored"
    assert second.model_problem == ""
    assert second.result.patch.tolist() == [5, 6, 7]
    assert said == [("info", "tumour is as you left it: 3 painted spots and a trained model.")]


def test_it_comes_back_by_content_whatever_the_path(
    session: Session, slide_path: Path, tmp_path: Path, tumour_slide: Slide
) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.paint([4])
    first.close()
    second = Session(autosave=tmp_path)
    second.open(slide_path)
    assert second.painted.tolist() == [4]


def test_the_restored_patch_can_be_undone_and_redone(tumour_slide: Slide, tmp_path: Path) -> None:
    opened(tumour_slide, tmp_path)[0].paint([4, 5])
    second, _ = opened(tumour_slide, tmp_path)
    second.undo()
    assert second.painted.size == 0
    second.redo()
    assert second.painted.tolist() == [4, 5]


def test_a_stroke_under_way_at_closing_is_kept(tumour_slide: Slide, tmp_path: Path) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.begin_stroke()
    first.extend_stroke(np.array([8]))
    first.close()
    assert opened(tumour_slide, tmp_path)[0].painted.tolist() == [8]


def test_a_model_comes_back_without_anything_painted(tumour_slide: Slide, tmp_path: Path, watch: Callable) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.train(SHORT)  # and no orderly end
    second, said = opened(tumour_slide, tmp_path, watch)
    assert second.model.hash == first.model.hash
    assert said == [("info", "tumour is as you left it: a trained model.")]


def test_a_model_of_several_slides_comes_back_with_each_of_them(
    tumour_slide: Slide, other_slide: Slide, tmp_path: Path
) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.add(other_slide)
    first.train(replace(SHORT, all_slides=True))
    for slide in (tumour_slide, other_slide):
        assert opened(slide, tmp_path)[0].model.hash == first.model.hash


def test_a_model_that_fits_no_more_comes_back_with_its_problem_and_hides_nothing(
    tumour_slide: Slide, tmp_path: Path
) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.train(SHORT)
    first.paint([3])
    first.read_as(columns=replace(tumour_slide.columns, perturbation=None, control=()))
    first.close()
    second, _ = opened(tumour_slide, tmp_path)
    assert second.painted.tolist() == [3]
    assert second.model.hash == first.model.hash
    assert second.model_problem
    assert second.result is None


def test_a_model_that_is_used_already_is_not_replaced_nor_announced(
    tumour_slide: Slide, other_slide: Slide, tmp_path: Path, watch: Callable
) -> None:
    opened(other_slide, tmp_path)[0].train(SHORT)
    second, _ = opened(tumour_slide, tmp_path)
    second.train(SHORT)
    model, heard = second.model, watch(second)
    second.add(other_slide)
    assert second.model is model
    assert heard.texts("info") == []


def test_what_the_user_says_now_goes_before_what_was_kept(
    slide_path: Path, tumour_slide: Slide, tmp_path: Path
) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.paint([1])
    first.label_painted("mine", "lesion", "none")
    first.read_as(um_per_unit=2.0)
    first.paint([5])
    first.close()
    second = Session(autosave=tmp_path)
    second.open(slide_path, columns=tumour_slide.columns)
    assert second.slide.columns == tumour_slide.columns
    assert second.slide.units.um_per_unit == 2.0
    assert second.target == {"perturbation": "Ifngr2"}, "the kept target is of another column"
    assert second.painted.tolist() == [5]
    assert "mine" in second.slide.adata.obs, "painted labels are no matter of reading"
    second.paint([6])
    second.close()
    third, _ = opened(tumour_slide, tmp_path)
    assert third.painted.tolist() == [5, 6]


def test_a_column_that_is_gone_from_the_file_costs_the_reading_alone(
    tumour_adata: AnnData, tmp_path: Path, watch: Callable
) -> None:
    with_column = tumour_adata.copy()
    with_column.obs["region"] = np.where(np.arange(with_column.n_obs) < 99, "a", "b")
    first, _ = reopened(with_column, tmp_path, watch)
    first.read_as(columns=replace(first.slide.columns, tissue="region"))
    first.show_column("region")
    first.paint([3])
    second, said = reopened(tumour_adata, tmp_path, watch)
    assert second.painted.tolist() == [3]
    assert second.colour == Colour("column", "perturbation")
    assert [kind for kind, _ in said] == ["warning", "info"]
    assert "region" in said[0][1]


# -- when it is written -----------------------------------------------------------------------------------------------


def test_an_untouched_slide_writes_nothing(tumour_slide: Slide, other_slide: Slide, tmp_path: Path) -> None:
    session, _ = opened(tumour_slide, tmp_path / "kept")
    session.add(other_slide)
    session.close_slide()
    session.close()
    assert not (tmp_path / "kept").exists()


def test_what_was_restored_is_not_written_again_but_its_undoing_is(tumour_slide: Slide, tmp_path: Path) -> None:
    opened(tumour_slide, tmp_path)[0].paint([4])
    record = next(tmp_path.rglob(RECORD))
    record.write_text(record.read_text() + "\n")  # the same record, told apart
    second, _ = opened(tumour_slide, tmp_path)
    second.close()
    assert record.read_text().endswith("\n")
    third, _ = opened(tumour_slide, tmp_path)
    third.undo()
    third.close()
    assert json.loads(record.read_text())["patches"] == []


def test_every_edit_is_kept_at_once_without_threads(tumour_slide: Slide, tmp_path: Path) -> None:
    session, _ = opened(tumour_slide, tmp_path)
    autosave, painting = session.autosave, session.current.painting
    for edit in (
        lambda: session.set_target("perturbation", "Tgfbr2"),
        lambda: session.paint([1, 2]),
        lambda: session.set_target("perturbation", "Jak2"),
        session.new_patch,
        lambda: session.select_label("tissue", "tumour"),
        lambda: session.restyle_patch(painting.keys[1], name="lesion", color="#123456", locked=True),
        lambda: session.duplicate_patch(painting.keys[0]),
        lambda: session.restyle_patch(painting.keys[0], hidden=True),
        lambda: session.choose_patch(painting.keys[1]),
        lambda: session.move_patch(painting.keys[0], 2),
        lambda: session.choose_patch(painting.keys[1]),
        lambda: session.perturb_surroundings(1.5 * session.slide.pitch),
        session.undo,
        session.redo,
        lambda: session.merge_patches(painting.keys[-2:]),
        lambda: session.remove_patches(painting.keys[:1]),
        session.clear,
    ):
        before = autosave.work(tumour_slide)
        edit()
        work = autosave.work(tumour_slide)
        assert before is None or work.to_json() != before.to_json()
        assert [patch.to_json() for patch in work.patches] == [patch.to_json() for patch in session.patches]
        assert work.active == (painting.keys.index(painting.active) if painting.keys else -1)
        assert work.target == dict(painting.target)
    for act, expected in (
        (lambda: session.show_gene("Krt8"), {"colour": Colour("gene", "Krt8")}),
        (lambda: session.read_as(um_per_unit=3.0), {"um_per_unit": 3.0}),
    ):
        act()
        work = autosave.work(tumour_slide)
        assert {name: getattr(work, name) for name in expected} == expected


def test_a_burst_of_strokes_is_written_once_and_closing_does_not_wait(
    threaded: Callable, tumour_slide: Slide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[str] = []
    real = Autosave._writing

    def counted(self: Autosave, *args: object) -> None:
        writes.append(threading.current_thread().name)
        real(self, *args)

    monkeypatch.setattr(Autosave, "_writing", counted)
    session = threaded(tumour_slide, tmp_path)
    for row in range(10):
        session.paint([row])
    assert writes == []
    session.close()
    assert len(writes) == 1
    assert opened(tumour_slide, tmp_path)[0].painted.tolist() == list(range(10))


def test_the_newest_work_is_on_disk_whoever_writes_last(tumour_slide: Slide, tmp_path: Path) -> None:
    autosave, workspace = Autosave(tmp_path), Workspace(tumour_slide)
    for rows in ([1], [1, 2]):
        workspace.painting.replace(rows)
        autosave.want(tumour_slide, Work.of(workspace))
    autosave.write(tumour_slide)  # a job of the first edit that comes late
    assert spots(autosave.work(tumour_slide)) == [[1, 2]]


def test_a_write_is_asked_for_once_until_it_begins(tumour_slide: Slide, other_slide: Slide, tmp_path: Path) -> None:
    autosave, work = Autosave(tmp_path), Work.of(Workspace(tumour_slide))
    assert autosave.want(tumour_slide, work)
    assert not autosave.want(tumour_slide, work)
    assert autosave.want(other_slide, work), "each slide has a write of its own"
    autosave.write(tumour_slide)
    assert autosave.want(tumour_slide, work)


def test_a_long_stroke_is_kept_while_it_goes_on(
    threaded: Callable, tumour_slide: Slide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_concert.session.base.AUTOSAVE_DELAY", 0.1)
    session, seen = threaded(tumour_slide, tmp_path), []
    session.begin_stroke()
    for row in range(60):  # never still for as long as a write waits
        session.extend_stroke(np.array([row]))
        time.sleep(0.01)
        work = session.autosave.work(tumour_slide)
        seen.append(len(work.patches[0]) if work is not None else 0)
    assert seen[-1] >= 20
    assert len(set(seen)) < 20, "and not at every step"
    assert session.current.painting.in_stroke


def test_edits_are_kept_in_the_background_after_a_while(
    threaded: Callable, tumour_slide: Slide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_concert.session.base.AUTOSAVE_DELAY", 0.01)
    session = threaded(tumour_slide, tmp_path)
    session.paint([7])
    assert session.jobs.wait()
    assert spots(session.autosave.work(tumour_slide)) == [[7]]


# -- afresh -----------------------------------------------------------------------------------------------------------


def test_starting_afresh_forgets_it_all(tumour_slide: Slide, tmp_path: Path, watch: Callable) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.train(SHORT)
    first.paint([3])
    first.start_afresh()
    assert list(tmp_path.iterdir()) == []
    first.close()
    assert list(tmp_path.iterdir()) == []
    second, said = opened(tumour_slide, tmp_path, watch)
    assert second.painted.size == 0
    assert second.model is None
    assert said == []


def test_an_edit_that_waits_to_be_written_is_forgotten_too(
    threaded: Callable, tumour_slide: Slide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_concert.session.base.AUTOSAVE_DELAY", 0.05)
    session = threaded(tumour_slide, tmp_path)
    session.paint([3])
    session.start_afresh()
    assert session.jobs.wait()
    assert list(tmp_path.iterdir()) == []


# -- what can't be read or written ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        '{"format": 99}',
        '{"format": 2}',
        json.dumps(EMPTY | {"columns": {"wrong": 1}}),
        json.dumps(EMPTY | {"patches": [{"spots": ["x"]}]}),
        json.dumps(EMPTY | {"patches": [{"spots": [-5]}]}),
        json.dumps(EMPTY | {"patches": [{"target": {}}]}),
        json.dumps(EMPTY | {"patches": None}),
        json.dumps(EMPTY | {"active": 0}),
        json.dumps(EMPTY | {"patches": [{"spots": [1]}], "active": -2}),
        json.dumps(EMPTY | {"target": None}),
    ],
)
def test_a_damaged_file_is_told_and_set_aside(tumour_slide: Slide, tmp_path: Path, text: str, watch: Callable) -> None:
    opened(tumour_slide, tmp_path)[0].train(SHORT)
    record = next(tmp_path.iterdir()) / RECORD
    record.write_text(text)
    session, said = opened(tumour_slide, tmp_path, watch)
    assert [kind for kind, _ in said] == ["warning", "info"]
    assert "work-unreadable.json" in said[0][1]
    assert session.painted.size == 0
    assert session.model is not None, "the model is not damaged"
    session.paint([4])
    session.close()
    assert record.with_name("work-unreadable.json").read_text() == text
    again, said = opened(tumour_slide, tmp_path, watch)
    assert again.painted.tolist() == [4]
    assert [kind for kind, _ in said] == ["info"]


@pytest.mark.parametrize("labels", [["a"], [[1, 2]] * 300])
def test_labels_that_do_not_fit_the_slide_are_told(
    tumour_slide: Slide, tmp_path: Path, labels: list, watch: Callable
) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.paint([1])
    record = next(tmp_path.rglob(RECORD))
    record.write_text(json.dumps(json.loads(record.read_text()) | {"labelled": {"mine": labels}}))
    session, said = opened(tumour_slide, tmp_path, watch)
    assert session.slide is tumour_slide
    assert said[0][0] == "warning"


def test_rows_and_colours_that_the_slide_has_not_are_left_out(tumour_slide: Slide, tmp_path: Path) -> None:
    opened(tumour_slide, tmp_path)[0].paint([1])
    record = next(tmp_path.rglob(RECORD))
    wrong = {"patches": [{"spots": [1, 999]}], "colour": {"kind": "gene", "name": "Absent"}}
    record.write_text(json.dumps(json.loads(record.read_text()) | wrong))
    session, _ = opened(tumour_slide, tmp_path)
    assert session.painted.tolist() == [1]
    assert session.colour == Colour("column", "perturbation")


def test_a_damaged_model_costs_the_model_alone(tumour_slide: Slide, tmp_path: Path, watch: Callable) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    first.train(SHORT)
    first.paint([2])
    next(tmp_path.rglob("*.safetensors")).write_bytes(b"not weights")
    second, said = opened(tumour_slide, tmp_path, watch)
    assert second.painted.tolist() == [2]
    assert second.model is None
    assert [kind for kind, _ in said] == ["warning", "info"]
    assert "The model trained on tumour can't be read back" in said[0][1]


def test_a_folder_that_can_not_be_written_is_told_once(
    tumour_slide: Slide, tmp_path: Path, locked: Callable, watch: Callable
) -> None:
    session, _ = opened(tumour_slide, locked(tmp_path))
    heard = watch(session)
    for row in range(5):
        session.paint([row])
    session.train(SHORT)
    session.close()
    errors = heard.texts("error")
    assert len(errors) == 1
    assert "can't be kept in" in errors[0]
    assert "save patch and model by hand" in errors[0]
    assert session.painted.tolist() == [0, 1, 2, 3, 4]
    assert session.model is not None


def test_a_folder_that_can_be_written_again_is_told_of_anew_when_it_fails_again(
    tumour_slide: Slide, tmp_path: Path, watch: Callable
) -> None:
    session, _ = opened(tumour_slide, tmp_path / "kept")
    heard = watch(session)
    (tmp_path / "kept").write_text("in the way")
    session.paint([1])
    (tmp_path / "kept").unlink()
    session.paint([2])
    assert spots(session.autosave.work(tumour_slide)) == [[1, 2]]
    folder = session.autosave.of(tumour_slide)
    (folder / RECORD).unlink()
    folder.rmdir()
    folder.write_text("in the way")
    session.paint([3])
    session.paint([4])
    assert len(heard.texts("error")) == 2


def test_a_model_is_kept_only_while_it_is_wanted(tumour_slide: Slide, model_folder: Path, tmp_path: Path) -> None:
    autosave, model = Autosave(tmp_path), Concert.load(model_folder)
    autosave.keep_model(tumour_slide, model, lambda: False)
    assert autosave.model(tumour_slide) is None
    autosave.keep_model(tumour_slide, model)
    assert autosave.model(tumour_slide).hash == model.hash
    assert (autosave.of(tumour_slide) / MODEL).is_dir()
    with pytest.raises(ConcertError, match="not trained"):
        autosave.keep_model(tumour_slide, Concert(tumour_slide))


def test_work_survives_json(tumour_slide: Slide) -> None:
    workspace = Workspace(tumour_slide.with_um_per_unit(2.0))
    workspace.painting.replace([1, 2])
    workspace.painting.add([Patch([5], {"tissue": "lung", "dose": 2.5}, "läsion", "#010203", hidden=True, locked=True)])
    workspace.painting.choose(workspace.painting.keys[0])
    work = Work.of(workspace)
    back = Work.from_json(json.loads(json.dumps(work.to_json())))
    assert back.to_json() == work.to_json()
    assert back.patches[1].to_json() == workspace.painting.patches[1].to_json()
    assert (back.active, back.um_per_unit, back.columns) == (0, 2.0, tumour_slide.columns)


def test_patches_come_back_as_they_were_and_the_active_one_is_active(
    tumour_adata: AnnData, tumour_slide: Slide, tmp_path: Path, watch: Callable
) -> None:
    first, _ = opened(tumour_slide, tmp_path)
    for rows, state in (([1, 2], "Jak2"), ([2, 3], "Tgfbr2"), ([9], "Ifngr2")):
        first.new_patch()
        first.set_target("perturbation", state)
        first.paint(rows)
    first.restyle_patch(first.current.painting.keys[2], hidden=True, name="far")
    first.restyle_patch(first.current.painting.keys[0], locked=True, color="#111111")
    first.choose_patch(first.current.painting.keys[1])
    first.close()
    second, said = reopened(tumour_adata, tmp_path, watch)
    assert [patch.to_json() for patch in second.patches] == [patch.to_json() for patch in first.patches]
    assert second.current.painting.current.name == "patch 2"
    assert said == [("info", "tumour is as you left it: 3 painted spots.")]
    second.paint([4])
    assert second.patches[1].spots.tolist() == [2, 3, 4]
    second.undo()
    second.undo()
    assert second.patches == ()
