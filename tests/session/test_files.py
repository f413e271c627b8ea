"""Saving and loading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pytest

from napari_concert.io import Shape, read
from napari_concert.session import Session

LAYERS = {"baseline", "predicted", "change", "change_sd", "change_lower", "change_upper"}


@pytest.fixture
def painted(trained: Session) -> Session:
    trained.set_target("perturbation", "Jak2")
    trained.paint([0, 4, 7])
    return trained


def test_a_prediction_is_saved_with_all_spots(painted: Session, tmp_path: Path, watch: Callable) -> None:
    heard, path = watch(painted), tmp_path / "out.h5ad"
    painted.save_prediction(path)
    assert heard.texts("info") == [f"Saved the prediction as {path}."]
    assert heard.busy == ["Saving the prediction …", ""]
    saved = anndata.read_h5ad(path)
    assert set(saved.layers) == LAYERS
    assert saved.n_obs == painted.slide.n_spots
    assert np.flatnonzero(saved.obs["painted"]).tolist() == [0, 4, 7]
    gene = saved.var_names[0]
    expected = painted.result.prediction.gene(gene)
    np.testing.assert_allclose(saved[:, gene].layers["change"].ravel(), expected.change, atol=1e-6)
    record = json.loads(saved.uns["napari_concert"])
    assert record["what_if"][0]["target"] == {"perturbation": "Jak2"}


def test_a_patch_is_saved_as_1_based_rows_and_painted_again(painted: Session, tmp_path: Path, watch: Callable) -> None:
    heard = watch(painted)
    painted.save_patch(tmp_path / "mine.txt")
    assert heard.texts("info") == [f"Saved the patch as {tmp_path / 'mine.txt'}."]
    assert (tmp_path / "mine.txt").read_text() == "1\n5\n8\n"
    painted.paint([20])
    painted.load_patch(tmp_path / "mine.txt")
    first, second = painted.patches
    assert first.spots.tolist() == [0, 4, 7, 20]
    assert (second.name, second.spots.tolist(), dict(second.target)) == ("mine", [0, 4, 7], {"perturbation": "Jak2"})
    assert painted.current.painting.current is second
    assert painted.result.patch.tolist() == [0, 4, 7]
    painted.undo()
    assert [patch.spots.tolist() for patch in painted.patches] == [[0, 4, 7, 20]]


def test_patches_are_saved_as_geojson_and_come_back_with_all_that_they_are(painted: Session, tmp_path: Path) -> None:
    painted.new_patch()
    painted.set_target("perturbation", "Tgfbr2")
    painted.paint([7, 9])
    painted.restyle_patch(painted.current.painting.keys[1], name="far", color="#123456")
    painted.new_patch()  # with no spot: there is nothing of it to save
    before = [patch.to_json() for patch in painted.patches[:2]]
    painted.save_patch(str(tmp_path / "patch.geojson"))
    features = json.loads((tmp_path / "patch.geojson").read_text())["features"]
    assert [feature["properties"]["spots"] for feature in features] == [[1, 5, 8], [8, 10]]
    assert features[0]["properties"]["target"] == {"perturbation": "Jak2"}
    painted.remove_patches(painted.current.painting.keys)
    painted.load_patch(str(tmp_path / "patch.geojson"))
    assert [patch.to_json() for patch in painted.patches] == before
    assert painted.result.what_if.rows.tolist() == [0, 4, 7, 9]
    painted.undo()
    assert painted.patches == ()
    painted.undo()
    assert len(painted.patches) == 3


def test_a_core_and_its_surroundings_come_back_from_a_file_as_they_were(painted: Session, tmp_path: Path) -> None:
    painted.perturb_surroundings(2.0 * painted.slide.pitch)
    before, what_if = [patch.to_json() for patch in painted.patches], painted.result.what_if
    painted.save_patch(tmp_path / "niche.geojson")
    painted.remove_patches(painted.current.painting.keys)
    painted.load_patch(tmp_path / "niche.geojson")
    assert [patch.to_json() for patch in painted.patches] == before
    assert painted.result.what_if.rows.tolist() == what_if.rows.tolist()
    assert painted.result.patch.tolist() == [0, 4, 7]


def test_a_csv_of_outlines_has_the_patches_and_what_it_does_not_say_is_the_current_target(
    painted: Session, tmp_path: Path
) -> None:
    painted.restyle_patch(painted.current.painting.active, name="core")
    painted.new_patch()
    painted.paint([9])
    painted.save_patch(tmp_path / "patches.csv")
    painted.set_target("perturbation", "Tgfbr2")
    painted.load_patch(tmp_path / "patches.csv")
    assert [(patch.name, patch.spots.tolist()) for patch in painted.patches[2:]] == [
        ("core", [0, 4, 7]),
        ("patch 1", [9]),
    ]
    assert [dict(patch.target) for patch in painted.patches[2:]] == [{"perturbation": "Tgfbr2"}] * 2


def test_several_patches_are_not_put_into_a_file_of_one(painted: Session, tmp_path: Path, watch: Callable) -> None:
    painted.new_patch()
    painted.paint([9])
    heard = watch(painted)
    painted.save_patch(tmp_path / "patch.txt")
    (said,) = heard.texts("error")
    assert "one patch" in said
    assert ".geojson" in said
    assert list(tmp_path.iterdir()) == []


def test_loading_the_same_again_is_another_patch(painted: Session, tmp_path: Path, watch: Callable) -> None:
    painted.save_patch(tmp_path / "patch.txt")
    heard = watch(painted)
    painted.load_patch(tmp_path / "patch.txt")
    painted.load_patch(tmp_path / "patch.txt")
    assert [patch.spots.tolist() for patch in painted.patches] == [[0, 4, 7]] * 3
    assert heard.counts["patch_changed"] == 2
    assert painted.painted.tolist() == [0, 4, 7]
    assert heard.said == []


def test_loading_ends_the_stroke_that_is_under_way(painted: Session, tmp_path: Path) -> None:
    painted.save_patch(tmp_path / "patch.txt")
    painted.begin_stroke()
    painted.extend_stroke(np.array([30]))
    painted.load_patch(tmp_path / "patch.txt")
    painted.undo()
    assert [patch.spots.tolist() for patch in painted.patches] == [[0, 4, 7, 30]]
    painted.undo()
    assert [patch.spots.tolist() for patch in painted.patches] == [[0, 4, 7]]


@pytest.mark.parametrize(
    ("text", "reason"), [("1\n9999\n", "has spots 1 to 300"), ("a b", "not a list of row numbers")]
)
def test_a_patch_that_does_not_fit_is_refused(
    painted: Session, tmp_path: Path, text: str, reason: str, watch: Callable
) -> None:
    (tmp_path / "patch.txt").write_text(text)
    heard = watch(painted)
    painted.load_patch(tmp_path / "patch.txt")
    painted.load_patch(tmp_path / "absent.txt")
    assert reason in heard.texts("error")[0]
    assert "There is no file" in heard.texts("error")[1]
    assert painted.painted.tolist() == [0, 4, 7]


def test_a_slide_is_saved_with_painted_labels_and_read_back(session: Session, tmp_path: Path) -> None:
    session.paint([1, 2])
    session.label_painted("mine", "lesion", "none")
    session.save_slide(tmp_path / "slide.h5ad")
    slide = read(tmp_path / "slide.h5ad")
    assert np.flatnonzero(slide.labels("mine") == "lesion").tolist() == [1, 2]
    assert slide.fingerprint == session.slide.fingerprint
    assert (slide.counts != session.slide.counts).nnz == 0


@pytest.mark.parametrize("name", ["figure.png", "figure.svg", "figure.pdf"])
def test_a_figure_of_the_shown_gene_or_of_the_leading_one(painted: Session, tmp_path: Path, name: str) -> None:
    pytest.importorskip("napari_concert.figures", reason="figures are not there yet")
    painted.save_figure(tmp_path / name)
    assert (tmp_path / name).stat().st_size > 1000


def test_a_figure_without_a_shown_gene(painted: Session, tmp_path: Path, watch: Callable) -> None:
    pytest.importorskip("napari_concert.figures", reason="figures are not there yet")
    painted.show_column("tissue")
    heard = watch(painted)
    painted.save_figure(tmp_path / "figure.png")
    assert heard.texts("error") == []
    assert (tmp_path / "figure.png").exists()


def test_there_must_be_something_to_save(session: Session, tmp_path: Path, watch: Callable) -> None:
    heard = watch(session)
    session.save_prediction(tmp_path / "out.h5ad")
    session.save_patch(tmp_path / "patch.txt")
    session.save_figure(tmp_path / "figure.png")
    assert [text.split(";")[0].split(",")[0] for text in heard.texts("error")] == [
        "There is no prediction to save",
        "Nothing is painted",
        "There is no prediction to draw",
    ]
    assert list(tmp_path.iterdir()) == []


WRITERS = [
    ("save_prediction", "out.h5ad", "out.csv"),
    ("save_patch", "patch.txt", "patch.svg"),
    ("save_patch", "patch.csv", "patch.h5ad"),
    ("save_patch", "patch.geojson", "patch"),
    ("save_slide", "slide.h5ad", "slide.h5"),
    ("save_figure", "figure.png", "figure.xyz"),
]


@pytest.mark.parametrize(("verb", "_", "name"), WRITERS)
def test_a_wrong_ending_is_notified(
    painted: Session, tmp_path: Path, verb: str, _: str, name: str, watch: Callable
) -> None:
    heard = watch(painted)
    getattr(painted, verb)(tmp_path / name)
    assert [name in text and "end" in text for text in heard.texts("error")] == [True]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("verb", "name", "_"), WRITERS)
def test_a_folder_that_can_not_be_written_is_notified_and_nothing_is_lost(
    painted: Session, tmp_path: Path, locked: Callable, verb: str, name: str, _: str, watch: Callable
) -> None:
    heard, result = watch(painted), painted.result
    getattr(painted, verb)(locked(tmp_path) / name)
    assert ["can't be written" in text for text in heard.texts("error")] == [True]
    assert heard.busy[-1] == ""
    assert painted.painted.tolist() == [0, 4, 7]
    assert painted.result is result


def test_a_failed_save_leaves_the_old_file(painted: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.h5ad"
    painted.save_prediction(path)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(anndata.AnnData, "write_h5ad", full)
    said = []
    painted.notified.connect(lambda kind, text: said.append((kind, text)))
    painted.save_prediction(path)
    assert said[0][0] == "error"
    assert "No space left on device" in said[0][1]
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.h5ad"]


def test_saving_in_the_background_takes_the_result_as_it_is_now(
    threaded: Callable, painted: Session, model_folder: Path, tmp_path: Path, watch: Callable, current_thread: object
) -> None:
    session = threaded(painted.slide)
    session.load_model(model_folder)
    assert session.jobs.wait()
    session.paint([2])
    assert session.jobs.wait()
    heard = watch(session)
    session.save_prediction(tmp_path / "out.h5ad")
    session.paint([3])
    assert session.jobs.wait()
    saved = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert np.flatnonzero(saved.obs["painted"]).tolist() == [2]
    assert heard.threads == {current_thread}


def test_an_unforeseen_error_is_one_line_and_names_the_log(
    painted: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, watch: Callable
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the disk sang")

    monkeypatch.setattr("napari_concert.session.saving.slide", broken)
    heard = watch(painted)
    painted.save_slide(tmp_path / "slide.h5ad")
    assert "RuntimeError: the disk sang. The log has the details" in heard.texts("error")[0]


def test_drawn_shapes_become_patches_as_one_edit(painted: Session, watch: Callable) -> None:
    x, y = painted.slide.coords[40]
    box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.6 * painted.slide.pitch + (x, y)
    heard = watch(painted)
    painted.add_shapes([Shape(box, name="core", color="#123456"), Shape(box)])
    first, core, other = painted.patches
    assert (core.name, core.color, core.spots.tolist()) == ("core", "#123456", [40])
    assert other.color not in (first.color, core.color)
    assert dict(core.target) == dict(other.target) == {"perturbation": "Jak2"}
    assert heard.texts("info") == ["Added 2 patches from 2 shapes."]
    painted.undo()
    assert painted.patches == (first,)
    painted.add_shapes([Shape(box + 1e7)])
    assert "outside" in heard.texts("error")[0]


def test_one_of_several_patches_is_saved_alone(painted: Session, tmp_path: Path) -> None:
    painted.new_patch()
    painted.paint([9])
    painted.save_patch(tmp_path / "one.txt", only=painted.current.painting.keys[0])
    assert (tmp_path / "one.txt").read_text() == "1\n5\n8\n"
