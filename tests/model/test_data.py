"""Arrays and vocabularies: pure values."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_concert.model.config import Epoch, ModelConfig
from napari_concert.model.data import UNKNOWN, Vocabulary


def _vocabulary(states: tuple[str, ...], controls: tuple[str, ...]) -> Vocabulary:
    return Vocabulary(("g",), states, controls, ("in",), ("s",), ("dose",), (0.5,), (2.0,), 3)


@pytest.mark.parametrize(
    ("controls", "own", "propagating"),
    [((), ("c", "d", "a"), ("c", "d", "a")), (("c",), ("d", "a"), ("d", "a")), (("c", "d"), ("d", "a"), ("a",))],
)
def test_the_first_control_is_the_reference_and_no_control_propagates(
    controls: tuple[str, ...], own: tuple[str, ...], propagating: tuple[str, ...]
) -> None:
    vocabulary = _vocabulary(("c", "d", "a"), controls)
    assert (vocabulary.own, vocabulary.propagating) == (own, propagating)
    for code, state in enumerate(vocabulary.states):
        own_code, propagating_code = vocabulary.own_of_state[code], vocabulary.propagating_of_state[code]
        assert own_code == (own.index(state) if state in own else UNKNOWN)
        assert propagating_code == (propagating.index(state) if state in propagating else UNKNOWN)


def test_no_states() -> None:
    vocabulary = _vocabulary((), ())
    assert vocabulary.own == vocabulary.propagating == ()
    assert vocabulary.own_of_state.dtype == np.int64


def test_vocabulary_through_json() -> None:
    vocabulary = _vocabulary(("c", "Jak2 – β"), ("c",))
    assert Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json()))) == vocabulary


def test_niches_are_kept_through_json_and_stand_for_positions() -> None:
    vocabulary = replace(_vocabulary(("c", "d", "a"), ("c",)), niches=(("a", "in"), ("d", "in")))
    assert vocabulary.niche_codes == ((1, 0), (0, 0))
    assert Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json()))) == vocabulary
    old = {name: value for name, value in vocabulary.to_json().items() if name != "niches"}
    assert Vocabulary.from_json(old).niches == ()


def test_take_keeps_every_field_together(case: Callable[..., Any]) -> None:
    arrays = case(n_continuous=1).arrays
    rows = np.array([7, 3, 3, 80])
    taken = arrays.take(rows)
    assert len(taken) == 4
    for name in ("size", "coords", "place", "state", "tissue", "batch", "continuous"):
        np.testing.assert_array_equal(getattr(taken, name), getattr(arrays, name)[rows])
    np.testing.assert_array_equal(taken.counts.toarray(), arrays.counts.toarray()[rows])


def test_an_intervention_shares_all_but_the_attributes(case: Callable[..., Any]) -> None:
    arrays = case().arrays
    other = arrays.with_attributes(arrays.state * 0, arrays.tissue, arrays.continuous)
    assert other.counts is arrays.counts
    assert other.coords is arrays.coords
    assert (other.state == 0).all()
    assert (arrays.state != 0).any()


def test_settings_and_epochs_through_json() -> None:
    assert ModelConfig(**json.loads(json.dumps(ModelConfig(reach=5.0).to_json()))) == ModelConfig(reach=5.0)
    epoch = Epoch(2, 60, 1.5, float("nan"), 0.4, 10.0, best=True)
    text = json.dumps(epoch.to_json(), allow_nan=False)
    back = Epoch.from_json(json.loads(text))
    assert np.isnan(back.heldout_loss)
    assert (back.index, back.train_loss, back.best, back.fraction) == (2, 1.5, True, 1.0)
