"""Which spots a quality check hides: the way, and the one number that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QStackedWidget,
    QWidget,
)

from napari_concert.evaluate.quality import Hiding
from napari_concert.evaluate.quality.hiding import HOLE, MOST, SHARE, STRIPE
from napari_concert.ui.captions import count_spots
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import follow

if TYPE_CHECKING:
    from napari_concert.session import Session

WAYS = {
    "holes": "Round holes",
    "random": "Single spots at random",
    "painted": "Painted spots",
    "stripe": "A stripe",
    "every second": "Every second spot",
    "section": "A whole section",
}


class HidingForm(QWidget):
    """The way to hide, and beside it what it needs.

    Attributes
    ----------
    changed
        Emitted when something else would be hidden.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.way, self.needs = QComboBox(), QStackedWidget()
        self.hole, self.share, self.width = QSpinBox(), QSpinBox(), QDoubleSpinBox()
        self.section, self.painted, self.half = QComboBox(), QLabel(), QLabel("half of them")
        self._fields = {
            "holes": self.hole,
            "random": self.share,
            "painted": self.painted,
            "stripe": self.width,
            "every second": self.half,
            "section": self.section,
        }
        self._set_up()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.way, stretch=1)
        row.addWidget(self.needs, stretch=1)
        self.way.currentIndexChanged.connect(self._on_way)
        for signal in (session.slide_changed, session.columns_changed, session.patch_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _set_up(self) -> None:
        for scheme, text in WAYS.items():
            self.way.addItem(text, scheme)
            self.needs.addWidget(self._fields[scheme])
        self.way.setToolTip(TIPS["hide"])
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.needs.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hole.setRange(1, 1000)
        self.hole.setValue(HOLE)
        self.hole.setPrefix("of ")
        self.hole.setSuffix(" spots each")
        self.hole.setToolTip(TIPS["hole"])
        self.share.setRange(1, int(100 * MOST))
        self.share.setValue(int(100 * SHARE))
        self.share.setSuffix(" % of the spots")
        self.share.setToolTip(TIPS["share"])
        self.width.setRange(1, 100)
        self.width.setDecimals(1)
        self.width.setValue(STRIPE)
        self.width.setSuffix(" pitches wide")
        self.width.setToolTip(TIPS["stripe"])
        self.section.setToolTip(TIPS["hidden_section"])

    def value(self) -> Hiding:
        """Return what is chosen."""
        section = self.section.currentText() or None
        scheme = str(self.way.currentData())
        share = self.share.value() / 100 if scheme == "random" else SHARE
        return Hiding(scheme, share, self.hole.value(), self.width.value(), section if scheme == "section" else None)

    def choose(self, scheme: str) -> None:
        """Choose a way."""
        self.way.setCurrentIndex(self.way.findData(scheme))

    def _on_way(self, *_: object) -> None:
        self.needs.setCurrentWidget(self._fields[str(self.way.currentData())])
        self.changed.emit()

    def _refresh(self, *_: object) -> None:
        """Offer the sections of the slide, and say how many spots are painted."""
        slide, chosen = self.session.slide, self.section.currentText()
        names = slide.sections if slide is not None else ()
        self.painted.setText(f"{count_spots(len(self.session.painted))} painted")
        if [self.section.itemText(i) for i in range(self.section.count())] != list(names):
            self.section.clear()
            self.section.addItems(list(names))
            self.section.setCurrentIndex(max(0, self.section.findText(chosen)))
        item = self.way.model().item(self.way.findData("section"))
        item.setEnabled(len(names) > 1)
        if len(names) < 2 and self.way.currentData() == "section":
            self.choose("holes")
        self.changed.emit()
