"""What was measured against what the model expects."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.session.results import Region, tables
from napari_concert.ui.fit_plot import NOTHING, FitPlot


@pytest.fixture
def plot(show):
    return show(FitPlot())


def test_a_gene_is_a_point_of_measured_and_expected_counts(plot, painted):
    made = tables(painted.result, Region.RING)
    plot.show_tables(made)
    identity, points = plot.axes.lines
    assert list(identity.get_xdata()) == list(identity.get_ydata())
    counted = made.measured.to_numpy() > 0
    np.testing.assert_allclose(points.get_xdata()[counted], made.measured[counted])
    np.testing.assert_allclose(points.get_ydata()[counted], made.genes["baseline"][counted])
    assert (plot.axes.get_xscale(), plot.axes.get_yscale()) == ("log", "log")
    logs = np.log(np.stack([points.get_xdata(), points.get_ydata()]))
    title = plot.axes.get_title(loc="left")
    assert f"{np.corrcoef(logs)[0, 1]:.2f}" in title
    assert f"{len(made.rows)} spots" in title
    assert "counts per spot at median depth" in plot.axes.get_xlabel()


def test_a_gene_that_was_not_counted_is_at_the_left_edge(plot, painted):
    made = tables(painted.result, Region.PATCH)
    made.measured.iloc[0] = 0.0
    plot.show_tables(made)
    x = plot.axes.lines[1].get_xdata()
    assert x[0] == x.min() > 0
    assert plot._about(0).startswith("measured 0,")


def test_without_spots_it_says_what_to_do(plot, painted):
    plot.show_tables(None)
    assert [text.get_text() for text in plot.axes.texts] == [NOTHING]
