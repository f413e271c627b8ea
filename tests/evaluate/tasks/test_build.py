"""Tasks on slides with and without tissues: who is switched, scored and hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from anndata import AnnData

from napari_concert import simulate
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.evaluate.tasks import KINDS, Task, build
from napari_concert.evaluate.tasks.ground import Ground
from napari_concert.io import from_anndata, read
from napari_concert.slide import Columns, Slide


@pytest.fixture(scope="module")
def sample() -> Slide:
    return read(simulate.sample_path())


@pytest.fixture(scope="module")
def bands() -> Slide:
    """Return a slide whose states lie in several tissues."""
    return from_anndata(simulate.family("spill-by-tissue").simulate(1, 900, 40), name="bands")


def parts(task: Task) -> dict[str, set[int]]:
    question = task.question
    rows = {name: getattr(question, name) for name in ("patch", "scored", "like")}
    return {
        name: set(found.tolist())
        for name, found in (rows | {"reference": task.reference, "origin": task.origin}).items()
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_hidden_is_neither_switched_nor_scored_nor_shown(
    bands: Slide, sample: Slide, kind: str, seed: int
) -> None:
    slide = bands if kind == "cross-niche" else sample
    found = parts(build(slide, kind, 10, seed))
    assert not found["reference"] & found["origin"]
    for hidden in ("reference", "origin"):
        assert not found[hidden] & (found["patch"] | found["scored"] | found["like"])
    assert min(map(len, found.values())) >= 6


@pytest.mark.parametrize("size", [10, 20])
def test_a_patch_is_compact_and_held_against_its_target_in_its_tissue(sample: Slide, size: int) -> None:
    task = build(sample, "patch", size, 2)
    question = task.question
    assert len(question.patch) == size
    assert np.array_equal(question.patch, question.scored)
    for rows, state in ((question.patch, question.source), (task.origin, question.source)):
        assert set(sample.state_of[rows]) == {state}
    assert set(sample.state_of[np.union1d(task.reference, question.like)]) == {question.target}
    everything = np.concatenate([question.patch, task.reference, task.origin])
    assert set(sample.tissue_of[everything]) == {question.tissue}
    coords = sample.coords[question.patch]
    assert np.linalg.norm(coords - coords.mean(axis=0), axis=1).max() < 2.5 * np.sqrt(size) * sample.pitch
    assert question.source in task.said


def test_half_of_the_targets_nearby_stay(sample: Slide) -> None:
    task = build(sample, "patch", 40, 2)
    assert len(task.reference) <= len(task.question.like)


def test_a_border_lies_where_tissues_meet(sample: Slide) -> None:
    task, ground = build(sample, "border", 10, 2), Ground(sample)
    for row in np.concatenate([task.question.patch, task.reference, task.origin]):
        near = np.linalg.norm(sample.coords - sample.coords[row], axis=1) <= 1.5 * sample.pitch
        assert len(set(sample.tissue_of[near])) > 1
        assert ground.at_border[row]


def test_a_niche_has_its_core_untouched_and_as_surrounded_as_its_reference(sample: Slide) -> None:
    task = build(sample, "niche", 20, 1)
    question, state = task.question, sample.state_of
    assert not set(question.patch) & set(question.scored)
    assert set(state[np.concatenate([question.scored, question.patch, task.reference])]) == {question.source}
    painted = state.copy()
    painted[question.patch] = question.target
    for rows, labels in ((task.reference, state), (question.scored, painted)):
        for row in rows:
            away = np.linalg.norm(sample.coords - sample.coords[row], axis=1)
            near = (away <= 1.5 * sample.pitch) & (away > 0)
            assert (labels[near] == question.target).mean() >= 1 / 3
    assert not question.is_switched


def test_across_niches_no_target_is_left_in_the_tissue(bands: Slide) -> None:
    task = build(bands, "cross-niche", 10, 1)
    question = task.question
    measured, asked = task.cut_out(bands)
    assert not ((measured.state_of == question.target) & (measured.tissue_of == question.tissue)).any()
    assert set(measured.state_of[asked.like]) == {question.target}
    assert set(bands.tissue_of[task.reference]) == {question.tissue}


def test_regions_serve_as_states(new_adata) -> None:
    adata: AnnData = new_adata(side=32)
    slide = from_anndata(adata, columns=Columns(perturbation="tissue", control=("lung",)))
    task = build(slide, "border", 10, 0)
    heights = slide.coords[task.question.patch, 1]
    assert np.ptp(heights) < 2 * slide.pitch
    assert task.question.tissue is None


def test_nearby_is_within_a_place(new_adata) -> None:
    one: AnnData = new_adata(side=16)
    adata = one[np.tile(np.arange(one.n_obs), 2)].copy()
    adata.obs_names = [f"s{i}" for i in range(adata.n_obs)]
    adata.obs["section"] = np.repeat(["a", "b"], one.n_obs)
    slide = from_anndata(adata, columns=Columns(perturbation="perturbation", control=("control",), section="section"))
    task = build(slide, "patch", 10, 0)
    assert len(set(slide.places[np.concatenate([task.question.patch, task.hidden])])) == 1


def test_the_same_seed_draws_the_same_and_another_one_another(sample: Slide) -> None:
    one, again, other = (build(sample, "patch", 10, seed) for seed in (4, 4, 5))
    assert parts(one) == parts(again)
    assert parts(one) != parts(other)


def test_the_slide_is_cut_and_rows_follow(sample: Slide) -> None:
    task = build(sample, "patch", 20, 3)
    measured, asked = task.cut_out(sample)
    assert measured.n_spots == sample.n_spots - len(task.hidden)
    names = set(sample.spot_names[task.hidden])
    assert not names & set(measured.spot_names)
    assert not names & set(measured.adata.obs_names)
    for part in ("patch", "scored", "like"):
        before, after = (getattr(question, part) for question in (task.question, asked))
        assert list(sample.spot_names[before]) == list(measured.spot_names[after])
    assert measured.columns == sample.columns
    assert np.array_equal(measured.counts[asked.patch].toarray(), sample.counts[task.question.patch].toarray())


def test_a_slide_without_room_says_why_in_one_sentence(sample: Slide) -> None:
    with pytest.raises(ConcertError, match="no room for a patch task of 400 spots: it takes so many spots"):
        build(sample, "patch", 400, 0)
    with pytest.raises(ConcertError, match="needs two states: no column tells any"):
        build(sample.with_columns(Columns()), "patch", 10, 0)
    with pytest.raises(ConcertError, match="needs two tissues"):
        build(sample.with_columns(replace(sample.columns, tissue=None)), "cross-niche", 10, 0)
    with pytest.raises(UnknownName):
        build(sample, "pach", 10, 0)
