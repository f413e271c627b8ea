"""Where baselines take their answer from."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert import simulate
from napari_concert.evaluate.baselines import mean_level, mean_shift, shift_to, sources
from napari_concert.io import from_anndata
from napari_concert.patches import Patch
from napari_concert.slide import Slide


@pytest.fixture(scope="module")
def slide() -> Slide:
    return from_anndata(simulate.tumour(400, 30, seed=3))


def test_the_nearest_are_fewer_than_all_and_count_once_for_each_painted_spot(slide: Slide) -> None:
    patch = Patch(slide.adata.obs["what_if"].to_numpy(), {"perturbation": "Jak2"})
    every, near = sources(slide, patch), sources(slide, patch, 3)
    assert set(slide.state_of[every.rows]) == {"Jak2"}
    assert near.weight.sum() == 3 * len(patch)
    assert (near.weight > 0).sum() < len(every.rows)


def test_a_shift_is_between_two_levels(slide: Slide) -> None:
    patch, genes = Patch(np.arange(5), {"perturbation": "Jak2"}), list(slide.genes[:4])
    every = sources(slide, patch)
    expected = np.log(mean_level(slide, every.rows, genes) / mean_level(slide, patch.spots, genes))
    assert np.allclose(mean_shift(slide, patch, genes), expected)
    assert shift_to(slide, patch, None, genes) is None
