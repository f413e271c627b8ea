"""The picture of the tissue: where its pixels lie, and what is read as a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imsave

from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata, read
from napari_concert.slide import SlideImage, image_in

FACTORS = {"tissue_hires_scalef": 0.25, "tissue_lowres_scalef": 0.05, "spot_diameter_fullres": 65.0}


def library(images, **factors):
    return {"spatial": {"lib": {"images": images, "scalefactors": FACTORS | factors}}}


@given(shrink=st.integers(1, 40), pixel=st.integers(0, 200))
def test_a_shrunk_pixel_lies_in_the_middle_of_those_it_was_made_of(shrink, pixel):
    image = SlideImage.shrunk("hires", np.zeros((2, 2)), 1 / shrink)
    covered = np.arange(pixel * shrink, (pixel + 1) * shrink)
    assert image.origin[0] + pixel * image.step == pytest.approx(covered.mean())


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([[0, 255]], np.uint8), [0, 255]),
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 127.0, 255.0]]), [0, 127, 255]),
        (np.array([[0, 65535, 32768]], np.uint16), [0, 255, 128]),
        (np.array([[np.nan, 1.0]]), [0, 255]),
    ],
    ids=["bytes", "fractions", "floats", "16 bit", "missing"],
)
def test_pixels_are_bytes_whatever_they_were(pixels, expected):
    loaded = SlideImage("hires", pixels, 1.0).load()
    assert loaded.dtype == np.uint8
    assert loaded.ravel().tolist() == expected


def test_a_file_is_read_only_when_it_is_asked_for(tmp_path):
    path = tmp_path / "image.png"
    image = SlideImage("hires", path, 1.0)
    with pytest.raises(ConcertError, match="is gone"):
        image.load()
    imsave(path, np.full((4, 6, 3), 200, np.uint8))
    assert image.load().shape[:2] == (4, 6)
    assert (image.load()[..., :3] == 200).all()


@pytest.mark.parametrize("shape", [(3,), (4, 4, 2), (0, 4, 3), (2, 4, 4, 3)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ConcertError, match="is no picture"):
        SlideImage("hires", np.zeros(shape), 1.0).load()


def test_the_sharpest_image_of_a_table_is_taken():
    images = {"lowres": np.zeros((2, 2, 3)), "hires": np.ones((8, 8, 3))}
    assert image_in(library(images)).name == "hires"
    assert image_in(library(images)).step == 4.0
    assert image_in(library({"lowres": images["lowres"]})).name == "lowres"
    assert image_in(library(images, tissue_hires_scalef="?")).name == "lowres"


@pytest.mark.parametrize("uns", [{}, {"spatial": 3}, {"spatial": {}}, {"spatial": {"lib": {}}}, library({})])
def test_without_an_image_there_is_none(uns):
    assert image_in(uns) is None


def test_of_several_libraries_none_is_taken():
    both = {"a": library({"hires": np.ones((8, 8, 3))})["spatial"]["lib"]}
    assert image_in({"spatial": both | {"b": both["a"]}}) is None


def test_an_h5ad_brings_its_image_and_every_reading_keeps_it(adata, tmp_path):
    adata.uns |= library({"hires": np.ones((8, 8, 3), np.float32)})
    adata.write_h5ad(tmp_path / "s.h5ad")
    slide = read(tmp_path / "s.h5ad")
    assert slide.image.load().min() == 255
    assert slide.with_um_per_unit(2.0).image is slide.image
    assert slide.with_labels("new", ["a"] * slide.n_spots).image is slide.image
    assert slide.describe()["image"] == "hires"
    assert replace(slide, image=None).describe()["image"] is None


def test_positions_that_the_scale_factors_do_not_fit_have_no_image(adata):
    adata.obsm["spatial"] = adata.obsm["spatial"] * 3
    adata.uns |= library({"hires": np.ones((8, 8, 3), np.float32)})
    slide = from_anndata(adata)
    assert slide.image is None
    assert any("do not fit the positions" in note for note in slide.notes)
