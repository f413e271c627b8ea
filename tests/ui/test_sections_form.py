"""The form of a stack's sections: what it shows, aligning with progress and Stop, order, distance, by hand, undo."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.jobs import Jobs
from napari_concert.session import Session
from napari_concert.ui.nudge_form import NudgeForm
from napari_concert.ui.sections_form import SectionsForm
from napari_concert.ui.threads import MainThread


@pytest.fixture
def stack(turned):
    return turned[0]


@pytest.fixture
def form(session, stack, show):
    session.add(stack)
    return show(SectionsForm(session))


def misplaced(session):
    low, top = np.split(session.slide.coords[:, :2], 2)
    return float(np.linalg.norm(low - top, axis=1).max() / session.slide.pitch)


def rows(form):
    return [form.order.item(i).text().split() for i in range(form.order.count())]


def test_it_is_there_for_stacks_alone(session, tiny, stack, show):
    form = show(SectionsForm(session))
    session.add(tiny)
    assert form.isHidden()
    session.add(stack)
    assert not form.isHidden()
    session.choose(session.workspaces[0])
    assert form.isHidden()


def test_it_says_that_the_distance_is_a_guess_until_it_is_set(form, session):
    assert rows(form) == [["low", "z", "0", "µm"], ["top", "z", "100", "µm"]]
    assert "guess" in form.says.text()
    form.apart.setValue(16)
    assert session.stack.spacing == 16
    assert rows(form)[1] == ["top", "z", "16", "µm"]
    assert "guess" not in form.says.text()


def test_sections_are_dragged_into_another_order(form, session):
    model = form.order.model()
    assert model.moveRow(model.index(-1, 0).parent(), 0, model.index(-1, 0).parent(), 2)
    assert session.stack.order == ("top", "low")
    assert [name for name, *_ in rows(form)] == ["top", "low"]


def test_align_shows_the_scores_and_can_be_undone(form, session, click):
    assert not form.undo.isEnabled()
    click(form.align)
    assert misplaced(session) < 0.5
    assert "low – top" in form.scores.text()
    assert form.back.isEnabled()
    click(form.undo)
    assert misplaced(session) > 2
    assert not form.scores.text()
    assert not form.undo.isEnabled()


def test_an_alignment_is_stopped(stack, show, qtbot, click):
    session = Session(Jobs(MainThread()))
    session.add(stack)
    qtbot.waitUntil(lambda: session.slide is not None, timeout=20_000)
    form = show(SectionsForm(session))
    click(form.align)
    assert not form.align.isEnabled()
    assert form.stop.isVisible()
    click(form.stop)
    qtbot.waitUntil(lambda: not session.is_registering, timeout=20_000)
    assert form.align.isEnabled()
    assert not form.stop.isVisible()
    assert session.slide.stack is None
    session.close()


def test_a_section_is_nudged_by_numbers(form, session, click):
    nudge = form.findChild(NudgeForm)
    nudge.unfold(True)
    nudge.section.setCurrentText("top")
    middle = session.slide.coords[144:, :2].mean(axis=0)
    nudge.turn.setValue(-25)
    nudge.right.setValue(50)
    click(nudge.apply)
    turned = session.slide.coords[144:, :2]
    np.testing.assert_allclose(turned.mean(axis=0), middle + np.array([50, 0]), atol=1e-6)
    flat = session.slide.coords[:144, :2]
    np.testing.assert_allclose(turned - turned[0], flat - flat[0], atol=1e-6)
    assert (nudge.turn.value(), nudge.right.value()) == (0, 0)
    click(form.undo)
    np.testing.assert_allclose(session.slide.coords[144:, :2].mean(axis=0), middle)


def test_all_goes_back_to_the_file(form, session, click):
    form.apart.setValue(16)
    click(form.back)
    assert session.slide.stack is None
    assert not form.back.isEnabled()
    click(form.undo)
    assert session.stack.spacing == 16
