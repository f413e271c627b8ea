"""Where baselines take their answer from."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert import simulate
from napari_concert.evaluate.baselines import in_target, mean_counts, mean_level, mean_shift, nearest_to
from napari_concert.io import from_anndata
from napari_concert.patches import Patch
from napari_concert.slide import Slide


@pytest.fixture(scope="module")
def slide() -> Slide:
    return from_anndata(simulate.tumour(400, 30, seed=3))


def test_the_nearest_are_fewer_than_all_and_count_once_for_each_painted_spot(slide: Slide) -> None:
    patch = Patch(slide.adata.obs["what_if"].to_numpy(), {"perturbation": "Jak2"})
    every = in_target(slide, patch)
    near = nearest_to(slide, patch.spots, every, 3)
    assert set(slide.state_of[every]) == {"Jak2"}
    assert near.weight.sum() == 3 * len(patch)
    assert near.each.shape == (len(patch), 3)
    assert (near.weight > 0).sum() < len(every)


def test_a_shift_is_between_two_levels(slide: Slide) -> None:
    patch, genes = Patch(np.arange(5), {"perturbation": "Jak2"}), list(slide.genes[:4])
    expected = np.log(mean_level(slide, in_target(slide, patch), genes) / mean_level(slide, patch.spots, genes))
    assert np.allclose(mean_shift(slide, patch, genes), expected)
    assert mean_shift(slide, Patch(np.arange(5), {"perturbation": "nothing"}), genes) is None


def test_a_level_is_what_was_counted_and_a_little_more(slide: Slide) -> None:
    rows, genes = np.arange(10), list(slide.genes)
    counted = (slide.counts[rows].toarray() / slide.size_factors[rows, None]).mean(axis=0)
    assert np.allclose(mean_counts(slide, rows, genes), counted)
    assert np.allclose(mean_level(slide, rows, genes), counted + 0.05)
