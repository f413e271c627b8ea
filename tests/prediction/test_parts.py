"""The change in two parts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_concert import ConcertError, Prediction, UnknownName
from napari_concert.prediction import GeneSet, set_parts, set_values


def test_the_parts_sum_to_the_change(prediction: Prediction) -> None:
    for name in prediction.genes:
        parts = prediction.parts(name)
        assert parts.name == name
        np.testing.assert_allclose(parts.own + parts.neighbours, prediction.gene(name).change, atol=1e-12)


def test_a_spot_that_is_not_painted_has_no_response_of_its_own(prediction: Prediction) -> None:
    parts, painted = prediction.parts("g3"), prediction.painted[prediction.rows]
    own, neighbours = parts.own[prediction.rows], parts.neighbours[prediction.rows]
    assert (own[~painted] == 0).all()
    assert (own[painted] != 0).all()
    assert (neighbours[:9] != 0).all()
    assert (neighbours[9:] == 0).all()


def test_spots_that_are_not_modelled_have_no_parts(prediction: Prediction) -> None:
    parts = prediction.parts("g0")
    missing = np.setdiff1d(np.arange(prediction.n_spots), prediction.rows)
    assert np.flatnonzero(np.isnan(parts.own)).tolist() == np.flatnonzero(np.isnan(parts.neighbours)).tolist()
    assert np.flatnonzero(np.isnan(parts.own)).tolist() == missing.tolist()


def test_what_can_not_be_split_says_so(make: Callable[..., Prediction]) -> None:
    with pytest.raises(ConcertError, match="alone_features"):
        make(alone_features=None).parts("g0")
    with pytest.raises(UnknownName):
        make().parts("g99")


def test_a_set_is_split_as_its_genes_are_on_average(prediction: Prediction) -> None:
    some = GeneSet("some", ("G2", "g5", "unknown"))
    parts, single = set_parts(prediction, some), [prediction.parts(name) for name in ("g2", "g5")]
    np.testing.assert_allclose(parts.own, np.mean([part.own for part in single], axis=0))
    np.testing.assert_allclose(parts.own + parts.neighbours, set_values(prediction, some).change, atol=1e-12)
    with pytest.raises(ConcertError, match="No gene of 'none'"):
        set_parts(prediction, GeneSet("none", ("unknown",)))
