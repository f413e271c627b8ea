"""What-ifs that are kept: switched, renamed, set side by side on one scale, and found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_concert.errors import ConcertError
from napari_concert.patches import WhatIf
from napari_concert.prediction import GeneSet
from napari_concert.session import Session, View
from napari_concert.session.work import Work
from napari_concert.session.workspace import Workspace

CORE, WIDER, APART = range(20, 28), range(20, 40), range(100, 110)


@pytest.fixture
def two(trained: Session) -> Session:
    """Return a session with two kept what-ifs, A on a core and B wider, and a gene shown."""
    trained.set_target("perturbation", "Jak2")
    trained.paint(CORE)
    trained.keep_what_if()
    trained.paint(WIDER)
    trained.keep_what_if()
    trained.show_gene(trained.model.genes[3])
    return trained


def _spots(session: Session) -> list[list[int]]:
    return [patch.spots.tolist() for patch in session.patches]


def test_nothing_to_keep_says_so(trained: Session, watch: Callable[[Session], object]) -> None:
    heard = watch(trained)
    trained.keep_what_if()
    assert trained.kept == ()
    assert "no what-if to keep" in heard.texts("info")[-1]


def test_what_is_kept_does_not_change_with_the_slide(two: Session) -> None:
    assert [kept.name for kept in two.kept] == ["A", "B"]
    two.clear()
    assert [kept.what_if.rows.tolist() for kept in two.kept] == [list(CORE), list(WIDER)]


def test_recalling_puts_the_patches_back_as_one_edit(two: Session) -> None:
    two.new_patch()
    two.paint(APART)
    two.recall_what_if(0)
    assert _spots(two) == [list(CORE)]
    two.undo()
    assert _spots(two) == [list(WIDER), list(APART)]


def test_one_verb_goes_round_what_is_kept(two: Session) -> None:
    seen = []
    for step in (1, 1, 1, -1):
        two.next_what_if(step)
        seen.append(len(two.painted))
    assert seen == [8, 20, 8, 20]


def test_names_can_be_changed_and_letters_are_used_again(two: Session) -> None:
    two.rename_what_if(0, "  small ")
    two.rename_what_if(1, " ")
    two.keep_what_if()
    two.keep_what_if("small again")
    assert [kept.name for kept in two.kept] == ["small", "B", "A", "small again"]
    two.forget_what_if(1)
    assert [kept.name for kept in two.kept] == ["small", "A", "small again"]
    assert len(two.painted) == 20


def test_compared_what_ifs_are_predicted_exactly_and_share_their_scale(two: Session) -> None:
    two.show_view(View.CHANGE)
    two.compare([0, 1])
    found = two.comparison()
    assert found is not None
    assert found.name == two.model.genes[3]
    factor = two.scaling.change_factor
    for (kept, shown), rows in zip(found.shown, (CORE, WIDER), strict=True):
        expected = two.model.predict(WhatIf((rows, {"perturbation": "Jak2"}))).gene(found.name).change * factor
        np.testing.assert_allclose(shown.values, expected)
        assert kept.name in "AB"
    (_, first), (_, second) = found.shown
    assert first.limits == second.limits
    assert first.limits[1] >= np.nanmax(np.abs(second.values)) * 0.5
    name, difference = found.difference
    assert name == "B − A"
    np.testing.assert_allclose(difference.values, second.values - first.values)
    assert difference.limits[0] == -difference.limits[1]


@pytest.mark.parametrize("view", list(View))
def test_a_gene_set_is_compared_by_the_mean_change_of_its_genes(two: Session, view: View) -> None:
    genes = two.model.genes[:5]
    two.add_gene_sets(GeneSet("five and one", (*genes, "Unheard")))
    two.show_set("five and one")
    two.show_view(view)
    two.compare([0, 1])
    found = two.comparison()
    assert found is not None
    assert (found.name, found.note) == ("five and one", "mean of 5 of its 6 genes")
    answers = [two.current.answers[kept] for kept, _ in found.shown]
    values = [np.asarray(shown.values) for _, shown in found.shown]
    if view is not View.UNCERTAINTY:
        means = [np.mean([answer.gene(gene).change for gene in genes], axis=0) for answer in answers]
        np.testing.assert_allclose(values, np.array(means) * two.scaling.change_factor, atol=1e-6)
    (_, first), (_, second) = found.shown
    assert first.limits == second.limits
    assert first.kind == ("uncertainty" if view is View.UNCERTAINTY else "diverging")
    np.testing.assert_allclose(found.difference[1].values, values[1] - values[0])


def test_a_set_without_modelled_genes_and_one_that_is_gone_compare_nothing(two: Session) -> None:
    two.add_gene_sets(GeneSet("nowhere", ("Unheard", "Unseen")))
    two.show_set("nowhere")
    two.compare([0, 1])
    assert two.comparison() is None
    two.add_gene_sets(GeneSet("nowhere", two.model.genes[:2]))
    assert two.comparison() is not None
    two.remove_gene_sets()
    assert two.comparison() is None


def test_three_are_compared_without_a_difference_and_one_or_five_are_refused(two: Session) -> None:
    for _ in range(3):
        two.keep_what_if()
    two.compare([0, 1, 2])
    assert len(two.comparison().shown) == 3
    assert two.comparison().difference is None
    for wrong in ([0], [0, 1, 2, 3, 4]):
        with pytest.raises(ConcertError, match=r"Choose two to 4 what-ifs to compare"):
            two.compare(wrong)
    two.compare([])
    assert two.comparison() is None


def test_a_comparison_waits_for_a_gene_that_the_model_knows(two: Session) -> None:
    two.compare([0, 1])
    two.show_column("tissue")
    assert two.comparison() is None


def test_another_model_answers_anew(two: Session, model_folder: Path) -> None:
    two.compare([0, 1])
    before = dict(two.current.answers)
    two.load_model(model_folder)
    two.predict_compared()
    assert two.current.answered_by is two.model
    assert all(two.current.answers[kept] is not before[kept] for kept in two.current.compared)


def test_replacing_and_forgetting_a_compared_one_keeps_the_comparison_true(two: Session) -> None:
    two.compare([0, 1])
    two.clear()
    two.paint(APART)
    two.update_what_if(0)
    found = two.comparison()
    assert found.shown[0][0].what_if.rows.tolist() == list(APART)
    two.forget_what_if(1)
    assert two.comparison() is None
    assert len(two.kept) == 1


def test_what_is_kept_survives_json(two: Session) -> None:
    work = Work.from_json(Work.of(two.current).to_json())
    fresh = Workspace(two.slide)
    work.apply(fresh)
    assert [kept.name for kept in fresh.kept] == ["A", "B"]
    assert [kept.what_if.to_json() for kept in fresh.kept] == [kept.what_if.to_json() for kept in two.kept]


def test_extrapolations_of_what_is_compared_are_said(two: Session) -> None:
    two.compare([0, 1])
    said = [text for kept in two.current.compared for text in two.model.extrapolations(kept.what_if, two.slide)]
    assert set(two.comparison().warnings) == set(said)
