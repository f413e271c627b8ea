"""One of a few things."""

from __future__ import annotations

import pytest

from napari_concert.ui.choice import Choice


@pytest.fixture
def choice(show):
    return show(Choice({"a": ("Aa", "first"), "b": ("Bb", "second"), "c": ("Cc", "third")}))


def down(choice):
    return [value for value, button in choice.buttons.items() if button.isChecked()]


def test_the_first_is_down(choice):
    assert choice.value == "a"
    assert down(choice) == ["a"]
    assert choice.buttons["b"].toolTip() == "second"


def test_a_click_chooses_and_tells_once(choice, click):
    told = []
    choice.chosen.connect(told.append)
    click(choice.buttons["c"])
    click(choice.buttons["c"])
    assert told == ["c"]
    assert (choice.value, down(choice)) == ("c", ["c"])


def test_setting_it_tells_nobody(choice):
    told = []
    choice.chosen.connect(told.append)
    choice.set_value("b")
    assert (choice.value, down(choice), told) == ("b", ["b"], [])


def test_choosing_tells_as_a_click_does(choice):
    told = []
    choice.chosen.connect(told.append)
    choice.choose("b")
    choice.choose("b")
    assert (choice.value, down(choice), told) == ("b", ["b"], ["b"])
    with pytest.raises(KeyError):
        choice.choose("z")
    assert (choice.value, down(choice), told) == ("b", ["b"], ["b"])
