"""Priors learned from all genes: what is shared goes to the size shift, and what a spill-over may resemble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from napari_concert.model.decoder import WeightPosterior, WeightPriors
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.priors import PriorFit
from napari_concert.model.shrinkage import SHARES, WIDTHS, around_zero, learned_prior
from napari_concert.model.steps import to_end

GENES, ERROR = 1500, 0.1


@pytest.fixture
def fitted(case: Callable[..., Any]) -> tuple[ConcertNetwork, WeightPosterior]:
    """Return a network of many genes, and estimates with a known error under a nearly flat prior."""
    slide = case(30, GENES)
    slide = replace(slide, vocabulary=replace(slide.vocabulary, niches=(("A", "in"), ("A", "out"))))
    network, rng = slide.network(), np.random.default_rng(0)
    shape = network.weights.shape
    effect = rng.normal(0, 0.6, shape) * (rng.uniform(size=shape) < 0.3)
    network.weights.copy_(torch.from_numpy(effect + rng.normal(0, ERROR, shape)))
    priors = WeightPriors(torch.full_like(network.weights, 1e-8), torch.zeros_like(network.weights))
    covariance = ERROR**2 * torch.eye(len(network.weights), dtype=torch.float64).expand(GENES, -1, -1)
    return network, WeightPosterior(network.weights.clone(), covariance.clone(), priors)


def _no_place(network: ConcertNetwork) -> torch.Tensor:
    return torch.zeros_like(network.place_variance)


def _refresh(network: ConcertNetwork, posterior: WeightPosterior, place: torch.Tensor | None = None) -> WeightPriors:
    priors = posterior.priors.clone()
    place = _no_place(network) if place is None else place
    to_end(PriorFit(network, posterior, place).refresh(priors, len(network.weights)))
    return priors


@pytest.mark.parametrize("block", ["own", "field"])
def test_what_all_genes_share_moves_to_the_size_shift_and_nothing_else(
    fitted: tuple[ConcertNetwork, WeightPosterior], block: str
) -> None:
    network, posterior = fitted
    row = network.attributes.blocks.slice_of(block).start
    network.weights[row] += 0.3
    posterior.mean[row] += 0.3
    before, levels = network.weights.clone(), network.level_weights.clone()
    _refresh(network, posterior)
    assert network.size_shift[row].item() == pytest.approx(0.3, abs=0.05)
    moved = (network.weights - before)[: network.n_attributes]
    np.testing.assert_allclose(moved, -network.size_shift[:, None].expand_as(moved), atol=1e-8)  # hardly a prior
    assert torch.equal(network.latent_weights, before[network.n_attributes :])
    np.testing.assert_allclose(network.level_weights, levels, atol=1e-8)  # what counts are expected stays
    shared = range(network.n_attributes)[network.attributes.swapped]
    others = [q for q in range(network.n_attributes) if q not in shared]
    assert (network.size_shift[others] == 0).all()
    rest = [q for q in shared if q != row]
    assert network.size_shift[rest].abs().max() < 0.05


def test_a_weight_that_its_prior_holds_moves_less_than_its_estimate(
    fitted: tuple[ConcertNetwork, WeightPosterior],
) -> None:
    network, posterior = fitted
    row = network.attributes.blocks.slice_of("own").start
    precision = posterior.priors.precision.clone()
    precision[row] = 3 / ERROR**2  # 3/4 of the covariance's inverse, which stays as it is
    held = WeightPosterior(
        network.weights.clone(), posterior.covariance / 4, replace(posterior.priors, precision=precision)
    )
    before = network.weights[row].clone()
    fit = PriorFit(network, held, _no_place(network))
    estimate, _ = fit._estimate(row)
    moved, lost = network.weights[row] - before, network.size_shift[row]
    np.testing.assert_allclose(moved, -0.25 * lost.expand_as(moved))
    np.testing.assert_allclose(estimate, 4 * before - lost, rtol=1e-6)


def test_a_shift_of_a_tissue_or_niche_stays_where_it_is(fitted: tuple[ConcertNetwork, WeightPosterior]) -> None:
    network, posterior = fitted
    for block in ("tissue", "niche"):
        row = network.attributes.blocks.slice_of(block).start
        network.weights[row] += 0.3
        posterior.mean[row] += 0.3
    before = network.weights.clone()
    _refresh(network, posterior)
    rows = [network.attributes.blocks.slice_of(block).start for block in ("tissue", "niche")]
    assert torch.equal(network.weights[rows], before[rows])


def test_a_second_look_finds_nothing_more_to_share(fitted: tuple[ConcertNetwork, WeightPosterior]) -> None:
    network, posterior = fitted
    row = network.attributes.blocks.slice_of("own").start
    network.weights[row] += 0.4
    posterior.mean[row] += 0.4
    _refresh(network, posterior)
    first = network.size_shift.clone()
    _refresh(network, replace(posterior, mean=network.weights.clone()))
    assert (network.size_shift - first).abs().max() < 0.1 * first[row]


def test_the_intercept_has_no_prior_and_others_move_halfway(fitted: tuple[ConcertNetwork, WeightPosterior]) -> None:
    network, posterior = fitted
    priors = _refresh(network, posterior)
    assert torch.equal(priors.precision[0], posterior.priors.precision[0])
    row = network.attributes.blocks.slice_of("tissue").start
    error = torch.full((GENES,), ERROR, dtype=torch.float64)
    learned = learned_prior(posterior.mean[row], error, around_zero())
    np.testing.assert_allclose(priors.precision[row], (1e-8 * learned.precision).sqrt(), rtol=1e-3)
    np.testing.assert_allclose(priors.centre[row], learned.centre / 2, rtol=1e-3, atol=1e-6)


def test_before_there_are_latents_their_rows_are_left_alone(fitted: tuple[ConcertNetwork, WeightPosterior]) -> None:
    network, posterior = fitted
    priors = posterior.priors.clone()
    to_end(PriorFit(network, posterior, _no_place(network)).refresh(priors, network.n_attributes))
    assert torch.equal(priors.precision[network.n_attributes :], posterior.priors.precision[network.n_attributes :])
    assert (priors.precision[1 : network.n_attributes] > 1e-7).all()


def test_a_spill_over_is_compared_with_the_own_effect_of_its_state(
    fitted: tuple[ConcertNetwork, WeightPosterior],
) -> None:
    network, posterior = fitted
    fit, blocks = PriorFit(network, posterior, _no_place(network)), network.attributes.blocks
    for p in (0, 1):
        found = fit._components(blocks.slice_of("field").start + p)
        own = posterior.mean[blocks.slice_of("own").start + p]
        np.testing.assert_allclose(found.centre[:, len(WIDTHS) :], own[:, None] * SHARES)
    for name in ("tissue", "own", "niche"):
        assert (fit._components(blocks.slice_of(name).start).centre == 0).all()


def test_the_own_effect_it_is_compared_with_is_free_of_what_all_genes_share(
    fitted: tuple[ConcertNetwork, WeightPosterior],
) -> None:
    network, posterior = fitted
    own, field = (network.attributes.blocks.slice_of(name).start for name in ("own", "field"))
    before = PriorFit(network, posterior, _no_place(network))._components(field).centre.clone()
    network.weights[own] += 0.4
    shifted = replace(posterior, mean=network.weights.clone())
    fit = PriorFit(network, shifted, _no_place(network))
    to_end(fit.refresh(posterior.priors.clone(), field))
    np.testing.assert_allclose(fit._components(field).centre, before, atol=0.05)


def test_a_spill_over_like_the_own_effect_is_centred_there(fitted: tuple[ConcertNetwork, WeightPosterior]) -> None:
    network, posterior = fitted
    own, field = (network.attributes.blocks.slice_of(name).start for name in ("own", "field"))
    rng = np.random.default_rng(1)
    posterior.mean[field] = 0.5 * posterior.mean[own] + torch.from_numpy(rng.normal(0, ERROR, GENES))
    network.weights.copy_(posterior.mean)
    priors = _refresh(network, posterior)
    large = posterior.mean[own].abs() > 0.5
    misses = 2 * priors.centre[field][large] - 0.5 * posterior.mean[own][large]
    assert misses.abs().median() < 0.02
    assert priors.centre[field + 1][large].abs().median() < 0.05, "the other state's spill-over is none of it"


def test_not_knowing_the_places_part_widens_the_error_of_own_effects_and_spill_overs(
    fitted: tuple[ConcertNetwork, WeightPosterior],
) -> None:
    network, posterior = fitted
    place = _no_place(network)
    place[0], place[3] = 0.4**2, 0.2**2  # own effect of A, spill-over of B
    fit, row = PriorFit(network, posterior, place), network.attributes.blocks.slice_of("own").start
    np.testing.assert_allclose(fit._estimate(row)[1], np.hypot(ERROR, 0.4), rtol=1e-4)
    np.testing.assert_allclose(fit._estimate(row + 1)[1], ERROR, rtol=1e-4)
    np.testing.assert_allclose(fit._estimate(row + 3)[1], np.hypot(ERROR, 0.2), rtol=1e-4)
    np.testing.assert_allclose(fit._estimate(row - 1)[1], ERROR, rtol=1e-4)
    np.testing.assert_allclose(fit._estimate(row + 4)[1], ERROR, rtol=1e-4)  # a niche
