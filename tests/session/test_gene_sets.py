"""Gene sets: kept in the session, shown on the slide, and back with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_concert.errors import UnknownName
from napari_concert.prediction import GeneSet
from napari_concert.prediction.genesets import set_values
from napari_concert.session import Colour, Session, View
from napari_concert.session.showing import NO_GENE_MODELLED, NO_PREDICTION
from napari_concert.session.shown import Scaling
from napari_concert.slide import Slide


@pytest.fixture
def scored(trained: Session) -> Session:
    """Return a session with a what-if that shows a set."""
    trained.set_target("perturbation", "Jak2")
    trained.paint(np.flatnonzero(trained.slide.adata.obs["what_if"].to_numpy()))
    first, second, *_ = trained.result.prediction.genes
    trained.add_gene_sets(GeneSet("two", (first, second.upper(), "nope")), GeneSet("none", ("nope",)))
    trained.show_set("two")
    return trained


def test_a_set_is_shown_by_the_mean_change_of_its_modelled_genes(scored: Session) -> None:
    prediction = scored.result.prediction
    mean = np.mean([prediction.gene(name).change for name in prediction.genes[:2]], axis=0)
    shown = scored.values()
    assert (shown.label, shown.unit, shown.kind) == ("two · change", "log2 fold change", "diverging")
    np.testing.assert_allclose(shown.values, mean / np.log(2), atol=1e-6)
    assert shown.note == "mean of 2 of its 3 genes\na model's extrapolation, not a proven cause"
    assert shown.limits[0] == -shown.limits[1]
    scored.add_gene_sets(GeneSet("two", prediction.genes[:2]))
    assert scored.values().note.startswith("mean of its 2 genes\n")
    scored.set_scaling(Scaling(log2=False))
    np.testing.assert_allclose(scored.values().values, mean, atol=1e-6)


def test_views_of_a_set_are_those_of_a_change(scored: Session) -> None:
    scored.show_view(View.UNCERTAINTY)
    expected = set_values(scored.result.prediction, scored.gene_sets["two"]).sd / np.log(2)
    np.testing.assert_allclose(scored.values().values, expected)
    assert scored.values().label == "two · uncertainty"
    for view in (View.OBSERVED, View.BASELINE, View.PREDICTED):
        scored.show_view(view)
        assert scored.shown_view is View.CHANGE
        assert scored.values().label == "two · change"


def test_the_truth_of_a_set_is_the_mean_of_that_of_its_genes(scored: Session) -> None:
    scored.show_view(View.TRUTH)
    genes = scored.result.prediction.genes[:2]
    expected = scored.result.truth.of(genes).mean(axis=1) / np.log(2)
    np.testing.assert_allclose(scored.values().values, expected)
    assert scored.values().label == "two · true change"


def test_a_set_follows_a_stroke_that_goes_on(scored: Session, watch: Callable) -> None:
    before = scored.values().values
    heard = watch(scored)
    scored.begin_stroke()
    scored.extend_stroke(np.array([0, 1, 2]))
    assert heard.counts["live_changed"] == 1
    live = scored.values().values
    expected = set_values(scored.current.live.prediction, scored.gene_sets["two"]).change / np.log(2)
    np.testing.assert_allclose(live, expected)
    assert not np.allclose(live, before)
    scored.end_stroke()


def test_what_cannot_be_shown_says_why(scored: Session, other_slide: Slide) -> None:
    scored.show_set("none")
    assert np.isnan(scored.values().values).all()
    assert scored.values().note == NO_GENE_MODELLED
    bare = Session()
    bare.add(other_slide)
    bare.add_gene_sets(GeneSet("a", ("Krt8",)))
    bare.show_set("a")
    assert np.isnan(bare.values().values).all()
    assert bare.values().note == NO_PREDICTION
    with pytest.raises(UnknownName, match="Did you mean two"):
        scored.show_set("twoo")


def test_sets_are_read_from_a_file_replaced_by_name_and_removed(
    session: Session, tmp_path: Path, watch: Callable
) -> None:
    heard, path = watch(session), tmp_path / "sets.gmt"
    path.write_text("A\tfrom me\tKrt8\tKrt18\nB\t\tFn1\n")
    session.read_gene_sets(path)
    session.add_gene_sets(GeneSet("A", ("Vim",)))
    assert {name: each.genes for name, each in session.gene_sets.items()} == {"A": ("Vim",), "B": ("Fn1",)}
    session.show_set("A")
    session.remove_gene_sets()
    assert session.gene_sets == {}
    assert session.colour.kind == "column"
    assert heard.texts("error") == []
    session.read_gene_sets(tmp_path / "absent.gmt")
    assert "absent.gmt" in heard.texts("error")[0]


# -- kept -------------------------------------------------------------------------------------------------------------


def reopened(slide: Slide, folder: Path) -> tuple[Session, list[str]]:
    session, said = Session(autosave=folder), list[str]()
    session.notified.connect(lambda _kind, text: said.append(text))
    session.add(slide)
    return session, said


def test_sets_come_back_with_the_slide_and_so_does_the_one_that_was_shown(tumour_slide: Slide, tmp_path: Path) -> None:
    first, _ = reopened(tumour_slide, tmp_path)
    first.add_gene_sets(GeneSet("A", ("Krt8", "Fn1")), GeneSet("B", ("Vim",)))
    first.show_set("B")
    first.close()
    second, said = reopened(tumour_slide, tmp_path)
    assert list(second.gene_sets.values()) == [GeneSet("A", ("Krt8", "Fn1")), GeneSet("B", ("Vim",))]
    assert second.colour == Colour("set", "B")
    assert said == ["tumour is as you left it: 2 gene sets."]
    second.remove_gene_sets()
    second.close()
    assert reopened(tumour_slide, tmp_path)[0].gene_sets == {}


def test_sets_of_the_window_are_kept_with_each_of_its_slides(
    tumour_slide: Slide, other_slide: Slide, tmp_path: Path
) -> None:
    first, _ = reopened(tumour_slide, tmp_path)
    first.add_gene_sets(GeneSet("A", ("Krt8",)))
    first.add(other_slide)
    first.close()
    second, _ = reopened(other_slide, tmp_path)
    second.add_gene_sets(GeneSet("A", ("Vim",)), GeneSet("B", ("Fn1",)))
    second.add(tumour_slide)
    assert second.gene_sets == {"A": GeneSet("A", ("Vim",)), "B": GeneSet("B", ("Fn1",))}, "what is there stays"


def test_damaged_sets_are_told_and_set_aside_and_the_work_is_not_lost(tumour_slide: Slide, tmp_path: Path) -> None:
    first, _ = reopened(tumour_slide, tmp_path)
    first.paint([1, 2])
    first.add_gene_sets(GeneSet("A", ("Krt8",)))
    first.show_set("A")
    first.close()
    (path,) = tmp_path.glob("*/gene-sets.json")
    for text in ("{", '{"format": 9}', '{"format": 1, "sets": [[]]}', '{"format": 1, "sets": [["A"]]}'):
        path.write_text(text)
        again, said = reopened(tumour_slide, tmp_path)
        assert again.painted.tolist() == [1, 2]
        assert again.gene_sets == {}
        assert again.colour.kind == "column", "the set that was shown is there no more"
        assert "gene-sets-unreadable.json" in said[0]
        assert path.with_name("gene-sets-unreadable.json").read_text() == text
        again.jobs.shutdown()


def test_thousands_of_sets_are_written_once(tumour_slide: Slide, tmp_path: Path) -> None:
    session, _ = reopened(tumour_slide, tmp_path)
    session.add_gene_sets(*(GeneSet(f"set {i}", tuple(f"gene {k}" for k in range(50))) for i in range(2000)))
    (path,) = tmp_path.glob("*/gene-sets.json")
    written = path.stat().st_mtime_ns
    session.paint([1])
    session.close()
    assert path.stat().st_mtime_ns == written
    assert (path.with_name("work.json")).stat().st_size < 20_000
