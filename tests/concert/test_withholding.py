"""Measured spots as the others predict them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom

from napari_concert import Concert, ConcertError, ModelConfig, Slide, UnknownName
from napari_concert.concert.withholding import AROUND, Withheld
from napari_concert.io import from_anndata


@pytest.fixture(scope="module")
def rows(slide: Slide) -> np.ndarray:
    """Return usable rows in a corner and some elsewhere."""
    return np.flatnonzero(slide.usable)[[3, 4, 5, 40, 41, 200, 300]]


@pytest.fixture(scope="module")
def hidden(model: Concert, slide: Slide, rows: np.ndarray) -> Withheld:
    """Return them, withheld."""
    return model.withhold(rows, slide)


def test_each_gene_has_what_was_expected_at_the_spots_own_size(model: Concert, slide: Slide, hidden: Withheld) -> None:
    found = hidden.gene(model.genes[4])
    column = slide.genes.get_loc(model.genes[4])
    np.testing.assert_array_equal(found.observed, slide.counts[hidden.rows][:, column].toarray().ravel())
    np.testing.assert_allclose(hidden.size, slide.size_factors[hidden.rows])
    assert (found.expected > 0).all()
    assert (found.sd**2 >= found.expected).all()
    assert (found.lower <= found.expected).all()
    assert (found.expected <= found.upper).all()
    wide = hidden.gene(model.genes[4], 0.999)
    assert (wide.upper >= found.upper).all()
    assert wide.upper.sum() > found.upper.sum()


def test_a_withheld_count_plays_no_part_in_what_is_expected(model: Concert, slide: Slide, rows: np.ndarray) -> None:
    """The counts of hidden spots are poisoned; those of the model, which had learned from them, stay as they were."""
    before = model.withhold(rows, slide)
    counts = slide.adata.X.tolil()
    total = slide.totals[rows]
    counts[rows] = np.random.default_rng(0).permutation(counts[rows].toarray().T).T  # totals stay
    adata = slide.adata.copy()
    adata.X = counts.tocsr()
    poisoned = from_anndata(adata, name="poisoned")
    np.testing.assert_array_equal(poisoned.totals[rows], total)
    model._observed[poisoned] = model._observed[slide].__class__.infer(
        model.network, poisoned, model.scale, trained_on=True
    )
    after = model.withhold(rows, poisoned)
    assert (after.counts != before.counts).nnz > 0
    for (genes, one, sd), (_, other, sd_too) in zip(before.moments(), after.moments(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
        np.testing.assert_allclose(sd, sd_too, rtol=1e-10)
        assert len(genes)


def test_states_of_withheld_spots_send_nothing(model: Concert, slide: Slide) -> None:
    """Hide all spots in a state: what is expected of those around is what they would be without it."""
    state = next(s for s in model.states if s not in model.vocabulary.controls)
    inside = np.flatnonzero((slide.state_of == state) & slide.usable)
    away = np.linalg.norm(slide.coords - slide.coords[inside].mean(axis=0), axis=1)
    around = np.setdiff1d(np.flatnonzero(slide.usable & (away < np.nanquantile(away, 0.5))), inside)[:20]
    alone, both = model.withhold(around, slide), model.withhold(np.union1d(around, inside), slide)
    one = np.concatenate([part[1] for part in alone.moments()], axis=1)
    two = np.concatenate([part[1] for part in both.moments()], axis=1)[np.isin(both.rows, around)]
    assert np.abs(np.log(one / two)).max() > 1e-3


def test_moments_and_pits_are_those_of_the_mixture(hidden: Withheld) -> None:
    """With the log mean known, counts are negative binomial."""
    genes, pit = next(iter(hidden.pits()))
    expected = np.concatenate([part[1] for part in hidden.moments()], axis=1)
    np.testing.assert_allclose(pit.expected.reshape(len(hidden), -1), expected[:, genes])
    mixed = hidden.mixture(genes[:1])
    theta, draws = mixed.theta[0], np.random.default_rng(1)
    for spot in range(3):
        part = draws.choice(mixed.weight.shape[1], 20_000, p=mixed.weight[spot])
        eta = draws.normal(mixed.mean[spot, part, 0], np.sqrt(mixed.variance[spot, part, 0]))
        count = hidden.counts[spot, genes[0]]
        upto = nbinom.cdf(count, theta, theta / (theta + np.exp(eta))).mean()
        assert pit.upto.reshape(len(hidden), -1)[spot, 0] == pytest.approx(upto, abs=0.01)


def test_unknown_labels_make_it_less_sure(model: Concert, slide: Slide, rows: np.ndarray, hidden: Withheld) -> None:
    guessed = model.withhold(rows, slide, labels=False)
    assert len(guessed.told.labels.codes) > 1
    assert (guessed.told.parts.weight.max(axis=1) < 1).all()
    assert (hidden.told.parts.weight.max(axis=1) == 1).all()


def test_far_spots_tell_nothing_more(model: Concert, slide: Slide, rows: np.ndarray) -> None:
    assert model.config.reach < AROUND, "the field reaches no farther than the spots that are asked"


def test_nonsense_is_named(model: Concert, slide: Slide, hidden: Withheld) -> None:
    with pytest.raises(ConcertError, match=r"0 of 39\d usable spots would be hidden"):
        model.withhold([5], slide)
    with pytest.raises(ConcertError, match="leave some"):
        model.withhold(np.arange(slide.n_spots), slide)
    with pytest.raises(UnknownName, match="Did you mean"):
        hidden.gene(hidden.genes[0] + "x")


def test_spots_that_the_model_never_saw_are_predicted_the_same_way(slide: Slide, small: ModelConfig) -> None:
    """Train on the slide without them: what is expected is near what imputing at their places says."""
    rows = np.flatnonzero(slide.usable)[100:110]
    rest = slide.without(rows)
    model = Concert(rest, config=small, seed=1).train()
    found = model.withhold(rows, rest)
    np.testing.assert_array_equal(found.rows, rows)
    assert found.counts.sum() > 0
    np.testing.assert_allclose(found.size, slide.totals[rows] / rest.median_total)
    at = pd.DataFrame(slide.coords[rows], columns=["x", "y"])
    at["perturbation"], at["tissue"] = slide.state_of[rows], slide.adata.obs["tissue"].to_numpy()[rows]
    imputed = model.impute(at, rest)
    expected = np.concatenate([part[1] for part in found.moments()], axis=1)
    np.testing.assert_allclose(expected / found.size[:, None], imputed.predicted, rtol=1e-5)
