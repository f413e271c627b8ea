"""The learned reach in the Paint step."""

from __future__ import annotations

import pytest

from napari_concert.session.reaching import NO_MODEL
from napari_concert.session.shown import CUT_OFF
from napari_concert.ui.reach_form import ReachForm
from napari_concert.ui.reach_words import sentence


@pytest.fixture
def form(session, show):
    return show(ReachForm(session))


def test_without_a_reach_it_says_why_and_offers_nothing(form, opened, model_folder):
    assert form.says.text() == NO_MODEL
    assert not form.ring.isEnabled()
    assert not form.cut_offs.isEnabled()
    opened.load_model(model_folder)
    opened.set_target("perturbation", "control")
    assert "control" in form.says.text()
    assert not form.cut_offs.isEnabled()


def test_it_follows_the_target(form, trained):
    for state in ("Jak2", "Tgfbr2"):
        trained.set_target("perturbation", state)
        assert form.says.text() == sentence(trained.reach)
        assert state in form.says.text()


def test_the_ring_is_switched_and_stays_so(form, trained, show, click):
    trained.set_target("perturbation", "Jak2")
    assert form.ring.isChecked()
    form.ring.click()
    assert not trained.shows_reach
    assert not show(ReachForm(trained)).ring.isChecked()
    trained.show_reach(True)
    assert form.ring.isChecked()


def test_the_button_colours_by_cut_off(form, trained, click):
    trained.set_target("perturbation", "Jak2")
    click(form.cut_offs)
    assert trained.colour == CUT_OFF
