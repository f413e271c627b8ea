"""A row of buttons of which one is down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psygnal import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget


class Choice(QWidget):
    """One of a few things, all of them in sight.

    Parameters
    ----------
    options
        Value → text and tooltip of its button. The first is chosen.

    Attributes
    ----------
    chosen
        Emitted with another value that was chosen.
    """

    chosen = Signal(object)

    def __init__(self, options: Mapping[Any, tuple[str, str]]) -> None:
        super().__init__()
        self.buttons = {value: self._button(value, *says) for value, says in options.items()}
        row, group = QHBoxLayout(self), QButtonGroup(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for made in self.buttons.values():
            group.addButton(made)
            row.addWidget(made)
        self._value = next(iter(options))
        self.set_value(self._value)

    @property
    def value(self) -> Any:
        """The value whose button is down."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Put a button down without telling."""
        self.buttons[value].setChecked(True)
        self._value = value

    def choose(self, value: Any) -> None:
        """Put a button down as the user does, and tell if it was not down."""
        before = self._value
        self.set_value(value)
        if value != before:
            self.chosen.emit(value)

    def _button(self, value: Any, text: str, tip: str) -> QPushButton:
        made = QPushButton(text)
        made.setCheckable(True)
        made.setToolTip(tip)
        made.setStyleSheet("padding: 3px 8px;")
        made.clicked.connect(lambda _checked=False: self.choose(value))
        return made
