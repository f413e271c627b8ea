"""The state of a training: what each part of an epoch leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from napari_concert.model.encoder import Encoder
from napari_concert.model.steps import to_end
from napari_concert.model.trainer import FIRST, FLAT, SETTLED, WIDEN, Trainer
from napari_concert.model.training import prepare

GENES = 12


def _trainer(slide: Any, epochs: int = 0) -> Trainer:
    trainer = prepare(slide.arrays, slide.vocabulary, slide.config, 0, "cpu")
    for _ in range(epochs):
        list(trainer.epoch())
    return trainer


@pytest.fixture(scope="module")
def late(planted: Any) -> dict[str, Any]:
    """Return a snapshot past the warm-up."""
    return _trainer(planted, planted.config.warm_up + 3).snapshot()


@pytest.fixture
def trainer(planted: Any, late: dict[str, Any]) -> Trainer:
    """Return a training past its warm-up."""
    trainer = _trainer(planted)
    trainer.restore(late)
    return trainer


def _flat(snapshot: dict[str, Any]) -> dict[str, torch.Tensor]:
    priors, latents = snapshot["priors"], snapshot["latents"]
    held = {"centre": priors.centre, "precision": priors.precision, "mean": latents.mean, "variance": latents.variance}
    return {**snapshot["network"], **held}


def test_a_snapshot_brings_everything_back(trainer: Trainer) -> None:
    before = trainer.snapshot()
    kept = {name: tensor.clone() for name, tensor in _flat(before).items()}
    for _ in range(2):
        list(trainer.epoch())
    assert not torch.equal(trainer.network.weights, kept["weights"])
    trainer.restore(before)
    for name, tensor in _flat(trainer.snapshot()).items():
        assert torch.equal(tensor, kept[name]), name
    assert trainer.claim is before["claim"]
    assert trainer.epochs == before["epochs"]
    list(trainer.epoch())
    assert torch.equal(_flat(before)["precision"], kept["precision"]), "a snapshot is never changed in place"


def test_it_starts_with_wide_priors_and_learns_none_at_first(planted: Any) -> None:
    trainer = _trainer(planted)
    assert (trainer.priors.precision[0] == FLAT).all()
    assert (trainer.priors.precision[1:] == FIRST).all()
    assert (trainer.priors.centre == 0).all()
    for _ in range(SETTLED):
        list(trainer.epoch())
    assert (trainer.priors.precision[1:] == FIRST).all()
    list(trainer.epoch())
    attributes = slice(1, trainer.network.n_attributes)
    assert (trainer.priors.precision[attributes] != FIRST).all()
    assert (trainer.priors.precision[trainer.network.n_attributes :] == FIRST).all()  # no latents yet


def test_the_priors_of_a_spill_over_know_the_own_effect(planted: Any, trainer: Trainer) -> None:
    blocks = trainer.network.attributes.blocks
    assert trainer.priors.centre[blocks.slice_of("field")].abs().max() > 0.01
    assert (trainer.priors.centre[0] == 0).all()


def test_states_keep_their_claim_on_the_latents(planted: Any, trainer: Trainer) -> None:
    """Means over a state's spots are what the control spots predict; the step moves nothing else to get there."""
    for _ in range(4):
        list(trainer.epoch())
    assert trainer.claim is not None
    inside = trainer.codes.own.numpy() == 0
    shown = inside & (trainer.spots.observed.numpy() > 0)
    mean = trainer.latents.mean.numpy()[shown].mean(0)
    np.testing.assert_allclose(mean, trainer.claim.target[0], atol=2e-3)
    assert (trainer.claim.variance >= 0).all()
    assert (trainer.claim.variance[:, :2] < 1).all()
    assert trainer.network.attributes.n_own == 1


def test_latents_are_on_their_priors_scale(trainer: Trainer) -> None:
    for _ in range(4):
        list(trainer.epoch())
    second = (trainer.latents.mean.square() + trainer.latents.variance).mean(0)
    np.testing.assert_allclose(second, 1, atol=0.15)


def test_rescaled_latents_expect_the_same_counts(trainer: Trainer) -> None:
    encoder = Encoder(trainer.network, trainer.spots, trainer.features())
    moved, _ = to_end(trainer._step_latents(encoder))
    expected = encoder.eta(slice(0, 300), moved).clone()
    held = trainer._place_variance(own_gap=True)
    gp = trainer.network.gp_log_metric.detach().clone()
    to_end(trainer._fit_latents(Encoder(trainer.network, trainer.spots, encoder.features)))
    trainer.network.gp_log_metric.data.copy_(gp)
    # a second step from the mode moves little; what it expects, weights and latents rescaled, is the same
    assert (encoder.eta(slice(0, 300), trainer.latents) - expected).abs().max() < 0.05
    np.testing.assert_allclose(trainer._place_variance(own_gap=True), held, rtol=0.1, atol=1e-3)


def test_the_place_variance_is_what_the_claim_leaves_open(trainer: Trainer) -> None:
    claim, weights = trainer.claim, trainer.network.latent_weights.numpy()
    assert claim is not None
    spread = np.einsum("pl,lg->pg", claim.variance.numpy(), weights**2)
    gap = (claim.gap.numpy() @ weights) ** 2
    for own_gap, own in ((False, spread), (True, spread + gap)):
        found = trainer._place_variance(own_gap)
        np.testing.assert_allclose(found, np.vstack([own, spread + gap]), rtol=1e-9)
    trainer.claim = None
    assert (trainer._place_variance(own_gap=True) == 0).all()


def test_intervals_are_made_under_wide_priors_and_with_the_places_part(trainer: Trainer) -> None:
    trainer.measure_covariance()
    network, attributes = trainer.network, trainer.network.n_attributes
    precision = trainer.priors.precision.clone()
    precision[1:attributes] = precision[1:attributes].clamp(max=FIRST)
    rows = [network.attributes.blocks.slice_of(name).start for name in ("own", "field")]
    for g in range(GENES):
        fisher = trainer.information.unpack()[g].numpy() + np.diag(precision[:, g].numpy())
        expected = WIDEN**2 * np.linalg.inv(fisher)
        expected[rows, rows] += network.place_variance[:, g].numpy()
        np.testing.assert_allclose(network.covariance[g], expected, rtol=1e-6, atol=1e-9)
    shrunk, wide = network.weights[1:attributes], network.unshrunk[1:attributes]
    assert torch.isfinite(wide).all()
    assert (shrunk != wide).any()


def test_settling_gives_hidden_spots_back_and_measures(trainer: Trainer) -> None:
    before = trainer.network.covariance.clone()
    assert trainer.spots.observed.min() == 0
    to_end(trainer.settle())
    assert trainer.spots.observed.min() == 1
    assert not torch.equal(trainer.network.covariance, before)


def test_an_epoch_without_latents_field_or_niches_still_fits_the_rest(case: Callable[..., Any]) -> None:
    slide = case(60, 5, states=(), tissues=("in", "out"), warm_up=99)
    trainer = _trainer(slide, 3)
    assert trainer.claim is None
    assert (trainer.network.latent_weights == 0).all()
    assert trainer.network.attribute_weights[1:].abs().max() > 0.01


def test_hidden_spots_teach_nothing(case: Callable[..., Any]) -> None:
    slide = case(120, 5)
    one = _trainer(slide, 0)
    hidden = one.spots.observed.numpy() == 0
    assert hidden.any()
    changed = slide.arrays.counts.copy().tolil()
    changed[hidden] = changed[hidden].toarray()[::-1] * 3 + 2
    other = _trainer(replace(slide, arrays=replace(slide.arrays, counts=changed.tocsr().astype(np.float32))), 0)
    other.network.weights.copy_(one.network.weights)  # the intercept starts at the mean of all
    for trainer in (one, other):
        for _ in range(8):
            list(trainer.epoch())
    for name, tensor in one.network.state_dict().items():
        assert torch.equal(other.network.state_dict()[name], tensor), name
    assert one.heldout_loss != other.heldout_loss
