"""Selecting without the mouse: by label, by value of a gene or a column, and by growing what is selected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_concert.errors import ConcertError
from napari_concert.ui.captions import decimals_for
from napari_concert.ui.folding import Folding
from napari_concert.ui.widgets import button, column, follow

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.ui.brush_tool import BrushTool

GROWTH = 1.05  # pitches: one ring of neighbours
TITLE = "Select by label or value, grow, shrink"
TIP = "Show or hide ways to select spots without the mouse."


class SelectForm(Folding):
    """Label and value selections, which follow the tools' mode, and steps on the patch; folded until it is wanted."""

    def __init__(self, session: Session, brush: BrushTool) -> None:
        super().__init__(TITLE, TIP)
        self.session, self.brush = session, brush
        self.column, self.label = QComboBox(), QComboBox()
        self.value, self.low, self.high = QLineEdit(), QLineEdit(), QLineEdit()
        self.by = QDoubleSpinBox()
        self.by_label = button(
            "Select", self._select_label, "Select all spots with this label, in the mode chosen above."
        )
        self.by_value = button(
            "Select", self._select_range, "Select all spots in this range, bounds included, in the mode chosen above."
        )
        self.grow = button("Grow", self._step(session.grow), "Add all spots within this distance of the patch.")
        self.shrink = button("Shrink", self._step(session.shrink), "Take away spots this near to the patch's edge.")
        self.ring = button("Ring", self._step(session.surround), "The patch becomes its surroundings, this wide.")
        self.smooth = button(
            "Smooth", session.smooth, "Each spot follows most of its neighbours: bumps go, small holes close."
        )
        self._lay_out()
        for signal in (session.slide_changed, session.columns_changed):
            follow(self, signal, self._offer)
        follow(self, session.shown_changed, self._follow_colour)
        self.column.currentTextChanged.connect(self._offer_labels)
        self._offer()

    def _lay_out(self) -> None:
        self.column.setToolTip("Column of labels.")
        self.label.setToolTip("All spots with this label are selected.")
        self.value.setPlaceholderText("gene or number column")
        self.value.setToolTip("A gene (counts at the median depth) or a column of numbers.")
        for field, text in ((self.low, "at least"), (self.high, "at most")):
            field.setPlaceholderText(text)
            field.setToolTip(f"Value {text} this; empty leaves this side open.")
            field.setFixedWidth(64)
            field.returnPressed.connect(self._select_range)
        self.by.setToolTip("Distance by which the patch grows or shrinks, and width of its surroundings.")
        inside = column(self.body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(_row(self.column, self.label, self.by_label))
        inside.addLayout(_row(self.value, self.low, self.high, self.by_value))
        inside.addLayout(_row(self.by, self.grow, self.shrink, self.ring, self.smooth))

    # -- what is offered ----------------------------------------------------------------------------------------------

    def _offer(self) -> None:
        slide = self.session.slide
        if slide is None:
            return
        chosen = self.column.currentText()
        names = list(slide.categorical_columns)
        self.column.clear()
        self.column.addItems(names)
        wanted = (chosen, slide.columns.tissue, slide.columns.perturbation)
        self.column.setCurrentText(next((name for name in wanted if name in names), names[0] if names else ""))
        self.by.setDecimals(decimals_for(slide.pitch))
        self.by.setSuffix(f" {slide.units.name}")
        self.by.setRange(0.1 * slide.pitch, 100 * slide.pitch)
        self.by.setSingleStep(slide.pitch)
        self.by.setValue(GROWTH * slide.pitch)
        self._offer_labels()

    def _offer_labels(self, *_: object) -> None:
        slide, name = self.session.slide, self.column.currentText()
        self.label.clear()
        if slide is not None and name in slide.categorical_columns:
            self.label.addItems(list(slide.categories(name)))

    def _follow_colour(self) -> None:
        colour = self.session.colour
        if colour is not None and colour.kind == "gene":
            self.value.setText(colour.name)

    # -- verbs --------------------------------------------------------------------------------------------------------

    def _step(self, verb: Callable[[float], None]) -> Callable[[], None]:
        return lambda: verb(self.by.value())

    def _select_label(self) -> None:
        if self.label.currentText():
            self._do(
                lambda: self.session.select_label(self.column.currentText(), self.label.currentText(), self.brush.mode)
            )

    def _select_range(self) -> None:
        def select() -> None:
            low, high = _number(self.low), _number(self.high)
            if low is None and high is None:
                raise ConcertError("Give a lowest or a highest value, or both.")
            self.session.select_range(self.value.text().strip(), low, high, self.brush.mode)

        self._do(select)

    def _do(self, verb: Callable[[], None]) -> None:
        try:
            verb()
        except ConcertError as error:
            self.session.notified.emit("error", str(error))


def _row(*parts: QWidget) -> QHBoxLayout:
    """Return a row of fields, which share the room, and buttons, which take what their text needs."""
    row = QHBoxLayout()
    row.setSpacing(4)
    for part in parts:
        if isinstance(part, QPushButton):
            part.setMinimumWidth(part.fontMetrics().horizontalAdvance(part.text()) + 20)
        else:
            part.setMinimumWidth(64)
        row.addWidget(part, stretch=0 if isinstance(part, QPushButton) else 1)
    return row


def _number(field: QLineEdit) -> float | None:
    text = field.text().strip()
    try:
        return float(text) if text else None
    except ValueError as error:
        raise ConcertError(f"{text!r} is not a number; write one like 2.5, or leave the field empty.") from error
