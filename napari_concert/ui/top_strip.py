"""The strip that never goes away: which gene, which view, which colours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt import QRangeSlider

from napari_concert.session import View
from napari_concert.session.hidden_spots import Look
from napari_concert.session.shown import SET_VIEWS
from napari_concert.ui.gene_box import GeneBox
from napari_concert.ui.stack_bar import StackBar
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import follow

if TYPE_CHECKING:
    from napari_concert.session import Session

NAMES = {
    View.OBSERVED: "Observed",
    View.BASELINE: "Baseline",
    View.PREDICTED: "Predicted",
    View.CHANGE: "Change",
    View.UNCERTAINTY: "± sd",
    View.TRUTH: "Truth",
}
NO_MODEL = "Needs a trained model: press Train in the Model step."
NO_GENE = "A column is shown; choose a gene to see this."
NO_LEVEL = "A set of genes has a mean change, but no counts of its own; choose a gene to see this."
_STEPS = 10  # slider steps a percentile


class ViewSwitch(QWidget):
    """One button a view; those that can't be shown are off and say why."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.buttons = {view: self._button(view, row) for view in View}
        for signal in (
            session.slide_changed,
            session.shown_changed,
            session.prediction_changed,
            session.model_changed,
            session.checked_changed,
        ):
            follow(self, signal, self._refresh)
        self._refresh()

    def _button(self, view: View, row: QHBoxLayout) -> QPushButton:
        made = QPushButton(NAMES[view])
        made.setCheckable(True)
        made.setObjectName(f"concert_view_{view.name.lower()}")
        made.setStyleSheet("padding: 4px 2px;")
        made.clicked.connect(lambda _checked=False: self._choose(view))
        row.addWidget(made)
        return made

    def _choose(self, view: View) -> None:
        self.session.show_view(view)
        self._refresh()

    def _refresh(self) -> None:
        session = self.session
        for view, made in self.buttons.items():
            problem = self._problem(view)
            made.setEnabled(not problem)
            made.setToolTip("\n".join(line for line in (TIPS[str(view)], problem) if line))
            made.setChecked(not problem and view is session.shown_view and session.look is Look.SLIDE)
        self.buttons[View.TRUTH].setVisible(session.has_truth)

    def _problem(self, view: View) -> str:
        """Return why a view can't be shown, "" if it can."""
        session, colour = self.session, self.session.colour
        if colour is None or colour.kind not in ("gene", "set"):
            return NO_GENE
        if colour.kind == "set" and view not in SET_VIEWS:
            return NO_LEVEL
        return NO_MODEL if view.needs_model and session.result is None else ""


class ClipSlider(QWidget):
    """Percentiles at both ends of the colour scale."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.slider = QRangeSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100 * _STEPS)
        self.low, self.high = QLabel(), QLabel()
        self.setToolTip(TIPS["clip"])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in (self.low, self.slider, self.high):
            row.addWidget(part)
        self._show()
        self.slider.valueChanged.connect(self._moved)
        follow(self, session.shown_changed, self._show)

    def _show(self) -> None:
        low, high = self.session.scaling.clip
        blocked = self.slider.blockSignals(True)
        self.slider.setValue((round(low * _STEPS), round(high * _STEPS)))
        self.slider.blockSignals(blocked)
        self._write(low, high)

    def _write(self, low: float, high: float) -> None:
        self.low.setText(f"p{low:g}")
        self.high.setText(f"p{high:g}")

    def _moved(self, value: tuple[int, int]) -> None:
        low, high = (edge / _STEPS for edge in value)
        self._write(low, high)
        self.session.set_scaling(replace(self.session.scaling, clip=(low, max(high, low + 1 / _STEPS))))


class TopStrip(QWidget):
    """Gene box, views, colour limits; of a stack, how it is shown."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.gene_box = GeneBox(session)
        self.views = ViewSwitch(session)
        self.clip, self.stack = ClipSlider(session), StackBar(session)
        self.log = QComboBox()
        self.log.addItems(["log2", "ln"])
        self.log.setToolTip(TIPS["log"])
        self.log.activated.connect(self._set_log)
        self._lay_out()
        self._show_log()
        follow(self, session.shown_changed, self._show_log)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 2)
        layout.setSpacing(5)
        first = QHBoxLayout()
        first.addWidget(QLabel("Show"))
        first.addWidget(self.gene_box, stretch=1)
        layout.addLayout(first)
        layout.addWidget(self.views)
        last = QHBoxLayout()
        last.addWidget(self.clip, stretch=1)
        last.addWidget(self.log)
        layout.addLayout(last)
        layout.addWidget(self.stack)

    def _show_log(self) -> None:
        self.log.setCurrentIndex(0 if self.session.scaling.log2 else 1)

    def _set_log(self, index: int) -> None:
        self.session.set_scaling(replace(self.session.scaling, log2=index == 0))
