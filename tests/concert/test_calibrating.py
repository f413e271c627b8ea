"""Calibration under the scheme by which new spots are hidden: single ones, or holes."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from napari_concert import Concert, Slide
from napari_concert.concert.calibrating import Calibration, calibration, hole_calibration, hole_of, holes
from napari_concert.concert.observed import Observed
from napari_concert.model.conformal import Bands, Pit
from napari_concert.patches import WhatIf


@pytest.fixture(scope="module")
def observed(model: Concert, slide: Slide) -> Observed:
    """Return the slide as observed."""
    return model._observe(slide, WhatIf())


def test_training_calibrates_on_its_hidden_spots(model: Concert) -> None:
    bands = model.network.bands
    assert bands.is_calibrated
    assert (bands.held(0.95) > 0.85).all()
    assert not np.array_equal(bands.tails, Bands.plain().tails)


def test_new_spots_beside_measured_ones_are_calibrated_as_single_spots(observed: Observed) -> None:
    found = calibration(observed, np.array([0.9, 1.0, 1.1, 0.5]), labels=True)
    assert found.hole == 1
    np.testing.assert_array_equal(found.bands.tails, found.found.tails)
    assert "single spots" in str(found)


def test_spots_in_a_hole_are_calibrated_in_holes_of_its_size(observed: Observed) -> None:
    found = calibration(observed, np.linspace(0.8, 3.0, 20), labels=True)
    assert found.hole == 32, "a hole of 33 spots, to a factor of two"
    assert f"holes of about {found.hole} spots" in str(found)
    least = np.maximum(observed.network.bands.tails, Bands.plain().tails)
    assert (found.bands.tails <= least).all(), "the weights have seen them: no narrower than single spots allow"
    assert json.dumps(found.to_json())
    again = calibration(observed, np.linspace(0.8, 3.1, 20), labels=True)
    assert again.found is found.found, "it is made once"


def test_a_hole_is_as_large_as_a_disc_of_spots() -> None:
    near = [(x, y) for x in range(-9, 10) for y in range(-9, 10)]
    hexagonal = np.array([(x + y / 2, y * math.sqrt(0.75)) for x, y in near])
    inside = np.linalg.norm(hexagonal, axis=1) < 3
    assert hole_of(np.array([3.0])) == pytest.approx(inside.sum(), abs=6)
    assert hole_of(np.array([0.1])) == 1


@pytest.mark.parametrize("size", [1, 5, 20, 39])
def test_holes_lie_apart_and_leave_most_of_the_slide(observed: Observed, size: int) -> None:
    arrays = observed.arrays
    found = holes(arrays, size)
    rows = np.concatenate(found)
    assert len(np.unique(rows)) == len(rows)
    if size <= len(arrays) // 10:
        assert all(len(hole) == size for hole in found)
        assert len(rows) <= len(arrays) / 5 + size
    again = holes(arrays.take(np.arange(len(arrays))[::-1]), size)
    places = lambda all_rows, of: {tuple(c) for c in of.coords[np.concatenate(all_rows)]}  # noqa: E731
    assert places(again, arrays.take(np.arange(len(arrays))[::-1])) == places(found, arrays), "in any order of spots"


def test_hole_calibration_is_the_conformal_fit_of_the_hidden_counts(model: Concert, slide: Slide) -> None:
    observed = Observed.infer(model.network, slide, model.scale, trained_on=True)
    found = hole_calibration(observed, 16, labels=True)
    rows = observed.rows[np.sort(np.concatenate(holes(observed.arrays, 16)))]
    hidden = model.withhold(rows, slide)
    direct = Bands.fit(Pit.joined([pit for _, pit in hidden.pits()]))
    np.testing.assert_allclose(found.found.tails, direct.tails, rtol=1e-9)


def test_an_imputation_says_what_was_done(model: Concert, slide: Slide) -> None:
    at = pd.DataFrame(slide.coords[np.flatnonzero(slide.usable)[:4]] + 0.4 * slide.pitch, columns=["x", "y"])
    found = model.new_spots(at, slide)
    assert "single spots" in found.calibration
    assert found.provenance["calibration"]["hidden_as"] == "single spots"
    assert len(found.provenance["calibration"]["held_at_95_before"]) == len(Bands.plain().tails)


def test_no_calibration_is_said_too() -> None:
    assert "too few counts were hidden" in str(Calibration(Bands.plain(), 1, Bands.plain()))


def test_the_interval_of_a_change_is_left_alone(model: Concert, slide: Slide) -> None:
    """Nothing that a what-if changes was ever measured: there is nothing to calibrate it on."""
    what_if = WhatIf((np.flatnonzero(slide.usable)[:10], {"perturbation": model.states[-1]}))
    before = model.predict(what_if, slide).changes(what_if.rows)
    kept = model.network.tails.clone()
    try:
        model.network.tails.mul_(0.1)
        after = model.predict(what_if, slide).changes(what_if.rows)
    finally:
        model.network.tails.copy_(kept)
    np.testing.assert_array_equal(before.lower, after.lower)
    np.testing.assert_array_equal(before.upper, after.upper)
