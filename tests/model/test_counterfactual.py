"""What-ifs against a full recomputation, and what they must leave alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from napari_concert.model.counterfactual import UNREACHED, Counterfactual, attribute_features
from napari_concert.model.data import SpotArrays


def _painted(arrays: SpotArrays, rows: np.ndarray, state: int | None = None, tissue: int | None = None) -> SpotArrays:
    states, tissues = arrays.state.copy(), arrays.tissue.copy()
    if state is not None:
        states[rows] = state
    if tissue is not None:
        tissues[rows] = tissue
    return arrays.with_attributes(states, tissues, arrays.continuous)


def _whatif(slide: Any, after: SpotArrays) -> tuple[np.ndarray, np.ndarray, slice]:
    network = slide.network()
    spots = Counterfactual(network, slide.arrays)
    swapped, found = spots.swapped(after), spots.features.copy()
    found[swapped.rows] = swapped.features
    return spots.features, found, network.attributes.blocks.slice_of("field")


@pytest.mark.parametrize("target", [{"state": 1}, {"state": 0}, {"state": 2, "tissue": 1}, {"tissue": 0}])
def test_a_what_if_is_a_full_recomputation(case: Callable[..., Any], target: dict[str, int]) -> None:
    slide = case(120)
    after = _painted(slide.arrays, np.arange(50, 60), **target)
    before, found, field = _whatif(slide, after)
    whole = attribute_features(slide.network(), after)
    moved = np.abs(whole - before)[:, field] >= UNREACHED
    assert moved.any()
    np.testing.assert_array_equal(np.delete(found, np.r_[field], axis=1), np.delete(whole, np.r_[field], axis=1))
    np.testing.assert_allclose(found[:, field][moved], whole[:, field][moved], rtol=1e-10)
    np.testing.assert_array_equal(found[:, field][~moved], before[:, field][~moved])


def test_far_spots_stay_exactly_as_they_were(case: Callable[..., Any]) -> None:
    slide = case(300)
    slide.arrays.state[:] = 0
    rows = np.flatnonzero(np.linalg.norm(slide.arrays.coords, axis=1) < 3)
    before, found, _ = _whatif(slide, _painted(slide.arrays, rows, state=1))
    away = np.linalg.norm(slide.arrays.coords[:, None] - slide.arrays.coords[None, rows], axis=2).min(1)
    far, near = away > slide.config.reach, (away > 0) & (away < 2)
    assert (found[far] == before[far]).all()
    assert (found[near] != before[near]).any(axis=1).mean() > 0.5


def test_other_places_stay_exactly_as_they_were(case: Callable[..., Any]) -> None:
    slide = case(100, n_places=2)
    rows = np.flatnonzero(slide.arrays.place == 0)
    before, found, _ = _whatif(slide, _painted(slide.arrays, rows, state=1))
    elsewhere = slide.arrays.place == 1
    assert (found[elsewhere] == before[elsewhere]).all()


def test_painting_what_is_there_changes_nothing(case: Callable[..., Any]) -> None:
    slide = case()
    rows = np.flatnonzero(slide.arrays.state == 1)
    before, found, _ = _whatif(slide, _painted(slide.arrays, rows, state=1))
    assert (found == before).all()
    assert found is not before  # nobody changes the other's numbers


def test_there_and_back_again(case: Callable[..., Any]) -> None:
    slide, rows = case(), np.arange(20)
    there = _painted(slide.arrays, rows, state=2)
    back = replace(there, state=slide.arrays.state)
    before, found, _ = _whatif(slide, back)
    assert (found == before).all()


def test_counts_are_never_read_under_the_new_label(case: Callable[..., Any]) -> None:
    slide, rows = case(), np.arange(20)
    after = _painted(slide.arrays, rows, state=1)
    blank = replace(after, counts=csr_matrix(after.counts.shape, dtype=np.float32))
    _, found, _ = _whatif(slide, after)
    _, without, _ = _whatif(slide, blank)
    np.testing.assert_array_equal(found, without)


def test_a_continuous_attribute_moves_its_own_features_alone(case: Callable[..., Any]) -> None:
    slide = case(n_continuous=2)
    values = slide.arrays.continuous.copy()
    values[:10, 1] += 1.5
    before, found, _ = _whatif(slide, replace(slide.arrays, continuous=values))
    network = slide.network()
    whole = attribute_features(network, replace(slide.arrays, continuous=values))
    np.testing.assert_allclose(found, whole, rtol=1e-10)
    columns = network.attributes.blocks.slice_of("continuous")
    changed = (found != before).any(axis=0)
    assert changed[columns.start + 4 : columns.stop].all()
    assert changed.sum() == 4
    assert ((found != before).any(axis=1) == (np.arange(90) < 10)).all()


def test_unpainting_the_only_source_ends_its_field(case: Callable[..., Any]) -> None:
    slide = case()
    slide.arrays.state[:] = 0
    slide.arrays.state[44] = 1
    before, found, field = _whatif(slide, _painted(slide.arrays, np.array([44]), state=0))
    assert before[:, field.start].max() > 0.3
    assert found[:, field.start].max() < UNREACHED


@pytest.mark.parametrize("power", [1.0, 40.0])
def test_a_source_beside_others_that_is_taken_away_leaves_what_the_others_give(
    case: Callable[..., Any], power: float
) -> None:
    """With a large power the nearest source hides the others by more digits than a number has."""
    slide = case(120)
    slide.arrays.state[:] = 0
    slide.arrays.state[[44, 47]] = 1
    network = slide.network()
    network.attributes.field.shape[:, network.attributes.field.after_shear + 3] = np.log(power - 1 + 1e-12)
    after = _painted(slide.arrays, np.array([44]), state=0)
    swapped = Counterfactual(network, slide.arrays).swapped(after)
    whole = attribute_features(network, after)[swapped.rows]
    columns = network.attributes.blocks.slice_of("field")
    assert whole[:, columns.start].max() > 0.3
    np.testing.assert_allclose(swapped.features[:, columns], whole[:, columns], atol=UNREACHED)
    close = np.linalg.norm(slide.arrays.coords[swapped.rows] - slide.arrays.coords[44], axis=1) < 1.5
    np.testing.assert_allclose(swapped.features[close][:, columns], whole[close][:, columns], rtol=1e-9)


def test_what_a_what_if_may_change_lies_within_its_reach(case: Callable[..., Any]) -> None:
    slide = case(300)
    rows = np.array([5, 6])
    swapped = Counterfactual(slide.network(), slide.arrays).swapped(_painted(slide.arrays, rows, state=2))
    assert (np.diff(swapped.rows) > 0).all()
    away = np.linalg.norm(slide.arrays.coords[:, None] - slide.arrays.coords[None, rows], axis=2).min(1)
    assert away[swapped.rows].max() <= slide.config.reach
    assert set(rows) <= set(swapped.rows)


@pytest.mark.parametrize("target", [{"state": 1}, {"state": 0}, {"state": 2, "tissue": 1}, {"tissue": 0}])
def test_alone_a_spot_is_what_it_becomes_if_no_other_is_painted(
    case: Callable[..., Any], target: dict[str, int]
) -> None:
    slide = case(120)
    network, rows = slide.network(), np.arange(50, 60)
    spots = Counterfactual(network, slide.arrays)
    swapped = spots.swapped(_painted(slide.arrays, rows, **target))
    found, field = spots.features.copy(), network.attributes.blocks.slice_of("field")
    found[swapped.rows] = swapped.alone
    away = np.setdiff1d(swapped.rows, rows)
    assert len(away)
    np.testing.assert_array_equal(found[away], spots.features[away])
    whole = [attribute_features(network, _painted(slide.arrays, np.array([i]), **target))[i] for i in rows]
    np.testing.assert_allclose(found[rows], whole, atol=UNREACHED)
    moved = np.abs(np.array(whole) - spots.features[rows])[:, field] >= UNREACHED
    np.testing.assert_allclose(found[rows][:, field][moved], np.array(whole)[:, field][moved], rtol=1e-9)
