"""Tissues in which a spill-over may differ, counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from napari_concert.model import niches as module
from napari_concert.model.niches import FEWEST_RECEIVERS, NEAR, niches
from napari_concert.model.training import build


def _receivers(slide: Any, state: str, tissue: str) -> int:
    """Return how many spots of a tissue, not in the state themselves, have a spot of the state nearby."""
    arrays, vocabulary = slide.arrays, slide.vocabulary
    sources = arrays.state == vocabulary.states.index(state)
    away = np.linalg.norm(arrays.coords[:, None] - arrays.coords[None], axis=2)
    away[arrays.place[:, None] != arrays.place[None]] = np.inf
    near = (away[:, sources] <= NEAR).any(1) & ~sources
    return int((near & (arrays.tissue == vocabulary.tissues.index(tissue))).sum())


def _sparse(case: Callable[..., Any], seed: int) -> Any:
    """Return a slide on which few spots propagate."""
    slide, rng = case(300, 3, seed=seed, tissues=("in", "out", "rim"), n_places=2), np.random.default_rng(seed)
    slide.arrays.state[:] = rng.choice([0, 1, 2], 300, p=[0.94, 0.04, 0.02])
    slide.arrays.tissue[:] = rng.choice([-1, 0, 1, 2], 300, p=[0.1, 0.5, 0.35, 0.05])
    return slide


def test_niches_are_tissues_with_enough_receivers(case: Callable[..., Any]) -> None:
    dropped = 0
    for seed in range(6):
        slide = _sparse(case, seed)
        expected = set()
        for state in slide.vocabulary.propagating:
            enough = {t for t in slide.vocabulary.tissues if _receivers(slide, state, t) >= FEWEST_RECEIVERS}
            dropped += 3 - len(enough)
            expected |= {(state, t) for t in enough} if len(enough) > 1 else set()
        assert set(niches(slide.arrays, slide.vocabulary)) == expected
    assert dropped > 0


def test_a_state_that_reaches_one_tissue_has_no_niche(case: Callable[..., Any]) -> None:
    slide = case(200, 3)
    slide.arrays.tissue[:] = 0
    assert niches(slide.arrays, slide.vocabulary) == ()


def test_the_largest_are_kept(case: Callable[..., Any], monkeypatch: Any) -> None:
    slide = case(200, 3)
    every = niches(slide.arrays, slide.vocabulary)
    counts = [_receivers(slide, *pair) for pair in every]
    assert len(every) == 4
    assert counts == sorted(counts, reverse=True)
    monkeypatch.setattr(module, "MOST_NICHES", 2)
    assert niches(slide.arrays, slide.vocabulary) == every[:2]


def test_the_order_of_spots_plays_no_part(case: Callable[..., Any]) -> None:
    slide = _sparse(case, 0)
    other = slide.reordered(np.random.default_rng(0).permutation(300))
    assert niches(other.arrays, other.vocabulary) == niches(slide.arrays, slide.vocabulary)


def test_without_states_or_tissues_there_is_none(case: Callable[..., Any]) -> None:
    for slide in (case(50, 2, states=()), case(50, 2, tissues=()), case(50, 2, states=("control",))):
        assert niches(slide.arrays, slide.vocabulary) == ()


def test_a_network_is_built_with_them(case: Callable[..., Any]) -> None:
    slide = case(200, 3)
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    assert network.vocabulary.niches == niches(slide.arrays, slide.vocabulary)
    assert network.attributes.blocks.niche == 4
    assert replace(network.vocabulary, niches=()) == slide.vocabulary
