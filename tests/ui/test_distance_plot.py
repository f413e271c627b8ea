"""Change of the shown gene against distance from the patch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_concert.prediction import GeneSet, set_change
from napari_concert.session import View
from napari_concert.ui.distance_plot import FARTHEST, NO_CHANGE, NO_GENE, NO_SET, DistancePlot, by_distance


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
    return np.asarray(drawn.get_xdata()), np.asarray(drawn.get_ydata())


def texts(plot):
    return [text.get_text() for text in plot.axes.texts]


def test_it_says_what_to_do_as_long_as_there_is_nothing_to_plot(plot, session, tiny, model_folder):
    assert texts(plot) == [NO_CHANGE]
    session.add(tiny)
    session.load_model(model_folder)
    session.show_gene("Fn1")
    assert texts(plot) == [NO_CHANGE]
    session.paint([10, 11, 12])
    assert "mean change" in plot.axes.get_legend_handles_labels()[1]
    session.show_column("tissue")
    assert texts(plot) == [NO_GENE]
    plot.show_set(None)
    assert texts(plot) == [NO_SET]


def test_it_shows_the_mean_change_at_each_distance(plot, painted):
    painted.show_gene("Fn1")
    distance, change = points(plot, "mean change")
    away = painted.current.index.distance_to(painted.result.patch)
    everywhere = painted.result.prediction.gene("Fn1").change / np.log(2)
    assert distance[0] == 0, "painted spots are at no distance"
    assert change[0] == pytest.approx(everywhere[painted.painted].mean())
    nearest = (away > 0) & (away < 1.5 * painted.slide.pitch)
    assert distance[1] == pytest.approx(away[nearest].mean())
    assert change[1] == pytest.approx(everywhere[nearest].mean())
    assert distance.max() <= FARTHEST * painted.slide.pitch
    assert plot.axes.get_xlabel() == "distance to the patch (µm)"
    assert plot.axes.get_title(loc="left") == "Fn1: log2 fold change"


def test_the_band_is_the_interval_of_the_mean(plot, painted):
    painted.show_gene("Fn1")
    (band,) = plot.axes.collections
    corners = band.get_paths()[0].vertices
    patch = painted.result.patch_genes.loc["Fn1"] / np.log(2)
    inside = corners[corners[:, 0] == 0, 1]
    assert inside.min() == pytest.approx(patch["lower"])
    assert inside.max() == pytest.approx(patch["upper"])


def test_the_spots_behind_each_mean_are_drawn_and_counted(plot, painted):
    painted.show_gene("Fn1")
    *counts, last = texts(plot)
    assert last == "spots"
    assert int(counts[0]) == len(painted.painted)
    (dots,) = [line for line in plot.axes.lines if line.get_markersize() == 2]
    assert sum(map(int, counts)) == len(dots.get_xdata())


def test_it_follows_the_logarithm(plot, painted):
    painted.show_gene("Fn1")
    in_log2 = points(plot, "mean change")[1]
    painted.set_scaling(replace(painted.scaling, log2=False))
    assert points(plot, "mean change")[1] == pytest.approx(in_log2 * np.log(2))
    assert plot.axes.get_title(loc="left") == "Fn1: natural log fold change"


def test_on_a_simulated_slide_the_truth_is_beside_it(plot, painted):
    painted.show_gene("Fn1")
    truth = points(plot, str(View.TRUTH))[1]
    expected = painted.result.truth.of(["Fn1"])[:, 0] / np.log(2)
    assert truth[0] == pytest.approx(expected[painted.painted].mean())


def test_a_gene_set_is_plotted_instead_and_the_gene_again(plot, painted):
    painted.show_gene("Fn1")
    gene = points(plot, "mean change")[1]
    some = GeneSet("some", ("FN1", painted.result.prediction.genes[0], "unknown"))
    plot.show_set(some)
    table = set_change(painted.result.prediction, painted.result.patch, [some])
    assert points(plot, "mean change")[1][0] == pytest.approx(table.loc["some", "change"] / np.log(2))
    assert plot.axes.get_title(loc="left") == "some (2 genes): log2 fold change"
    plot.show_set(GeneSet("none", ("unknown",)))
    assert texts(plot) == [NO_SET]
    plot.show_gene()
    assert points(plot, "mean change")[1] == pytest.approx(gene)


def test_spots_of_other_patches_are_left_out(plot, painted):
    painted.show_gene("Fn1")
    first, beside = painted.painted, painted.result.ring[:3]
    painted.new_patch()
    painted.set_target("perturbation", "Tgfbr2")
    painted.paint(beside)
    counts = [int(text) for text in texts(plot)[:-1]]
    assert counts[0] == len(beside) == len(painted.result.patch)
    away = painted.current.index.distance_to(beside)
    away[first] = np.inf
    assert sum(counts) == (away <= FARTHEST * painted.slide.pitch).sum()


def test_what_can_not_be_seen_is_drawn_when_it_is_shown(plot, host, painted):
    painted.show_gene("Fn1")
    host.hide()
    painted.show_gene("Vim" if "Vim" in painted.result.prediction else painted.result.prediction.genes[3])
    assert plot.axes.get_title(loc="left").startswith("Fn1")
    host.show()
    assert plot.axes.get_title(loc="left").startswith(painted.colour.name)


@given(st.lists(st.one_of(st.just(0.0), st.floats(0.01, 9.9), st.just(np.nan)), max_size=60))
def test_every_spot_with_a_distance_is_in_one_group(distance):
    groups = by_distance(np.array(distance), 1.0)
    rows = np.concatenate(groups) if groups else np.zeros(0, int)
    assert sorted(rows) == list(np.flatnonzero(np.isfinite(distance)))
    inside = [set(group) for group in groups if 0.0 in np.array(distance)[group]]
    assert inside in ([], [set(np.flatnonzero(np.array(distance) == 0))]), "the patch is a group of its own"
    assert all(np.ptp(np.array(distance)[group]) <= 1.5 for group in groups)


def test_it_says_how_much_is_own_response_and_how_much_comes_from_neighbours(plot, painted):
    painted.show_gene("Fn1")
    result, log2 = painted.result, 1 / np.log(2)
    parts = result.prediction.parts("Fn1")
    own, neighbours = (values[result.patch].mean() * log2 for values in (parts.own, parts.neighbours))
    around = parts.neighbours[result.ring].mean() * log2
    assert own + neighbours == pytest.approx(points(plot, "mean change")[1][0])
    numbers = ["0" if abs(value) < 0.005 else f"{value:+.2f}" for value in (own, neighbours, around)]
    assert plot.said == (
        f"Patch: {numbers[0]} own response, {numbers[1]} from neighbours. Ring of 200 µm: {numbers[2]} from neighbours."
    )
    painted.show_column("tissue")
    assert plot.said == ""


def test_means_that_come_from_neighbours_are_open(plot, painted):
    painted.show_gene("Fn1")
    (open_,) = [line for line in plot.axes.lines if line.get_label().startswith("_") and line.get_markersize() == 3.5]
    distance, change = points(plot, "mean change")
    assert 0 not in open_.get_xdata(), "the patch responds by itself"
    assert list(open_.get_xdata()) == list(distance[1:])
    assert list(open_.get_ydata()) == list(change[1:])


def test_a_core_as_observed_has_no_response_of_its_own(plot, painted):
    painted.show_gene("Fn1")
    painted.perturb_surroundings(150.0)
    assert plot.said.startswith("Patch: 0 own response, ")
    assert "Ring" in plot.said, "it is wider than the surroundings that are painted"
    painted.undo()
    painted.perturb_surroundings(300.0)
    assert "Ring" not in plot.said, "all of it is painted"
    (open_,) = [line for line in plot.axes.lines if line.get_label().startswith("_") and line.get_markersize() == 3.5]
    assert 0 in open_.get_xdata()
