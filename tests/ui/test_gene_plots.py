"""One plot at a time."""

from __future__ import annotations

import pytest

from napari_concert.session.results import Region, tables
from napari_concert.ui.gene_plots import EXPLAINED, GenePlots, Plot


@pytest.fixture
def plots(painted, show):
    made = GenePlots(painted)
    made.resize(420, 260)
    return show(made)


def is_empty(plot):
    return not plot.axes.axison


def test_the_chosen_plot_is_in_sight_with_its_explanation(plots, click):
    for which, plot in ((Plot.VOLCANO, plots.volcano), (Plot.FIT, plots.fit), (Plot.DISTANCE, plots.distance)):
        click(plots.choice.buttons[which])
        assert [each.isVisible() for each in (plots.distance, plots.volcano, plots.fit)].count(True) == 1
        assert plot.isVisible()
        assert plots.says.text() == EXPLAINED[which]
    assert "not a validation" in EXPLAINED[Plot.FIT]


def test_only_the_plot_in_sight_is_drawn(plots, painted, click):
    made = tables(painted.result, Region.PATCH)
    plots.show_tables(made, made.genes)
    assert is_empty(plots.volcano)
    click(plots.choice.buttons[Plot.VOLCANO])
    assert not is_empty(plots.volcano)
    assert is_empty(plots.fit)


def test_tables_that_came_while_hidden_are_drawn_when_it_is_shown(plots, painted, click):
    click(plots.choice.buttons[Plot.FIT])
    plots.hide()
    made = tables(painted.result, Region.RING)
    plots.show_tables(made, made.genes)
    assert is_empty(plots.fit)
    plots.show()
    assert f"{len(made.rows)} spots" in plots.fit.axes.get_title(loc="left")


def test_without_tables_the_plots_say_what_to_do(plots, painted, click):
    made = tables(painted.result, Region.PATCH)
    click(plots.choice.buttons[Plot.VOLCANO])
    plots.show_tables(made, made.genes)
    plots.show_tables(None, None)
    assert is_empty(plots.volcano)


def test_where_the_change_comes_from_is_said_under_the_plot_by_distance(session, painted, show):
    plots = show(GenePlots(session))
    painted.show_gene("Fn1")
    assert plots.parts.isVisible()
    assert plots.parts.text() == plots.distance.said != ""
    plots.choice.set_value(Plot.FIT)
    plots._show()
    assert not plots.parts.isVisible()
