from __future__ import annotations

import numpy as np
import pytest

from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata
from napari_concert.slide.units import SPOT_DIAMETER_UM, guess_units

UM_PER_PIXEL = 0.5


def never():
    raise AssertionError("the lattice is measured only where scale factors need a check")


def factors(um_per_pixel=UM_PER_PIXEL, **more):
    return {"scalefactors": {"spot_diameter_fullres": SPOT_DIAMETER_UM / um_per_pixel, **more}}


@pytest.mark.parametrize(
    "text",
    [
        "um",
        "µm",
        "μm",
        "micron",
        "Microns",
        "micrometre",
        "micrometers",
        "um (new_x x 200 um)",
        "um; not registered",
        "in µm",
    ],
)
def test_text_in_uns_that_says_micrometres(text):
    units = guess_units({"spatial_units": text}, never)
    assert (units.um_per_unit, units.name) == (1.0, "µm")
    assert text.split(" (")[0].split(";")[0] in units.source


@pytest.mark.parametrize(
    "uns",
    [
        {},
        {"spatial_units": "pixels (0.5 um per pixel)"},
        {"spatial_units": "um per pixel"},
        {"spatial_units": "um/px"},
        {"units": "uM"},
        {"units": "umbrella"},
        {"dose_unit": "um"},
        {"source": {"spatial_units": "array grid units (pitch in um not stated)"}},
        {"um_per_unit": "0.5"},
        {"um_per_unit": -1.0},
        {"um_per_unit": np.array([1.0, 2.0])},
        {"spatial": "um_of_something"},
        {"spatial": {"library": {"scalefactors": {"spot_diameter_fullres": 0.0}}}},
        {"spatial": {"library": {"scalefactors": {"tissue_hires_scalef": 0.1}}}},
        {"spatial": {"library": {"images": {}}}},
    ],
)
def test_what_says_nothing_of_micrometres_is_plain_units(uns):
    units = guess_units(uns, never)
    assert (units.um_per_unit, units.name) == (None, "units")


@pytest.mark.parametrize(
    ("uns", "um"),
    [
        ({"um_per_unit": 0.25}, 0.25),
        ({"deep": {"microns_per_pixel": np.array([0.4])}}, 0.4),
        ({"spatial_units": b"micrometers"}, 1.0),
        ({"spatial_units": np.str_("mm")}, 1000.0),
        ({"coordinate_unit": "nanometers"}, 0.001),
    ],
)
def test_other_ways_to_say_it(uns, um):
    assert guess_units(uns, never).um_per_unit == um


def test_space_ranger_takes_the_spot_diameter_as_65_um(new_adata):
    # of a real file: fiducials of 105 µm are 144.5001710318751 pixels wide, spots 89.45248682925602
    assert pytest.approx(144.5001710318751 / 89.45248682925602) == 105 / SPOT_DIAMETER_UM
    adata = new_adata(spatial={"library": factors()})
    adata.obsm["spatial"] /= UM_PER_PIXEL
    slide = from_anndata(adata)
    assert slide.units.um_per_unit == pytest.approx(UM_PER_PIXEL)
    assert "Space Ranger" in slide.units.source
    assert slide.pitch == pytest.approx(100.0)
    assert slide.spot_diameter == pytest.approx(55.0)


def test_space_ranger_factors_that_do_not_fit_the_positions_are_not_believed(new_adata):
    units = from_anndata(new_adata(spatial={"library": factors()})).units  # the positions are in µm already
    assert units.um_per_unit is None
    assert "50 µm apart, not 100 µm" in units.source


def test_text_wins_over_space_ranger_factors_that_do_not_fit(new_adata):
    units = from_anndata(new_adata(spatial={"library": factors()}, spatial_units="um")).units
    assert units.um_per_unit == 1.0


def test_visium_hd_says_its_scale_directly(new_adata):
    adata = new_adata(spatial={"library": factors(microns_per_pixel=0.3, bin_size_um=8.0)})
    adata.obsm["spatial"] = np.stack(np.divmod(np.arange(64), 8), axis=1) * 8.0 / 0.3
    slide = from_anndata(adata)
    assert slide.units.um_per_unit == 0.3
    assert (slide.lattice, slide.pitch, slide.spot_diameter) == ("square", pytest.approx(8.0), pytest.approx(8.0))


def test_libraries_of_different_scale_give_no_single_unit():
    units = guess_units({"spatial": {"a": factors(0.5), "b": factors(0.7)}}, never)
    assert units.um_per_unit is None
    assert "0.5 to 0.7 µm per pixel" in units.source
    same = {"a": factors(microns_per_pixel=0.5), "b": factors(microns_per_pixel=0.5)}
    assert guess_units({"spatial": same}, never).um_per_unit == 0.5


def test_units_set_by_the_user(new_adata):
    slide = from_anndata(new_adata())
    assert slide.units.name == "units"
    assert not slide.units.is_chosen
    scaled = slide.with_um_per_unit(2.0)
    assert scaled.units.is_chosen
    assert scaled.pitch == pytest.approx(200.0)
    assert np.allclose(scaled.coords, 2 * slide.coords)
    by_pitch = scaled.with_pitch_um(55.0)
    assert by_pitch.pitch == pytest.approx(55.0)
    assert by_pitch.units.um_per_unit == pytest.approx(0.55)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_impossible_units_are_refused(slide, bad):
    with pytest.raises(ConcertError, match="positive number of µm"):
        slide.with_um_per_unit(bad)
    with pytest.raises(ConcertError):
        slide.with_pitch_um(bad)
