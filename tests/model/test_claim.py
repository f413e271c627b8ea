"""What states have the first claim on: against dense algebra of Gaussian processes, and what a step does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from napari_concert.model.claim import FIRM, TOLD, Claim, averages, claim, kriged
from napari_concert.model.encoder import Encoder, Latents, prior_latents
from napari_concert.model.newton import NewtonSystem
from napari_concert.model.steps import to_end

N, M, K = 40, 15, 2


@pytest.fixture
def readings() -> dict[str, torch.Tensor]:
    """Return a basis with ``‖V_i‖ < 1``, readings of factors, states (-1 is control) and who is in control."""
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(M, N))
    basis *= rng.uniform(0.4, 0.95, N) / np.linalg.norm(basis, axis=0)
    own = rng.integers(-1, 2, N)
    parts = {
        "basis": basis,
        "values": rng.normal(size=(N, K)),
        "precision": np.exp(rng.normal(1, 1, (N, K))),
        "own": own,
        "outside": (own < 0).astype(float),
    }
    return {name: torch.from_numpy(part) for name, part in parts.items()}


def _means(readings: dict[str, torch.Tensor]) -> torch.Tensor:
    return averages(readings["own"], 2, torch.ones(N, dtype=torch.float64))


def test_averages_are_those_of_the_observed_spots_of_a_state() -> None:
    own = torch.tensor([0, 1, 0, -1, 1, 1])
    observed = torch.tensor([1.0, 1, 1, 1, 0, 1], dtype=torch.float64)
    found = averages(own, 3, observed)
    np.testing.assert_allclose(found, [[0.5, 0, 0.5, 0, 0, 0], [0, 0.5, 0, 0, 0, 0.5], [0] * 6])


def test_kriging_is_that_of_dense_algebra(readings: dict[str, torch.Tensor]) -> None:
    """Mean and variance of the states' average, conditioned on readings of control spots through the covariance."""
    means = _means(readings)
    args = (readings[name] for name in ("basis", "values", "precision"))
    mean, variance = kriged(*args, means, readings["outside"])
    low = readings["basis"].T.numpy() @ readings["basis"].numpy()
    rows, onto = np.flatnonzero(readings["outside"].numpy()), means.numpy()
    for factor in range(K):
        noise = np.diag(1 / readings["precision"].numpy()[rows, factor])
        between, within = onto @ low[:, rows], low[np.ix_(rows, rows)] + noise
        expected = between @ np.linalg.solve(within, readings["values"].numpy()[rows, factor])
        np.testing.assert_allclose(mean[:, factor], expected, rtol=1e-9)
        spread = onto @ low @ onto.T - between @ np.linalg.solve(within, between.T)
        own = (onto**2) @ (1 - np.diag(low))  # what the inducing points can't tell of each spot
        np.testing.assert_allclose(variance[:, factor], np.diag(spread) + own, rtol=1e-9)


def test_far_from_any_control_spot_nothing_is_known(readings: dict[str, torch.Tensor]) -> None:
    args = (readings[name] for name in ("basis", "values", "precision"))
    mean, variance = kriged(*args, _means(readings), torch.zeros(N, dtype=torch.float64))
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    low = readings["basis"].T.numpy() @ readings["basis"].numpy()
    onto = _means(readings).numpy()
    expected = np.diag(onto @ low @ onto.T) + (onto**2) @ (1 - np.diag(low))
    np.testing.assert_allclose(variance, np.repeat(expected[:, None], K, axis=1), rtol=1e-9)


def test_what_the_states_counts_say_plays_no_part(readings: dict[str, torch.Tensor]) -> None:
    found = []
    for shift in (0.0, 5.0):
        values = readings["values"] + shift * (1 - readings["outside"])[:, None]
        held = claim(readings["basis"], values, readings["precision"], _means(readings), readings["outside"])
        assert held is not None
        found.append(held.target)
    assert torch.equal(found[0], found[1])


def test_the_target_goes_from_kriging_to_the_mean_of_control_as_the_surroundings_tell_less(
    readings: dict[str, torch.Tensor],
) -> None:
    parts, means, outside = (
        [readings[n] for n in ("basis", "values", "precision")],
        _means(readings),
        readings["outside"],
    )
    basis, values, precision = parts
    rows = outside.numpy() > 0
    shares = []
    for scale in (0.5, 10.0, 1e9):  # the inducing points tell all of a spot only where ‖V_i‖ = 1
        full = basis / basis.norm(dim=0)
        held = claim(full, values, precision * scale, means, outside)
        assert held is not None
        found, variance = kriged(full, values, precision * scale, means, outside)
        told = np.clip(1 - variance.numpy() / TOLD, 0, None)
        weight = scale * precision.numpy()[rows]
        control = (weight * values.numpy()[rows]).sum(0) / (1 + weight.sum(0))
        expected = told * found.numpy() + (1 - told) * control
        np.testing.assert_allclose(held.target, expected, rtol=1e-9)
        np.testing.assert_allclose(held.target + held.gap, found, rtol=1e-9)
        assert torch.equal(held.variance, variance)
        shares.append(told.mean())
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] > 0.5


def test_readings_without_information_do_not_move_the_target(readings: dict[str, torch.Tensor]) -> None:
    """A reading is score over information: of a factor that the counts hardly see it can be any number."""
    basis, values, precision = (readings[name].clone() for name in ("basis", "values", "precision"))
    row = int(readings["outside"].argmax())
    before = claim(basis, values, precision, _means(readings), readings["outside"])
    values[row], precision[row] = 1e6, 1e-8
    after = claim(basis, values, precision, _means(readings), readings["outside"])
    nothing = claim(basis, 1e4 + values, 0 * precision + 1e-8, _means(readings), readings["outside"])
    assert before is not None
    assert after is not None
    assert nothing is not None
    assert (after.target - before.target).abs().max() < 0.5
    assert nothing.target.abs().max() < 0.1


def test_nothing_is_claimed_without_states_or_without_control(readings: dict[str, torch.Tensor]) -> None:
    parts = [readings[name] for name in ("basis", "values", "precision")]
    assert claim(*parts, _means(readings)[:0], readings["outside"]) is None
    assert claim(*parts, _means(readings), torch.zeros(N, dtype=torch.float64)) is None


def test_a_claim_scales_with_the_latents(readings: dict[str, torch.Tensor]) -> None:
    parts = [readings[name] for name in ("basis", "values", "precision")]
    held = claim(*parts, _means(readings), readings["outside"])
    assert held is not None
    scale = torch.tensor([0.5, 3.0], dtype=torch.float64)
    latents = torch.randn(N, K, dtype=torch.float64)
    scaled = held.scaled(scale)
    np.testing.assert_allclose(scaled.excess(latents / scale), held.excess(latents) / scale, rtol=1e-9)
    weights = torch.randn(K, 5, dtype=torch.float64)  # those of the scaled latents grow in turn
    np.testing.assert_allclose(scaled.gap @ (weights * scale[:, None]), held.gap @ weights, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        scaled.variance @ (weights * scale[:, None]).square(), held.variance @ weights.square(), rtol=1e-9
    )


def _encoder(case: Callable[..., Any]) -> Encoder:
    slide = case(80, 6)
    network = slide.network()
    return Encoder(network, slide.spots(), slide.features(network))


def _held(encoder: Encoder, slide_states: np.ndarray) -> Claim:
    means = averages(torch.from_numpy(slide_states - 1).clamp(min=-1), 2, encoder.spots.observed)
    target = torch.tensor([[0.3, -0.5, 0.2], [-0.1, 0.4, 0.0]], dtype=torch.float64)
    return Claim(means, target, torch.ones_like(target), torch.zeros_like(target))


def test_after_steps_with_a_claim_the_means_are_their_target(case: Callable[..., Any]) -> None:
    encoder = _encoder(case)
    held = _held(encoder, encoder.spots.arrays.state)
    latents = prior_latents(encoder.spots, encoder.network.config)
    assert held.excess(latents.mean).abs().max() > 0.4
    for _ in range(12):
        latents, _ = to_end(encoder.step(latents, claim=held))
    np.testing.assert_allclose(held.means @ latents.mean, held.target, atol=1e-3)


def test_what_is_not_held_is_still_at_its_mode(case: Callable[..., Any]) -> None:
    """The slope of the log joint lies in the span of the held means: no other direction goes up."""
    encoder = _encoder(case)
    held = _held(encoder, encoder.spots.arrays.state)
    latents = prior_latents(encoder.spots, encoder.network.config)
    for _ in range(15):
        latents, reading = to_end(encoder.step(latents, claim=held))
    k, basis, means = encoder.n_spatial, encoder.basis.numpy(), held.means.numpy()
    slopes = basis @ reading.score[:, :k].numpy() - latents.whitened.numpy()
    onto = basis @ means.T
    left = slopes - onto @ np.linalg.lstsq(onto, slopes, rcond=None)[0]
    assert np.abs(slopes).max() > 0.1
    assert np.abs(left).max() < 1e-3
    own = (reading.score[:, k:] - latents.mean[:, k:]).numpy()
    assert np.abs(own - means.T @ np.linalg.lstsq(means.T, own, rcond=None)[0]).max() < 1e-3


def test_a_step_with_a_claim_solves_the_dense_system() -> None:
    rng = np.random.default_rng(5)
    root = rng.normal(size=(N, 3, 4))
    information, basis = root @ root.transpose(0, 2, 1), rng.normal(size=(6, N)) / 3
    own = torch.from_numpy(rng.integers(-1, 2, N))
    means = averages(own, 2, torch.ones(N, dtype=torch.float64))
    target = rng.normal(size=(6, 2)), rng.normal(size=(N, 1))
    system = NewtonSystem(torch.from_numpy(basis), torch.from_numpy(information), 2, means)
    spatial, intrinsic = to_end(system.solve((torch.from_numpy(target[0]), torch.from_numpy(target[1]))))
    wide = np.zeros((N, 3, 12 + N))  # latents of each spot from (μ̃ by rows, z)
    for i in range(N):
        wide[i, 0, 0:12:2], wide[i, 1, 1:12:2], wide[i, 2, 12 + i] = basis[:, i], basis[:, i], 1
    averaged = np.einsum("pn,nlu->plu", means.numpy(), wide)
    matrix = np.eye(12 + N) + np.einsum("nlu,nlk,nkv->uv", wide, information, wide)
    matrix += FIRM * np.einsum("plu,plv->uv", averaged, averaged)
    expected = np.linalg.solve(matrix, np.concatenate([part.ravel() for part in target]))
    found = np.concatenate([spatial.numpy().ravel(), intrinsic.numpy().ravel()])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_state_without_spots_holds_nothing(case: Callable[..., Any]) -> None:
    encoder = _encoder(case)
    means = averages(torch.full((80,), -1), 2, encoder.spots.observed)
    zeros = torch.zeros(2, 3, dtype=torch.float64)
    held = Claim(means, zeros, zeros + 1, zeros)
    start = Latents(*(torch.zeros(shape, dtype=torch.float64) for shape in ((80, 3), (80, 3), (len(encoder.basis), 2))))
    plain, with_claim = to_end(encoder.step(start))[0], to_end(encoder.step(start, claim=held))[0]
    np.testing.assert_allclose(with_claim.mean, plain.mean, atol=1e-9)
