"""Levenberg–Marquardt of the field against finite differences, and fields that are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from napari_concert.model.attributes import encode, field_pairs
from napari_concert.model.field import PropagatedField
from napari_concert.model.field_fit import AMPLITUDE, Evidence, FieldFit
from napari_concert.model.steps import Steps, to_end

Make = Callable[..., Any]
REACH = 6.0


def _fit(case: Make, seed: int = 0, n_spots: int = 50, **settings: Any) -> FieldFit:
    """Return a fit on random evidence; some shape is off its start."""
    slide = case(n_spots, 3, seed=seed, reach=REACH, **settings)
    codes, pairs = encode(slide.arrays, slide.vocabulary), field_pairs(slide.arrays, slide.vocabulary, REACH)
    n_states, n_tissues = len(slide.vocabulary.propagating), len(slide.vocabulary.tissues)
    field = PropagatedField(n_states, n_tissues, slide.vocabulary.dimensions, REACH).double()
    own = torch.nn.functional.one_hot(codes.own + 1, len(slide.vocabulary.own) + 1)[:, 1:].double()
    rng = np.random.default_rng(seed)
    field.shape += torch.from_numpy(0.3 * rng.normal(size=field.shape.shape))
    root = rng.normal(size=(n_spots, n_states, n_states))
    score = torch.from_numpy(3 * rng.normal(size=(n_spots, n_states)))
    curvature = torch.from_numpy(root @ root.transpose(0, 2, 1))
    fit = FieldFit(field, pairs, codes, own, Evidence(score, score, curvature))
    return _with_evidence(fit, score, curvature)


def _with_evidence(fit: FieldFit, score: torch.Tensor, curvature: torch.Tensor) -> FieldFit:
    here = fit.values(_start(fit))
    return FieldFit(fit.field, fit.pairs, fit.codes, fit.own, Evidence(here, score, curvature))


def _start(fit: FieldFit) -> torch.Tensor:
    return torch.cat([fit.field.shape, torch.zeros(len(fit.field.shape), 1, dtype=torch.float64)], 1)


def _joint(fit: FieldFit, flat: np.ndarray) -> float:
    """Return the log joint of a shape, written again."""
    shape = torch.from_numpy(flat.reshape(len(fit.field.shape), -1))
    change = (fit.values(shape) - fit.evidence.field).numpy()
    score, curvature = fit.evidence.score.numpy(), fit.evidence.curvature.numpy()
    off = (shape[:, :-1] - fit.field.prior_mean) / fit.field.prior_sd
    prior = off.square().sum() + (shape[:, -1] / AMPLITUDE).square().sum()
    return float((score * change).sum() - 0.5 * np.einsum("np,npq,nq->", change, curvature, change) - 0.5 * prior)


def test_values_are_the_fields_less_what_is_usual_times_the_amplitude(case: Make) -> None:
    fit = _fit(case)
    shape = _start(fit)
    shape[:, -1] = torch.tensor([0.5, -1.0])
    raw = fit.field(fit.pairs, fit.codes.propagating, fit.codes.tissue).numpy()
    for q in range(2):
        members = fit.codes.own.numpy() == q
        raw[members] -= raw[members].mean(0)
    np.testing.assert_allclose(fit.values(shape), raw * np.exp([0.5, -1.0]), atol=1e-12)


def test_values_leave_the_field_as_it_was(case: Make) -> None:
    fit = _fit(case)
    before = fit.field.shape.clone()
    fit.values(_start(fit) + 0.1)
    with pytest.raises(AttributeError):
        FieldFit(fit.field, None, fit.codes, fit.own, fit.evidence).values(_start(fit) + 0.1)  # type: ignore[arg-type]
    assert torch.equal(fit.field.shape, before)


def test_gain_is_the_log_joint(case: Make) -> None:
    fit = _fit(case, 1)
    for shift in (0.0, 0.1, -0.3):
        shape = _start(fit) + shift
        assert fit.gain(shape, fit.values(shape)) == pytest.approx(_joint(fit, shape.numpy().ravel()), rel=1e-9)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_jacobian_by_finite_differences(case: Make, dimensions: int) -> None:
    fit = _fit(case, 2, dimensions=dimensions)
    shape = _start(fit) + 0.2  # away from the field's own
    shape[:, -1] = 0.3
    found = to_end(fit.jacobian(shape, fit.values(shape)))
    for p in range(shape.shape[0]):
        for k in range(shape.shape[1]):
            step = torch.zeros_like(shape)
            step[p, k] = 1e-5
            expected = (fit.values(shape + step) - fit.values(shape - step)) / 2e-5
            np.testing.assert_allclose(found[:, p, k], expected[:, p], atol=1e-7, rtol=1e-5)
            others = [q for q in range(len(shape)) if q != p]
            assert (expected[:, others] == 0).all(), "each field depends on its own parameters alone"


def test_curvature_is_gauss_newtons_with_the_prior(case: Make) -> None:
    fit = _fit(case, 3)
    shape = _start(fit)
    jacobian = to_end(fit.jacobian(shape, fit.values(shape)))
    n_states, size = shape.shape
    expected = np.diag(np.tile(fit.precision.numpy(), n_states))
    for i, curvature in enumerate(fit.evidence.curvature.numpy()):
        wide = np.zeros((n_states, n_states * size))
        for p in range(n_states):
            wide[p, p * size : (p + 1) * size] = jacobian[i, p].numpy()
        expected += wide.T @ curvature @ wide
    np.testing.assert_allclose(fit.curvature(jacobian), expected, atol=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_no_step_lowers_the_gain(case: Make, seed: int) -> None:
    fit, seen = _fit(case, seed), []
    jacobian = fit.jacobian

    def spy(shape: torch.Tensor, values: torch.Tensor) -> Steps[torch.Tensor]:
        seen.append(_joint(fit, shape.numpy().ravel()))
        return jacobian(shape, values)

    fit.jacobian = spy  # type: ignore[method-assign]
    to_end(fit.improve(12))
    assert len(seen) > 2
    assert seen[-1] > seen[0] + 0.1
    assert min(np.diff(seen)) > 0


def _known(fit: FieldFit, truth: torch.Tensor, precision: float, noise: torch.Tensor | float = 0.0) -> FieldFit:
    """Return a fit whose evidence is that of counts which tell the true field, with a precision at every spot."""
    start = fit.values(_start(fit))
    score = precision * (fit.values(truth) + noise - start)
    return _with_evidence(fit, score, precision * torch.eye(len(truth), dtype=torch.float64).expand(len(score), -1, -1))


@pytest.mark.parametrize("seed", range(3))
def test_it_ends_where_scipy_finds_no_better(case: Make, seed: int) -> None:
    fit = _fit(case, seed, n_spots=40, states=("control", "A"))
    noise = torch.from_numpy(0.1 * np.random.default_rng(seed).normal(size=(40, 1)))
    fit = _known(fit, _start(fit) + 0.4, 50.0, noise)
    last: list[torch.Tensor] = []
    jacobian = fit.jacobian

    def spy(shape: torch.Tensor, values: torch.Tensor) -> Steps[torch.Tensor]:
        last[:] = [shape]
        return jacobian(shape, values)

    fit.jacobian = spy  # type: ignore[method-assign]
    to_end(fit.improve(60))
    end = last[0].numpy().ravel()
    better = minimize(lambda flat: -_joint(fit, flat), end, method="BFGS", options={"maxiter": 30})
    assert -better.fun < _joint(fit, end) + 0.01


@pytest.mark.parametrize("true_range", [0.8, 1.5, 4.0])
def test_a_known_fields_range_is_found(case: Make, true_range: float) -> None:
    fit = _fit(case, n_spots=80, states=("control", "A"), tissues=())
    fit.field.shape[:] = fit.field.prior_mean
    truth = _start(fit)
    truth[0, 0] = np.log(true_range)
    found = to_end(_known(fit, truth, 1e5).improve(40))
    fit.field.shape = found
    np.testing.assert_allclose(fit.values(_start(fit)), fit.values(truth), atol=0.06)
    assert found[0, 0].exp().item() == pytest.approx(true_range, rel=0.1)


def test_direction_border_and_cut_off_are_found_together(case: Make) -> None:
    fit = _fit(case, n_spots=150)
    fit.field.shape[:] = fit.field.prior_mean
    truth = _start(fit)
    truth[0, 1:3], truth[1, 5], truth[0, 7] = torch.tensor([0.8, -0.6]), -1.0, -0.5
    found = to_end(_known(fit, truth, 1e6).improve(40))
    np.testing.assert_allclose(found[0, 1:3], truth[0, 1:3], atol=0.05)
    np.testing.assert_allclose([found[1, 5], found[0, 7]], [-1.0, -0.5], atol=0.1)


def test_an_amplitude_alone_is_left_to_the_weights(case: Make) -> None:
    fit = _fit(case, n_spots=80, states=("control", "A"), tissues=())
    before, truth = fit.values(_start(fit)), _start(fit)
    truth[0, -1] = 0.4
    fit = _known(fit, truth, 1e6)
    fit.field.shape = to_end(fit.improve(30))
    np.testing.assert_allclose(fit.values(_start(fit)), before, atol=0.01)


def test_many_accepted_steps_do_not_end_the_fit_early(case: Make) -> None:
    """A damping that only falls could not be raised again to a step short enough within the tries."""
    fit = _fit(case, n_spots=150)
    fit.field.shape[:] = fit.field.prior_mean
    truth = _start(fit)
    truth[1, 5] = -1.0  # four of the longest steps away
    found = to_end(_known(fit, truth, 1e6).improve(40))
    assert found[1, 5].item() == pytest.approx(-1.0, abs=0.1)


def test_without_evidence_the_field_goes_to_its_prior(case: Make) -> None:
    fit = _fit(case, 4)
    nothing = torch.zeros_like(fit.evidence.score)
    found = to_end(_with_evidence(fit, nothing, torch.zeros_like(fit.evidence.curvature)).improve(30))
    np.testing.assert_allclose(found, fit.field.prior_mean.expand_as(found), atol=1e-2)
