"""Change of the shown gene against distance from the patch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_concert.session import View
from napari_concert.ui.distance_plot import FARTHEST, DistancePlot


@pytest.fixture
def host(show):
    return show(QWidget())


@pytest.fixture
def plot(session, host):
    made = DistancePlot(session)
    QVBoxLayout(host).addWidget(made)
    return made


def points(plot, label):
    """Return distances and changes that are drawn under a name."""
    handles, labels = plot.axes.get_legend_handles_labels()
    drawn = handles[labels.index(label)]
    line = getattr(drawn, "lines", (drawn,))[0]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_it_is_there_only_while_there_is_something_to_plot(plot, session, tiny, model_folder):
    assert not plot.isVisible()
    session.add(tiny)
    session.load_model(model_folder)
    session.show_gene("Fn1")
    assert not plot.isVisible(), "nothing is painted yet"
    session.paint([10, 11, 12])
    assert plot.isVisible()
    session.show_column("tissue")
    assert not plot.isVisible()


def test_it_shows_the_change_at_each_spots_distance(plot, painted):
    painted.show_gene("Fn1")
    distance, change = points(plot, "predicted")
    assert len(distance) > len(painted.painted)
    assert distance.max() <= FARTHEST * painted.slide.pitch
    assert (distance == 0).sum() == len(painted.painted), "painted spots are at no distance"
    everywhere = painted.result.prediction.gene("Fn1").change / np.log(2)
    assert change[distance == 0] == pytest.approx(everywhere[painted.painted])
    assert "µm" in plot.axes.get_xlabel()
    assert "log2 fold change" in plot.axes.get_title(loc="left")


def test_it_follows_the_logarithm(plot, painted):
    painted.show_gene("Fn1")
    in_log2 = points(plot, "predicted")[1]
    painted.set_scaling(replace(painted.scaling, log2=False))
    assert points(plot, "predicted")[1] == pytest.approx(in_log2 * np.log(2))


def test_on_a_simulated_slide_the_truth_is_beside_it(plot, painted):
    painted.show_gene("Fn1")
    distance, truth = points(plot, str(View.TRUTH))
    expected = painted.true_change("Fn1") / np.log(2)
    assert truth[distance == 0] == pytest.approx(expected[painted.painted])
