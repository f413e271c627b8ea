"""Which spots are hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from napari_concert import ConcertError, Slide, UnknownName
from napari_concert.evaluate.quality import SCHEMES, Hiding
from napari_concert.io import from_anndata
from napari_concert.simulate import tumour


@pytest.fixture(scope="module")
def slide() -> Slide:
    """Return a simulated slide with two sections."""
    adata = tumour(600, 20, seed=1)
    adata.obs["section"] = np.where(adata.obsm["spatial"][:, 1] < np.median(adata.obsm["spatial"][:, 1]), "low", "high")
    found = from_anndata(adata, name="two")
    return found.with_columns(replace(found.columns, section="section"))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["random", "holes"]), st.floats(0.02, 0.5), st.integers(0, 50))
def test_draws_are_seeded_and_hide_the_share(scheme: str, share: float, seed: int) -> None:
    slide = from_anndata(tumour(300, 20, seed=1), name="one")
    hiding = Hiding(scheme, share=share, hole=10, seed=seed)
    rows = hiding.rows(slide)
    np.testing.assert_array_equal(rows, hiding.rows(slide))
    assert slide.usable[rows].all()
    assert len(rows) <= max(10, round(share * slide.n_spots)) + 1
    if scheme == "random":
        assert len(rows) == round(share * slide.usable.sum())
    order = np.random.default_rng(seed).permutation(slide.n_spots)
    shuffled = from_anndata(slide.adata[order].copy(), name="one")
    assert set(shuffled.spot_names[hiding.rows(shuffled)]) == set(slide.spot_names[rows])


def test_holes_are_whole_and_apart(slide: Slide) -> None:
    rows = Hiding("holes", share=0.2, hole=25, seed=3).rows(slide)
    assert len(rows) == 100
    inside = np.isin(np.arange(slide.n_spots), rows)
    near = cKDTree(slide.coords).query(slide.coords[rows], k=7)[1][:, 1:]
    assert inside[near].mean() > 0.6, "neighbours are hidden together"


def test_a_stripe_is_as_wide_as_asked_in_each_section(slide: Slide) -> None:
    rows = Hiding("stripe", width=4).rows(slide)
    assert np.ptp(slide.coords[rows, 0]) <= 4 * slide.pitch
    assert set(slide.adata.obs["section"].iloc[rows]) == {"low", "high"}


def test_every_second_spot_leaves_half_and_each_hidden_one_a_neighbour(slide: Slide) -> None:
    rows = Hiding("every second").rows(slide)
    assert 0.4 < len(rows) / slide.usable.sum() < 0.6
    rest = np.setdiff1d(np.flatnonzero(slide.usable), rows)
    assert (cKDTree(slide.coords[rest]).query(slide.coords[rows])[0] < 1.1 * slide.pitch).mean() > 0.95


def test_a_section_and_painted_spots(slide: Slide) -> None:
    rows = Hiding("section", section="low").rows(slide)
    assert (slide.adata.obs["section"].iloc[rows] == "low").all()
    assert len(rows) == (slide.adata.obs["section"] == "low").sum()
    np.testing.assert_array_equal(Hiding("painted").rows(slide, [7, 3]), [3, 7])


def test_nonsense_is_named(slide: Slide) -> None:
    with pytest.raises(UnknownName, match="holes"):
        Hiding("hole")
    with pytest.raises(ConcertError, match=r"at most 0\.5"):
        Hiding(share=0.9)
    with pytest.raises(ConcertError, match="paint some first"):
        Hiding("painted").rows(slide)
    with pytest.raises(ConcertError, match="leave some"):
        Hiding("painted").rows(slide, np.arange(slide.n_spots))
    with pytest.raises(UnknownName, match="low"):
        Hiding("section", section="lov").rows(slide)
    with pytest.raises(ConcertError, match="Which section"):
        Hiding("section").rows(slide)
    assert set(SCHEMES) == {"random", "holes", "stripe", "every second", "section", "painted"}
