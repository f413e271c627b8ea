"""The section in between: predicted, kept up with what is painted, shown as the measured spots are, and dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_concert.session import Session, TrainingSettings
from napari_concert.session.section_between import NOTHING, SD_UNIT, SectionBetween
from napari_concert.session.shown import View
from napari_concert.slide import Slide


@pytest.fixture
def session(stack_slide: Slide, stack_model: Path) -> Session:
    session = Session()
    session.add(stack_slide)
    session.load_model(stack_model)
    session.show_gene("Gene1")
    return session


def found(session: Session) -> SectionBetween:
    assert session.section_between is not None
    return session.section_between


def shown(session: Session) -> np.ndarray:
    values = session.between_values(session.values())
    assert values is not None
    return values.values


def test_a_section_is_predicted_and_taken_away(session: Session) -> None:
    changes: list[bool] = []
    session.between_changed.connect(lambda: changes.append(session.is_predicting_section))
    session.predict_section(100.0)
    assert (found(session).gap.lower, found(session).gap.upper) == ("s1", "s2")
    assert found(session).name == "predicted section z 100 units"
    assert changes[0]
    assert not changes[-1]
    assert (found(session).coords[:, 2] == 100).all()
    session.forget_section()
    assert session.section_between is None
    assert session.between_values(session.values()) is None


def test_it_shows_what_the_measured_spots_show_on_the_same_scale(session: Session) -> None:
    session.predict_section(100.0)
    spots = found(session).as_is
    for view in (View.OBSERVED, View.BASELINE, View.PREDICTED):
        session.show_view(view)
        measured = session.values()
        values = session.between_values(measured)
        assert values is not None
        assert values.limits == measured.limits
        np.testing.assert_allclose(values.values, spots.gene("Gene1")[0])
    session.show_view(View.UNCERTAINTY)
    values = session.between_values(session.values())
    assert values is not None
    assert values.unit == SD_UNIT
    np.testing.assert_allclose(values.values, spots.gene("Gene1")[1])
    session.show_view(View.CHANGE)
    assert (shown(session) == 0).all()
    session.show_gene("Gene2")
    session.show_view(View.PREDICTED)
    np.testing.assert_allclose(shown(session), spots.gene("Gene2")[0])


def test_columns_show_the_likeliest_label_where_one_is_inferred(session: Session) -> None:
    session.predict_section(100.0)
    session.show_column("perturbation")
    states = shown(session)
    assert set(states) == {"Jak2", "control"}
    right = found(session).coords[:, 0] > 150
    assert (states[right] == "Jak2").all()
    session.show_column("section")
    values = session.between_values(session.values())
    assert values is not None
    assert values.note == NOTHING
    assert set(values.values) == {None}


def test_what_is_painted_changes_it_too(session: Session, stack_slide: Slide) -> None:
    session.predict_section(100.0)
    before = found(session)
    session.set_target("perturbation", "Jak2")
    session.paint(np.flatnonzero((stack_slide.coords[:, 0] < 0) & (stack_slide.coords[:, 2] < 200)))
    after = found(session)
    assert after.as_is is before.as_is
    assert after.what_if is session.current.what_if  # type: ignore[union-attr]
    session.show_view(View.CHANGE)
    assert np.abs(shown(session)).max() > 1e-6
    session.show_view(View.PREDICTED)
    np.testing.assert_allclose(shown(session), after.changed.gene("Gene1")[0])
    session.clear()
    assert found(session).what_if.is_empty


def test_it_goes_with_the_places_of_the_spots_and_with_the_model(session: Session, stack_slide: Slide) -> None:
    session.predict_section(100.0)
    other = session.model
    session.train(TrainingSettings(max_epochs=1))
    assert session.model is not other
    assert found(session).model is session.model
    session.read_as(registered=False)
    assert session.section_between is None


def test_what_can_not_be_predicted_is_said(stack_slide: Slide, session: Session) -> None:
    said: list[tuple[str, str]] = []
    session.notified.connect(lambda kind, text: said.append((kind, text)))
    session.predict_section(150.0)
    assert said[-1][0] == "error"
    assert "Section s2 was measured" in said[-1][1]
    assert session.no_section_between == ""
    bare = Session()
    bare.add(stack_slide)
    bare.notified.connect(lambda kind, text: said.append((kind, text)))
    bare.predict_section(100.0)
    assert said[-1] == ("error", bare.no_section_between)
    assert "train or load one" in said[-1][1]
    assert session.section_between is None


def test_in_the_background_the_last_request_counts(
    threaded: Callable[..., Session], stack_slide: Slide, stack_model: Path
) -> None:
    session = threaded(stack_slide)
    session.load_model(stack_model)
    assert session.jobs.wait()
    for z in (100.0, 50.0, 225.0):
        session.predict_section(z)
    assert session.is_predicting_section
    assert session.jobs.wait()
    assert not session.is_predicting_section
    assert found(session).gap.z == 225
    session.predict_section(50.0)
    session.stop_section()
    assert session.jobs.wait()
    assert not session.is_predicting_section
    assert found(session).gap.z == 225
