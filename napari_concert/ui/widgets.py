"""Small parts that the panels share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFormLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_concert.ui.theme import CONCERN

SPACING = 8


def follow(widget: QWidget, signal: SignalInstance, slot: Callable[..., object]) -> None:
    """Call ``slot`` on a session's signal as long as the widget exists."""
    signal.connect(slot)
    widget.destroyed.connect(lambda: signal.disconnect(slot, missing_ok=True))


def note(text: str = "", kind: str = "info") -> QLabel:
    """Return a label for sentences: it wraps, can be copied from, and hides while it is empty."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    if kind == "quiet":
        label.setStyleSheet("font-size: 11px;")
    concern(label, kind)
    say(label, text)
    return label


def concern(label: QLabel, kind: str) -> None:
    """Give a label the dock's colour of warnings or errors, or that of all text for another kind."""
    if label.property(CONCERN) != kind:
        label.setProperty(CONCERN, kind)
        label.style().unpolish(label)  # else Qt goes on with the style of before
        label.style().polish(label)


def say(label: QLabel, text: str) -> None:
    """Set a label's text; an empty one takes no room."""
    label.setText(text)
    label.setVisible(bool(text))


def heading(text: str) -> QLabel:
    """Return the title of a part of a panel."""
    label = QLabel(text)
    label.setStyleSheet("font-weight: 600; padding-top: 6px;")
    return label


def button(text: str, slot: Callable[[], Any], tip: str = "") -> QPushButton:
    """Return a push button."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.clicked.connect(lambda _checked=False: slot())
    return made


def form() -> QFormLayout:
    """Return a form layout that fits a narrow dock."""
    layout = QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(SPACING)
    layout.setVerticalSpacing(5)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return layout


def column(parent: QWidget) -> QVBoxLayout:
    """Return a panel's own layout, top to bottom."""
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
    layout.setSpacing(6)
    return layout
