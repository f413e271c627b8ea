"""Slides as bytes, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from napari_concert.io import from_anndata
from napari_concert.remote.parcel import packed, unpacked
from napari_concert.slide import Columns, Rigid, Slide, Stack


def same(slide: Slide) -> Slide:
    """Send a slide there and back; check all that a training looks at."""
    back = unpacked(packed(slide))
    assert (back.fingerprint, back.contents) == (slide.fingerprint, slide.contents)
    assert (back.columns, back.units, back.registered) == (slide.columns, slide.units, slide.registered)
    assert (back.name, back.path, back.notes) == (slide.name, slide.path, slide.notes)
    assert (back.counts != slide.counts).nnz == 0
    assert back.counts.dtype == slide.counts.dtype
    np.testing.assert_array_equal(back.coords, slide.coords)
    for name in ("usable", "planes", "places", "left_out", "state_of", "tissue_of"):
        np.testing.assert_array_equal(getattr(back, name), getattr(slide, name))
    for name in ("states", "tissues", "sections", "pitch", "counts_source"):
        assert getattr(back, name) == getattr(slide, name)
    for name in slide.columns.continuous:
        np.testing.assert_array_equal(back.values(name), slide.values(name))
    return back


def test_a_slide_comes_back_as_it_was(slide: Slide) -> None:
    back = same(replace(slide, path=Path("there") / "slide.h5ad").without([3, 5]).with_um_per_unit(0.5))
    assert back.image is None
    assert not back.usable[[3, 5]].any()


def test_a_stack_of_sections_comes_back(stack_slide: Slide) -> None:
    flat = replace(stack_slide, raw_coords=stack_slide.raw_coords[:, :2])
    stack = Stack.spaced(["s2", "s1", "s3"], 50.0).moved({"s1": Rigid(30.0, (5.0, -2.0), True)})
    assert same(flat.with_stack(stack).with_registered(True)).stack == stack


def test_labels_and_numbers_come_back_whatever_their_type(new_adata: Callable[..., AnnData]) -> None:
    adata = new_adata()
    n = adata.n_obs
    adata.obs["cluster"] = pd.Series(np.where(np.arange(n) % 3, np.arange(n) % 12, np.nan), index=adata.obs_names)
    adata.obs["dose"] = np.where(np.arange(n) % 5, np.linspace(0, 1 / 3, n), np.nan)
    adata.obs["flag"] = np.arange(n) % 2 == 0
    columns = Columns("cluster", ("1",), (), "flag", None, ("dose", "cluster"))
    back = same(from_anndata(adata, columns=columns))
    assert back.states == ("1", "2", "4", "5", "7", "8", "10", "11")


@given(
    st.lists(st.text(min_size=1), min_size=2, max_size=5, unique=True),
    st.sampled_from([np.float32, np.float64, np.int64, np.uint16]),
    st.integers(0, 2**31),
)
def test_any_names_and_counts_come_back(genes: list[str], dtype: type, seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(40, (6, len(genes))).astype(dtype)
    counts[0, 0] = 60_000
    adata = AnnData(sparse.csr_matrix(counts), var=pd.DataFrame(index=genes))
    adata.obsm["spatial"] = np.random.default_rng(seed).random((6, 2))
    slide = from_anndata(adata, columns=Columns())
    back = unpacked(packed(slide))
    assert back.fingerprint == slide.fingerprint
    assert list(back.genes) == list(slide.genes)


def test_images_and_other_columns_stay_here(new_adata: Callable[..., AnnData]) -> None:
    adata = new_adata(picture=np.random.default_rng(0).random(100_000))
    adata.obs["patient"] = "secret name"
    slide = from_anndata(adata)
    parcel = packed(slide)
    assert len(parcel) < 20_000
    assert "patient" not in unpacked(parcel).adata.obs


@pytest.mark.parametrize("largest", [200, 70_000])
def test_a_parcel_is_small(new_adata: Callable[..., AnnData], largest: int) -> None:
    adata = new_adata(genes=200)
    adata.X[0, 0] = largest
    slide = from_anndata(adata)
    assert len(packed(slide)) < slide.counts.data.nbytes
