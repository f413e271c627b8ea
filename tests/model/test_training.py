"""Training: repeatable, improving, cancellable, and the same in any order of spots."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from napari_concert.model import svgp, training
from napari_concert.model.config import Epoch, ModelConfig
from napari_concert.model.counterfactual import attribute_features
from napari_concert.model.data import UNKNOWN, SpotArrays, Vocabulary
from napari_concert.model.encoder import Encoder, infer_latents
from napari_concert.model.heldout import SMALLEST_SPLIT, hide
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.scope import scopes
from napari_concert.model.steps import to_end
from napari_concert.model.training import Trainer, build, train
from napari_concert.slide.geometry import geometry_of

EPOCHS = 9  # past the warm-up


def _run(slide: Any, epochs: int = EPOCHS, seed: int = 0) -> tuple[ConcertNetwork, list[Epoch]]:
    network = build(slide.arrays, slide.vocabulary, slide.config, seed)
    records = list(train(Trainer(network, slide.arrays, seed, "cpu"), epochs))
    return network, [record for record in records if record.fraction == 1]


def _state(network: ConcertNetwork) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


@pytest.fixture(scope="module")
def slide(planted: Any) -> Any:
    """Return a slide on which a state changes itself and its neighbours."""
    return planted


@pytest.fixture(scope="module")
def trained(slide: Any) -> tuple[ConcertNetwork, list[Epoch]]:
    """Return a trained network of that slide."""
    return _run(slide)


def test_the_same_seed_repeats_a_training_bit_for_bit(slide: Any, trained: tuple[ConcertNetwork, list[Epoch]]) -> None:
    network, epochs = _run(slide)
    for name, tensor in _state(network).items():
        assert torch.equal(tensor, trained[0].state_dict()[name]), name
    assert [epoch.train_loss for epoch in epochs] == [epoch.train_loss for epoch in trained[1]]


def test_training_leaves_the_global_random_state_alone(slide: Any) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    _run(slide, epochs=1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_both_losses_fall(trained: tuple[ConcertNetwork, list[Epoch]]) -> None:
    first, last = trained[1][0], trained[1][-1]
    assert last.train_loss < first.train_loss - 0.01
    assert last.heldout_loss < first.heldout_loss - 0.01
    assert [epoch.index for epoch in trained[1]] == list(range(1, len(trained[1]) + 1))
    assert trained[1][0].best


def test_effects_that_were_planted_are_found(slide: Any, trained: tuple[ConcertNetwork, list[Epoch]]) -> None:
    blocks, weights = trained[0].attributes.blocks, trained[0].weights.numpy()
    own, spill = weights[blocks.slice_of("own")][0], weights[blocks.slice_of("field")][0]
    assert np.corrcoef(own, slide.own)[0, 1] > 0.95
    assert np.corrcoef(spill, slide.spill)[0, 1] > 0.9
    sd = trained[0].covariance[:, blocks.slice_of("own"), blocks.slice_of("own")].flatten().sqrt().numpy()
    assert (np.abs(own - slide.own) < 3.5 * sd).mean() > 0.9


def test_warm_up_leaves_the_latents_alone(slide: Any) -> None:
    network, _ = _run(slide, epochs=3)
    assert (network.latent_weights == 0).all()


def test_order_and_batches_of_a_trained_model_play_no_part(
    slide: Any, trained: tuple[ConcertNetwork, list[Epoch]]
) -> None:
    network, order = trained[0], np.random.default_rng(3).permutation(len(slide.arrays))
    found = []
    for case, entries in ((slide, 10**6), (slide.reordered(order), 64 * 12)):
        object.__setattr__(network.config, "batch_entries", entries)
        features = attribute_features(network, case.arrays)
        found.append(np.hstack([features, infer_latents(network, case.arrays, features)]))
    np.testing.assert_allclose(found[1], found[0][order], atol=1e-6)
    object.__setattr__(network.config, "batch_entries", slide.config.batch_entries)


@pytest.mark.parametrize("entries", [10**6, 64 * 12])
def test_training_on_permuted_spots_agrees(
    slide: Any, trained: tuple[ConcertNetwork, list[Epoch]], entries: int
) -> None:
    order = np.random.default_rng(4).permutation(len(slide.arrays))
    network, epochs = _run(slide.reordered(order).with_config(batch_entries=entries))
    np.testing.assert_allclose(network.weights, trained[0].weights, atol=2e-3)
    np.testing.assert_allclose(epochs[-1].heldout_loss, trained[1][-1].heldout_loss, rtol=1e-4)


def test_the_same_spots_are_hidden_in_any_order(case: Callable[..., Any]) -> None:
    slide = case(200)
    order = np.random.default_rng(0).permutation(200)
    hidden = hide(slide.arrays, 0.2, seed=3)
    np.testing.assert_array_equal(hide(slide.arrays.take(order), 0.2, seed=3), hidden[order])
    assert (hide(slide.arrays, 0.2, seed=4) != hidden).any()
    for state in np.unique(slide.arrays.state):
        rows = slide.arrays.state == state
        assert hidden[rows].sum() == int(0.2 * rows.sum())


def test_small_states_hide_none(case: Callable[..., Any]) -> None:
    slide = case(100)
    slide.arrays.state[:] = 0
    slide.arrays.state[: SMALLEST_SPLIT - 1] = 1
    hidden = hide(slide.arrays, 0.5, seed=0)
    assert not hidden[: SMALLEST_SPLIT - 1].any()
    assert hidden.sum() == (100 - SMALLEST_SPLIT + 1) // 2


@pytest.mark.parametrize("stop_after", [0, 1, 4, 8])
def test_cancelling_leaves_the_best_state_usable(slide: Any, stop_after: int) -> None:
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    trainer = Trainer(network, slide.arrays, 0, "cpu")
    steps, best = train(trainer, 60), _state(network)
    for record in steps:
        if record.fraction == 1 and record.best:
            best = _state(network)
        if record.index > stop_after or stop_after == 0:
            break
    started = time.perf_counter()
    steps.close()
    assert time.perf_counter() - started < 1.0
    for name, tensor in network.state_dict().items():
        assert torch.isfinite(tensor).all()
        if name not in ("covariance", "unshrunk", "place_variance", "tails", "calibrated_on"):  # measured at the end
            assert torch.equal(tensor, best[name]), name
    assert (network.covariance.diagonal(dim1=1, dim2=2)[:, : network.n_attributes] > 0).all()


def test_cancelling_while_the_weights_settle_goes_back_to_the_best(slide: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "REPORT_EVERY", -1.0)
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    steps, best = train(Trainer(network, slide.arrays, 0, "cpu"), 2), _state(network)
    for record in steps:
        if record.fraction == 1:
            best = _state(network) if record.best else best
            if record.index == 2:
                break
    settling = next(steps)
    assert settling.index == settling.max_epochs == 2
    assert settling.fraction < 1
    while torch.equal(network.weights, best["weights"]):
        next(steps)
    steps.close()
    assert torch.equal(network.weights, best["weights"])


def test_hidden_spots_are_given_back_in_the_end(slide: Any) -> None:
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    trainer = Trainer(network, slide.arrays, 0, "cpu")
    assert trainer.spots.observed.sum() < len(slide.arrays)
    list(train(trainer, 1))
    assert trainer.spots.observed.sum() == len(slide.arrays)


def test_long_epochs_report_within(slide: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "REPORT_EVERY", -1.0)
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    records = list(train(Trainer(network, slide.arrays, 0, "cpu"), 8))
    for index in range(1, 9):
        fractions = [record.fraction for record in records if record.index == index]
        done = fractions[: fractions.index(1.0) + 1]
        assert len(done) > 4
        assert done == sorted(done)
        assert min(done) > 0
    settling = [record.fraction for record in records if record.index == 8]
    settling = settling[settling.index(1.0) + 1 :]
    assert len(settling) > 4
    assert settling == sorted(settling)
    assert all(record.seconds_left >= 0 for record in records)
    assert records[0].max_epochs == 8


def test_no_step_of_a_large_slide_keeps_control_for_long(request: pytest.FixtureRequest) -> None:
    """3,000 spots and 400 genes: half a second on two cores is enough for any piece of work, start and end included."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    request.addfinalizer(lambda: torch.set_num_threads(threads))
    slide = _large(3000, 400)
    trainer = Trainer(build(*slide, 0), slide[0], 0, "cpu")
    gaps, last = [], time.thread_time()  # of a core, however busy the machine is
    for _ in train(trainer, 2):
        gaps.append(time.thread_time() - last)
        last = time.thread_time()
    gaps.append(time.thread_time() - last)
    assert np.quantile(gaps, 0.95) < 0.5
    assert max(gaps) < 1.0


def _large(n_spots: int, n_genes: int) -> tuple[SpotArrays, Vocabulary, ModelConfig]:
    from scipy.sparse import csr_matrix

    rng = np.random.default_rng(0)
    side = int(np.ceil(np.sqrt(n_spots)))
    coords = np.stack(np.divmod(np.arange(n_spots), side), axis=1).astype(float)
    state = ((coords[:, 0] // 9 + coords[:, 1] // 9) % 3).astype(np.int64)
    counts = csr_matrix(rng.poisson(0.8, (n_spots, n_genes)).astype(np.float32))
    zeros = np.zeros(n_spots, dtype=np.int64)
    arrays = SpotArrays(counts, np.ones(n_spots), coords, zeros, state, zeros, zeros, np.zeros((n_spots, 0)))
    genes = tuple(map(str, range(n_genes)))
    return arrays, Vocabulary(genes, ("c", "a", "b"), ("c",), ("t",), ("s",), (), (), (), 2), ModelConfig(warm_up=1)


def _finite(network: ConcertNetwork, epochs: list[Epoch]) -> None:
    for name, tensor in network.state_dict().items():
        assert torch.isfinite(tensor).all(), name
    assert all(np.isfinite(epoch.train_loss) for epoch in epochs)
    assert len(epochs) > 0


ODD: dict[str, dict[str, Any]] = {
    "no perturbation": {"states": ()},
    "no perturbation, no tissue": {"states": (), "tissues": ()},
    "one state": {"states": ("control",)},
    "no control": {"controls": ()},
    "only controls": {"controls": ("control", "A", "B")},
    "one gene": {"n_genes": 1},
    "three dimensions": {"dimensions": 3},
    "sections apart": {"n_places": 4},
    "continuous": {"n_continuous": 2},
    "few spots": {"n_spots": 6},
    "two spots": {"n_spots": 2},
    "millions of counts": {"mean_count": 1e6},
    "hardly any counts": {"mean_count": 0.003},
    "no intrinsic factors": {"intrinsic_factors": 0},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_slides_train_without_nan(case: Callable[..., Any], name: str) -> None:
    slide = case(**ODD[name], warm_up=2)
    network, epochs = _run(slide, 6)
    _finite(network, epochs)
    features = attribute_features(network, slide.arrays)
    assert np.isfinite(infer_latents(network, slide.arrays, features)).all()


def _depth_one(arrays: SpotArrays) -> None:
    first = np.diff(arrays.counts.indptr).cumsum()[np.diff(arrays.counts.indptr) > 0] - 1
    arrays.counts.data[:] = 0
    arrays.counts.data[first] = 1.0


def _one_spot_a_state(arrays: SpotArrays) -> None:
    arrays.state[:] = UNKNOWN
    arrays.state[:3] = [0, 1, 2]


def _duplicated(arrays: SpotArrays) -> None:
    arrays.coords[45:] = arrays.coords[:45]


def _all_in_one_point(arrays: SpotArrays) -> None:
    arrays.coords[:] = 3.0


def _on_a_line(arrays: SpotArrays) -> None:
    arrays.coords[:, 1] = 0.0


def _state_in_one_place(arrays: SpotArrays) -> None:
    arrays.place[:] = arrays.state == 1
    arrays.tissue[:] = np.where(arrays.state == 1, 0, 1)


def _states_are_tissues(arrays: SpotArrays) -> None:
    arrays.tissue[:] = np.clip(arrays.state, 0, 1)


def _one_gene_never_seen(arrays: SpotArrays) -> None:
    arrays.counts.data[arrays.counts.indices == 2] = 0


def _one_gene_is_everything(arrays: SpotArrays) -> None:
    arrays.counts.data[arrays.counts.indices == 2] *= 1e5


def _all_unknown(arrays: SpotArrays) -> None:
    arrays.state[:], arrays.tissue[:] = UNKNOWN, UNKNOWN


def _far_apart(arrays: SpotArrays) -> None:
    arrays.coords[:] *= 1e6


CHANGES = (
    _depth_one,
    _one_spot_a_state,
    _duplicated,
    _all_in_one_point,
    _on_a_line,
    _state_in_one_place,
    _states_are_tissues,
    _one_gene_never_seen,
    _one_gene_is_everything,
    _all_unknown,
    _far_apart,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_degenerate_slides_train_without_nan(case: Callable[..., Any], change: Callable[[SpotArrays], None]) -> None:
    slide = case(warm_up=2)
    change(slide.arrays)
    network, epochs = _run(slide, 6)
    _finite(network, epochs)
    assert epochs[-1].fraction == 1


def test_the_start_is_each_genes_mean(case: Callable[..., Any]) -> None:
    slide = case()
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    expected = slide.arrays.size.sum() * network.weights[0].exp().numpy()
    np.testing.assert_allclose(expected, slide.arrays.counts.sum(0).A1 + 0.5)
    assert (network.weights[1:] == 0).all()


def test_latents_that_were_never_fitted_widen_nothing(slide: Any) -> None:
    trainer = Trainer(build(slide.arrays, slide.vocabulary, slide.config, 0), slide.arrays, 0, "cpu")
    list(_epochs_of(trainer, 2))
    trainer.measure_covariance()
    latents = slice(trainer.network.n_attributes, None)
    assert (trainer.network.covariance[:, latents] == 0).all()
    assert (trainer.network.covariance[:, :, latents] == 0).all()
    assert (trainer.network.covariance.diagonal(dim1=1, dim2=2)[:, : trainer.network.n_attributes] > 0).all()


def test_the_kernels_step_goes_down_the_whole_evidence(slide: Any) -> None:
    """The gradient is summed factor by factor; it is that of all factors together."""
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    trainer = Trainer(network, slide.arrays, 0, "cpu")
    list(_epochs_of(trainer, 8))
    encoder = Encoder(network, trainer.spots, trainer.features())
    reading, k = to_end(encoder.read(trainer.latents)), slide.config.spatial_factors
    precision = reading.precision[:, :k]
    values = trainer.latents.mean[:, :k] + reading.score[:, :k] / precision.clamp(min=1e-8)
    at = trainer.spots.inducing
    basis = network.basis(trainer.spots.coords, trainer.spots.place, trainer.spots.coords[at], trainer.spots.place[at])
    loss = network.kernel_penalty() - svgp.evidence(basis, values, precision)[0]
    expected = torch.autograd.grad(loss, [network.gp_log_metric, network.gp_log_alpha])
    to_end(trainer._fit_kernel(encoder, reading))
    assert torch.allclose(network.gp_log_metric.grad, expected[0])
    assert torch.allclose(network.gp_log_alpha.grad, expected[1])
    assert expected[0].abs().max() > 0.1


def _epochs_of(trainer: Trainer, count: int) -> Iterator[float]:
    for _ in range(count):
        yield from trainer.epoch()


def test_weights_improve_first_and_the_field_waits_for_the_latents(slide: Any) -> None:
    """Without latents the field would take what is smooth for a spill-over."""
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    trainer = Trainer(network, slide.arrays, 0, "cpu")
    field, losses = network.attributes.field, []
    for _ in range(slide.config.warm_up):
        list(trainer.epoch())
        losses.append(trainer.train_loss)
    assert losses[-1] < losses[0]
    assert max(np.diff(losses)) < 1e-3
    assert (field.shape == field.prior_mean).all()
    list(trainer.epoch())
    assert (field.shape != field.prior_mean).any()


def _turned(slide: Any, angle: float, shift: tuple[float, float]) -> Any:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return replace(slide, arrays=replace(slide.arrays, coords=slide.arrays.coords @ turn.T + np.array(shift)))


def test_a_trained_model_does_not_depend_on_where_the_slide_lies(slide: Any) -> None:
    """Inducing points are chosen from the frame's corner, so that a turn changes a little in the latents alone."""
    plain = slide.with_config(heldout_fraction=0.0)
    found = [_run(case)[0] for case in (plain, _turned(plain, 0.0, (1234.5, -777.0)), _turned(plain, 0.9, (3.0, 40.0)))]
    np.testing.assert_allclose(found[1].weights, found[0].weights, atol=1e-4)
    np.testing.assert_allclose(found[1].attributes.field.shape, found[0].attributes.field.shape, atol=1e-3)
    attributes = slice(1, found[0].n_attributes)
    np.testing.assert_allclose(found[2].weights[attributes], found[0].weights[attributes], atol=0.1)
    assert scopes(found[2].attributes.field).range_long.item() == pytest.approx(
        scopes(found[0].attributes.field).range_long.item(), rel=0.15
    )


def test_without_latents_a_turned_slide_gives_the_same_model(slide: Any) -> None:
    plain = slide.with_config(heldout_fraction=0.0, warm_up=99)
    one, other = _run(plain, 6)[0], _run(_turned(plain, 0.9, (3.0, 40.0)), 6)[0]
    np.testing.assert_allclose(other.weights, one.weights, atol=1e-4)
    turn = np.array([[np.cos(0.9), -np.sin(0.9)], [np.sin(0.9), np.cos(0.9)]])
    expected = turn @ one.attributes.field.log_metric[0].numpy() @ turn.T
    np.testing.assert_allclose(other.attributes.field.log_metric[0], expected, atol=1e-3)


@pytest.mark.parametrize("unit", [1e-4, 0.37, 5000.0])
def test_the_unit_of_coordinates_plays_no_part(slide: Any, unit: float) -> None:
    """Slides come in any unit; their pitch takes it out before the model sees them."""
    planes = np.zeros(len(slide.arrays), dtype=np.int64)
    pitches = [geometry_of(scale * slide.arrays.coords, planes).pitch for scale in (1.0, unit)]
    given = [scale * slide.arrays.coords / pitch for scale, pitch in zip((1.0, unit), pitches, strict=True)]
    short = slide.with_config(warm_up=2)
    networks = [_run(replace(short, arrays=replace(short.arrays, coords=coords)), 4)[0] for coords in given]
    np.testing.assert_allclose(networks[1].weights, networks[0].weights, atol=1e-4)
    np.testing.assert_allclose(networks[1].attributes.field.shape, networks[0].attributes.field.shape, atol=1e-3)
