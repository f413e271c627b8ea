"""The truth of simulated slides, baselines against spot-by-spot sums, and agreement with a perfect prediction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_concert import simulate
from napari_concert.brush import SpotIndex
from napari_concert.evaluate import agreement, known_truth, mean_shift, nearest_in_target, true_change
from napari_concert.io import from_anndata
from napari_concert.patches import Patch, WhatIf
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

TARGET = {"perturbation": "Jak2"}


@pytest.fixture(scope="module")
def slide() -> Slide:
    simulated = simulate.tumour(400, 30, seed=3)
    # off the grid: no two spots are equally far from a third
    simulated.obsm["spatial"] = simulated.obsm["spatial"] + np.random.default_rng(0).normal(0, 1, (400, 2))
    return from_anndata(simulated)


@pytest.fixture(scope="module")
def what_if(slide: Slide) -> WhatIf:
    return WhatIf((slide.adata.obs["what_if"].to_numpy(), TARGET))


def perfect(slide: Slide, what_if: WhatIf, factor: float = 1.0) -> Prediction:
    """Return a prediction whose change is the truth times a factor: one feature a gene."""
    known = true_change(slide, what_if)
    assert known is not None
    true = known.of()
    n_genes = slide.n_genes
    return Prediction(
        genes=tuple(slide.genes),
        spot_names=slide.spot_names,
        rows=np.arange(slide.n_spots),
        baseline_features=np.zeros((slide.n_spots, n_genes)),
        affected=np.arange(slide.n_spots),
        whatif_features=factor * true,
        weights=np.eye(n_genes),
        covariance=np.zeros((n_genes, n_genes, n_genes), dtype=np.float32),
        observed=slide.counts,
        totals=slide.totals,
        median_total=slide.median_total,
        dispersion=np.ones(n_genes),
        coords=slide.coords,
        n_spots=slide.n_spots,
        painted=np.isin(np.arange(slide.n_spots), what_if.rows),
        obs=pd.DataFrame(index=slide.spot_names),
    )


def test_half_the_truth_correlates_fully_with_half_the_slope(slide: Slide, what_if: WhatIf) -> None:
    ring = SpotIndex(slide.coords).ring(what_if.rows, 2 * slide.pitch)
    patch, around = agreement(slide, what_if, perfect(slide, what_if, 0.5), ring, true_change(slide, what_if))
    assert (patch.region, around.region) == ("patch", "surroundings")
    assert (patch.spots, around.spots) == (len(what_if.rows), len(ring))
    for score in (patch, around):
        assert score.genes_pcc == pytest.approx(1.0)
        assert score.entries_pcc == pytest.approx(1.0)
        assert score.slope == pytest.approx(0.5)
    assert -1 <= patch.mean_shift_pcc < 1
    assert np.isnan(around.mean_shift_pcc)


def test_baselines_are_log_ratios_of_mean_counts(slide: Slide, what_if: WhatIf) -> None:
    patch, genes = what_if.patches[0], list(slide.genes[:5])
    sources = np.flatnonzero(slide.state_of == "Jak2")
    for weight, found in (
        (np.ones(len(sources)), mean_shift(slide, patch, genes)),
        (_times_near(slide, patch, sources), nearest_in_target(slide, patch, genes)),
    ):
        assert found is not None
        for g, gene in enumerate(genes):
            values = slide.normalised(gene)
            after = np.average(values[sources], weights=weight) + 0.5 / len(sources)
            before = values[patch.spots].mean() + 0.5 / len(patch)
            assert found[g] == pytest.approx(np.log(after / before), rel=1e-5, abs=1e-6)


def _times_near(slide: Slide, patch: Patch, sources: np.ndarray) -> np.ndarray:
    """Return how often each source is among the six nearest of a painted spot."""
    times = np.zeros(len(sources))
    for row in patch.spots:
        distance = np.linalg.norm(slide.coords[sources] - slide.coords[row], axis=1)
        times[np.argsort(distance)[:6]] += 1
    return times


def test_spots_without_coordinates_do_not_count(slide: Slide, what_if: WhatIf) -> None:
    lost = what_if.rows[:2]
    simulated = slide.adata.copy()
    simulated.obsm["spatial"][lost] = np.nan
    other = from_anndata(simulated)
    score, _ = agreement(
        other, what_if, replace(perfect(other, what_if), rows=np.arange(400)), np.arange(3), true_change(other, what_if)
    )
    assert score.spots == len(what_if.rows) - 2
    assert score.genes_pcc == pytest.approx(1.0)
    assert score.slope == pytest.approx(1.0)
    nowhere = WhatIf((lost, TARGET))
    score = agreement(
        other, nowhere, perfect(other, nowhere), np.zeros(0, dtype=np.int64), true_change(other, nowhere)
    )[0]
    assert score.spots == 0
    assert np.isnan([score.genes_pcc, score.slope, score.mean_shift_pcc, score.nearest_pcc]).all()


def test_without_a_spot_in_the_target_state_there_is_no_baseline(slide: Slide) -> None:
    patch = Patch(np.arange(5), {"tissue": "tumour"})
    assert mean_shift(slide, patch, ["Sftpc"]) is None
    assert nearest_in_target(slide, patch, ["Sftpc"]) is None


def test_the_truth_of_other_slides_is_not_known(slide: Slide, what_if: WhatIf) -> None:
    other = slide.with_columns(replace(slide.columns, perturbation="tissue", control=()))
    assert known_truth(slide)
    assert not known_truth(other)
    assert true_change(other, what_if) is None
    assert agreement(other, what_if, perfect(slide, what_if), np.arange(3), None) == ()


def test_nothing_painted_has_no_score(slide: Slide, what_if: WhatIf) -> None:
    assert agreement(slide, WhatIf(), perfect(slide, what_if), np.arange(3), true_change(slide, WhatIf())) == ()
