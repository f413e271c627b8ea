"""Features: which block says what, and that an unknown label says nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from napari_concert.model.attributes import Attributes, Blocks, ContinuousFeatures, encode, field_pairs
from napari_concert.model.data import UNKNOWN


def _blocks(case: Any) -> tuple[Blocks, dict[str, np.ndarray]]:
    network = case.network()
    features, blocks = case.features(network).numpy(), network.attributes.blocks
    return blocks, {name: features[:, blocks.slice_of(name)] for name in Blocks._fields}


def test_blocks_lie_side_by_side() -> None:
    blocks = Blocks(1, 3, 2, 4, 2, 1, 2)
    columns = [q for name in Blocks._fields for q in range(15)[blocks.slice_of(name)]]
    assert columns == list(range(15))
    assert blocks.slice_of("own") == slice(10, 12)


def test_codes_stand_where_the_labels_say(case: Callable[..., Any]) -> None:
    slide = case(n_continuous=2, continuous_features=3)
    blocks, parts = _blocks(slide)
    arrays = slide.arrays
    assert blocks == Blocks(intercept=1, tissue=2, batch=0, continuous=6, own=2, field=2, niche=0)
    assert (parts["intercept"] == 1).all()
    for code in range(2):
        np.testing.assert_array_equal(parts["tissue"][:, code], arrays.tissue == code)
        np.testing.assert_array_equal(parts["own"][:, code], arrays.state == code + 1)  # the control is the reference
    assert (parts["field"] >= 0).all()
    np.testing.assert_array_equal(parts["continuous"][:, [0, 3]], arrays.continuous)


@pytest.mark.parametrize("label", ["state", "tissue"])
def test_unknown_labels_have_no_term(case: Callable[..., Any], label: str) -> None:
    _, parts = _blocks(case())
    unknown = getattr(case().arrays, label) == UNKNOWN
    assert unknown.sum() > 5
    assert (parts["own" if label == "state" else label][unknown] == 0).all()


def test_unknown_states_propagate_nothing(case: Callable[..., Any]) -> None:
    slide = case(states=("control", "A"))
    slide.arrays.state[slide.arrays.state == 1] = UNKNOWN
    _, parts = _blocks(slide)
    assert (parts["field"] == 0).all()


def test_controls_propagate_nothing_and_a_second_control_has_an_effect_of_its_own(case: Callable[..., Any]) -> None:
    slide = case(controls=("control", "A"))
    codes = encode(slide.arrays, slide.vocabulary)
    np.testing.assert_array_equal(codes.own.numpy(), np.array([UNKNOWN, 0, 1, UNKNOWN])[slide.arrays.state])
    np.testing.assert_array_equal(
        codes.propagating.numpy(), np.array([UNKNOWN, UNKNOWN, 0, UNKNOWN])[slide.arrays.state]
    )
    sources = np.unique(field_pairs(slide.arrays, slide.vocabulary, 4.0).source)
    assert set(slide.arrays.state[sources]) == {2}


def test_without_controls_every_state_propagates_and_has_an_effect(case: Callable[..., Any]) -> None:
    blocks, _ = _blocks(case(controls=()))
    assert (blocks.own, blocks.field) == (3, 3)


def test_several_batches_get_a_block_and_one_does_not(case: Callable[..., Any]) -> None:
    slide = case(batches=("one", "two"))
    slide.arrays.batch[::2] = 1
    slide.arrays.batch[0] = UNKNOWN
    blocks, parts = _blocks(slide)
    assert blocks.batch == 2
    np.testing.assert_array_equal(parts["batch"].argmax(1)[1:], slide.arrays.batch[1:])
    assert (parts["batch"][0] == 0).all()
    assert (parts["batch"][1:].sum(1) == 1).all()


@pytest.mark.parametrize(("states", "tissues"), [((), ()), ((), ("in",)), (("control",), ())])
def test_missing_columns_leave_no_features(case: Callable[..., Any], states: tuple[str, ...], tissues: tuple) -> None:
    slide = case(states=states, tissues=tissues)
    blocks, _ = _blocks(slide)
    assert blocks == Blocks(1, len(tissues), 0, 0, 0, 0, 0)


def test_a_continuous_attribute_enters_as_itself_and_as_smooth_bends() -> None:
    torch.manual_seed(0)
    mlp = ContinuousFeatures(4).double()
    value = torch.linspace(-3, 3, 601, dtype=torch.float64)
    features = mlp(value).detach()
    assert features.shape == (601, 4)
    assert torch.equal(features[:, 0], value)
    w1, b1, w2, b2 = (parameter.detach().numpy() for parameter in mlp.bend.parameters())
    expected = np.tanh(np.tanh(value.numpy()[:, None] @ w1.T + b1) @ w2.T + b2)
    np.testing.assert_allclose(features[:, 1:], expected, atol=1e-12)
    assert features[:, 1:].diff(dim=0).abs().max() < 0.05  # between two values lies what is between


def test_the_mlps_have_gradients_in_all_that_is_learned(case: Callable[..., Any]) -> None:
    slide = case(n_continuous=1)
    torch.manual_seed(0)
    attributes = Attributes(slide.vocabulary, slide.config.reach, 3).double()
    pairs = field_pairs(slide.arrays, slide.vocabulary, slide.config.reach)
    attributes(encode(slide.arrays, slide.vocabulary), pairs).square().sum().backward()
    for name, parameter in attributes.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


NICHES = (("A", "in"), ("A", "out"), ("B", "out"))


def _with_niches(slide: Any) -> Any:
    return replace(slide, vocabulary=replace(slide.vocabulary, niches=NICHES))


def test_a_niche_is_the_field_in_its_tissue(case: Callable[..., Any]) -> None:
    slide = _with_niches(case())
    blocks, parts = _blocks(slide)
    assert blocks.niche == 3
    for column, (state, tissue) in enumerate(NICHES):
        field = parts["field"][:, slide.vocabulary.propagating.index(state)]
        inside = slide.arrays.tissue == slide.vocabulary.tissues.index(tissue)
        np.testing.assert_array_equal(parts["niche"][:, column], np.where(inside, field, 0))


def test_in_a_state_the_field_counts_as_it_differs_from_what_is_usual_there(case: Callable[..., Any]) -> None:
    slide = case()
    network = slide.network()
    pairs = field_pairs(slide.arrays, slide.vocabulary, slide.config.reach)
    codes = encode(slide.arrays, slide.vocabulary)
    raw = network.attributes.field(pairs, codes.propagating, codes.tissue).numpy()
    np.testing.assert_array_equal(network.attributes.felt(codes, pairs), raw)  # nothing is usual yet
    network.attributes.learn_usual(codes, pairs)
    felt = network.attributes.felt(codes, pairs).numpy()
    for q in range(len(slide.vocabulary.own)):
        members = slide.arrays.state == q + 1
        np.testing.assert_allclose(network.attributes.usual[q], raw[members].mean(0))
        np.testing.assert_allclose(felt[members], raw[members] - raw[members].mean(0))
        np.testing.assert_allclose(felt[members].mean(0), 0, atol=1e-12)
    plain = slide.arrays.state <= 0
    np.testing.assert_array_equal(felt[plain], raw[plain])


def test_of_a_state_without_spots_nothing_is_usual(case: Callable[..., Any]) -> None:
    slide = case()
    slide.arrays.state[slide.arrays.state == 2] = 0
    network = slide.network()
    pairs, codes = field_pairs(slide.arrays, slide.vocabulary, 4.0), encode(slide.arrays, slide.vocabulary)
    network.attributes.learn_usual(codes, pairs)
    assert (network.attributes.usual[1] == 0).all()
    assert (network.attributes.usual[:, 1] == 0).all()


def test_features_change_with_the_field_as_told(case: Callable[..., Any]) -> None:
    """What ``by_field`` says, by differences of ``assemble``, which is linear in the field."""
    slide = _with_niches(case(40))
    attributes, codes = slide.network().attributes, encode(slide.arrays, slide.vocabulary)
    felt = torch.rand(40, 2, dtype=torch.float64)
    blocks, before = attributes.blocks, attributes.assemble(codes, felt)
    told = attributes.by_field(codes)
    assert told.shape == (40, 2 + 3, 2)
    for p in range(2):
        moved = felt.clone()
        moved[:, p] += 1
        change = (attributes.assemble(codes, moved) - before).detach()
        np.testing.assert_allclose(change[:, blocks.slice_of("field").start :], told[:, :, p], atol=1e-12)
        assert (change[:, : blocks.slice_of("field").start] == 0).all()


def test_each_spill_over_knows_the_own_effect_of_its_state(case: Callable[..., Any]) -> None:
    slide = case(controls=("control", "A"), states=("control", "A", "B", "C"))
    slide = replace(slide, vocabulary=replace(slide.vocabulary, niches=(("C", "in"),)))
    attributes, vocabulary = slide.network().attributes, slide.vocabulary
    own, field = attributes.blocks.slice_of("own"), attributes.blocks.slice_of("field")
    named = {
        vocabulary.propagating[f - field.start]: vocabulary.own[q - own.start] for f, q in attributes.own_row.items()
    }
    assert named == {"B": "B", "C": "C"}
    assert attributes.swapped == slice(own.start, field.stop)
