"""Stacks of sections in the model: a core on one section changes what lies above and below, less the farther it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData

from napari_concert.concert import Concert
from napari_concert.io import from_anndata
from napari_concert.patches import WhatIf
from napari_concert.simulate import stroke
from napari_concert.simulate.brain import CORE
from napari_concert.slide import Slide

EPOCHS = 6


def as_made(adata: AnnData) -> AnnData:
    return adata


def unequal(adata: AnnData) -> AnnData:
    """Leave a third of the spots of one section, and two thirds of another."""
    names, rng = sorted(set(adata.obs["section"])), np.random.default_rng(0)
    section, chance = adata.obs["section"].astype(str).to_numpy(), rng.random(adata.n_obs)
    share = {names[1]: 1 / 3, names[-2]: 2 / 3}
    return adata[chance < np.array([share.get(name, 1.0) for name in section])].copy()


def without_a_section(adata: AnnData) -> AnnData:
    return adata[adata.obs["section"] != painted_names(adata)[1]].copy()


def two_at_one_height(adata: AnnData) -> AnnData:
    """Let the second sham section lie as high as the first, beside it."""
    first, second = painted_names(adata)[:2]
    places, section = adata.obsm["spatial"].copy(), adata.obs["section"].astype(str).to_numpy()
    width = np.ptp(places[:, 0]) + 500
    places[section == second, 2] = places[section == first, 2].mean()
    places[section == second, 0] += width
    adata.obsm["spatial"] = places
    return adata


def painted_names(adata: AnnData) -> list[str]:
    """Return the names of the sham sections, lowest first."""
    sham = [name for name in set(adata.obs["section"]) if CORE not in set(core_of(adata, name))]
    height = {name: adata.obsm["spatial"][adata.obs["section"] == name, 2].mean() for name in sham}
    return sorted(sham, key=lambda name: (round(height[name]), name))


def core_of(adata: AnnData, name: str) -> list[str]:
    return list(adata.obs["perturbation"][adata.obs["section"] == name])


@pytest.fixture(scope="module")
def stack() -> AnnData:
    return stroke(8, 200, 60, seed=2)


def effect_by_height(slide: Slide, lesion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each section is from the painted one in z, and its mean |change| straight above or below it."""
    model = Concert(slide, seed=0).train(EPOCHS)
    prediction = model.predict(WhatIf((lesion, {"perturbation": CORE})))
    change = np.abs(np.stack([prediction.gene(gene).change for gene in prediction.genes])).mean(axis=0)
    places, section = slide.coords, slide.labels("section")
    here = places[lesion].mean(axis=0)
    near = np.linalg.norm(places[:, :2] - here[:2], axis=1) < 300
    names = sorted({str(name) for name in section[near]})
    away = np.array([abs(places[section == name, 2].mean() - here[2]) for name in names])
    size = np.array([change[near & (section == name)].mean() for name in names])
    order = np.argsort(away)
    return away[order], size[order]


@pytest.mark.parametrize("made", [as_made, unequal, without_a_section, two_at_one_height])
def test_a_core_reaches_through_z_and_fades(stack: AnnData, made: Callable[[AnnData], AnnData]) -> None:
    adata = made(stack.copy())
    lowest = painted_names(adata)[0]
    slide = from_anndata(adata, name="stack")
    there = np.flatnonzero(adata.obs["section"] == lowest)
    middle = slide.coords[there, :2].mean(axis=0)
    lesion = there[np.argsort(np.linalg.norm(slide.coords[there, :2] - middle, axis=1))[:12]]
    away, size = effect_by_height(slide, lesion)
    assert away[0] < 1 < away[1], "the painted section first, and no other at its place"
    assert (np.diff(size) <= 1e-9).all(), "less and less"
    assert size[1] > 0, "the next section feels it"
    assert size[away > 2000].max(initial=0.0) == 0, "the other brain does not"


def test_without_a_shared_frame_nothing_crosses(stack: AnnData) -> None:
    adata = stack.copy()
    slide = from_anndata(adata, name="stack", registered=False)
    there = np.flatnonzero(adata.obs["section"] == painted_names(adata)[0])
    _, size = effect_by_height(slide, there[:12])
    assert size[0] > 0
    assert not size[1:].any()
