"""Tables follow the session."""

from __future__ import annotations

import threading

import pytest

from napari_concert.jobs import Jobs
from napari_concert.prediction import GeneSet
from napari_concert.session import Session
from napari_concert.session.results import Region, tables
from napari_concert.ui.region_tables import RegionTables


@pytest.fixture
def source(session):
    return RegionTables(session)


@pytest.fixture
def told(source):
    """The regions of the tables that were told of."""
    heard = []
    source.changed.connect(lambda: heard.append(source.tables.region if source.tables is not None else None))
    return heard


def test_there_are_tables_once_something_is_predicted(source, told, trained, patch_rows):
    source.ask()
    assert source.tables is None
    trained.paint(patch_rows)
    source.ask()
    assert source.tables.result is trained.result
    assert told == [None, Region.PATCH]


def test_another_region_and_other_sets_make_other_tables(source, told, painted):
    source.set_region(Region.SLIDE)
    assert source.tables.rows is painted.result.prediction.rows
    painted.add_gene_sets(GeneSet("one", (painted.result.prediction.genes[0],)))
    source.ask()
    assert list(source.tables.sets.index) == ["one"]
    assert told == [Region.SLIDE, Region.SLIDE]


def test_taking_the_paint_away_takes_the_tables_away(source, painted):
    source.ask()
    painted.clear()
    source.ask()
    assert source.tables is None


def test_tables_of_an_older_prediction_are_dropped(tiny, model_folder, patch_rows, monkeypatch):
    jobs, may_go_on = Jobs(), threading.Event()

    def slow(*args):
        may_go_on.wait(30)
        return tables(*args)

    monkeypatch.setattr("napari_concert.ui.region_tables.tables", slow)
    session = Session(jobs)
    for work in (
        lambda: session.add(tiny),
        lambda: session.load_model(model_folder),
        lambda: session.paint(patch_rows),
    ):
        work()
        assert jobs.wait()
    source, older = RegionTables(session), session.result
    source.ask()
    session.paint([0, 1])
    while session.result is older or session.result.patch_genes is None:
        jobs.drain()
    may_go_on.set()
    assert jobs.wait()
    assert source.tables is None
    source.ask()
    assert jobs.wait()
    assert source.tables.result is session.result
    session.close()


def test_a_failure_is_told(source, painted, said, monkeypatch):
    def fails(*_args):
        raise RuntimeError("no memory")

    monkeypatch.setattr("napari_concert.ui.region_tables.tables", fails)
    source.ask()
    assert said[-1][0] == "error"
    assert "no memory" in said[-1][1]
