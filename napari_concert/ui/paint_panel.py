"""Step 3: paint spots, and say what becomes of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDoubleSpinBox, QFileDialog, QHBoxLayout, QPushButton, QSlider, QWidget

from napari_concert.ui.captions import caption
from napari_concert.ui.target_form import TargetForm
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, heading, note, say

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.ui.brush_tool import BrushTool

NOTHING = "Nothing is painted yet. Press Paint and drag over the slide."
_SLIDER_STEPS = 10  # a pitch
_WIDEST = 12  # pitches


class PaintPanel(QWidget):
    """Brush, patch, target."""

    def __init__(self, session: Session, brush: BrushTool) -> None:
        super().__init__()
        self.session, self.brush = session, brush
        self.paint, self.erase = self._mode("Paint", "paint"), self._mode("Erase", "erase")
        self.radius, self.slider = QDoubleSpinBox(), QSlider(Qt.Orientation.Horizontal)
        self.undo = button("Undo", session.undo, TIPS["undo"])
        self.redo = button("Redo", session.redo, TIPS["redo"])
        self.clear = button("Clear", session.clear, TIPS["clear"])
        self.patch, self.tissues = note(), note(kind="quiet")
        self.warning, self.blocker = note(kind="warning"), note(kind="warning")
        self.target = TargetForm(session)
        self._lay_out()
        self._connect()
        self._on_slide()

    def _mode(self, text: str, key: str) -> QPushButton:
        made = QPushButton(text)
        made.setCheckable(True)
        made.setToolTip(TIPS[key])
        made.setMinimumHeight(32)
        made.setObjectName(f"concert_{key}")
        made.clicked.connect(lambda on: self._set_mode(bool(on), key == "erase"))
        return made

    def _lay_out(self) -> None:
        layout = column(self)
        for parts in ((self.paint, self.erase), (self.undo, self.redo, self.clear)):
            row = QHBoxLayout()
            for part in parts:
                row.addWidget(part)
            layout.addLayout(row)
        self.radius.setDecimals(1)
        self.radius.setPrefix("radius ")
        self.radius.setToolTip(TIPS["radius"])
        self.slider.setRange(1, _SLIDER_STEPS * _WIDEST)
        row = QHBoxLayout()
        row.addWidget(self.slider, stretch=1)
        row.addWidget(self.radius)
        layout.addLayout(row)
        layout.addWidget(heading("Patch"))
        layout.addWidget(self.patch)
        layout.addWidget(self.tissues)
        layout.addWidget(button("Load a patch…", self._load), alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(heading("What becomes of it"))
        layout.addWidget(self.target)
        layout.addWidget(self.blocker)
        layout.addWidget(self.warning)
        layout.addStretch()

    def _connect(self) -> None:
        session, brush = self.session, self.brush
        follow(self, session.slide_changed, self._on_slide)
        follow(self, session.columns_changed, self._on_slide)
        follow(self, session.brush_changed, self._show_radius)
        for signal in (session.patch_changed, session.target_changed, session.model_changed):
            follow(self, signal, self._refresh)
        follow(self, brush.active_changed, self._show_mode)
        follow(self, brush.erase_changed, self._show_mode)
        self.radius.valueChanged.connect(brush.set_radius)
        self.slider.valueChanged.connect(lambda step: brush.set_radius(step / _SLIDER_STEPS * self._pitch()))

    def _pitch(self) -> float:
        return self.session.slide.pitch if self.session.slide is not None else 1.0

    # -- brush --------------------------------------------------------------------------------------------------------

    def _set_mode(self, on: bool, erase: bool) -> None:
        self.brush.set_erase(erase)
        self.brush.set_active(on)
        self._show_mode()

    def _show_mode(self, *_: object) -> None:
        self.paint.setChecked(self.brush.active and not self.brush.erase)
        self.erase.setChecked(self.brush.active and self.brush.erase)

    def _show_radius(self, *_: object) -> None:
        radius = self.session.brush_radius
        for part, value in ((self.radius, radius), (self.slider, round(radius / self._pitch() * _SLIDER_STEPS))):
            blocked = part.blockSignals(True)
            part.setValue(value)
            part.blockSignals(blocked)

    def _on_slide(self) -> None:
        slide = self.session.slide
        self.setEnabled(slide is not None)
        if slide is not None:
            blocked = self.radius.blockSignals(True)  # a range moves the value into it
            self.radius.setRange(0.1 * slide.pitch, _WIDEST * 10 * slide.pitch)
            self.radius.setSingleStep(0.25 * slide.pitch)
            self.radius.setSuffix(f" {slide.units.name}")
            self.radius.blockSignals(blocked)
        self._show_radius()
        self._refresh()

    # -- patch --------------------------------------------------------------------------------------------------------

    def _refresh(self, *_: object) -> None:
        current, painted = self.session.current, self.session.painted
        if current is None:
            return
        history = current.painting.history
        self.undo.setEnabled(history.can_undo)
        self.redo.setEnabled(history.can_redo)
        self.clear.setEnabled(bool(len(painted)))
        say(self.patch, caption(current.slide, painted, {}) or NOTHING)
        say(self.tissues, _composition(current.slide.tissue_of[painted].tolist()))
        say(self.blocker, self.session.whatif_blocker or unused(self.session.model_problem))
        say(self.warning, self.session.target_warning)

    def _load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load a patch", "", "Patches (*.txt *.geojson *.json)")
        if path:
            self.session.load_patch(path)


def unused(problem: str) -> str:
    """Say that the model can't be used, and what to do; "" if it can."""
    return f"The model is not used: {problem}. Training again in step 2 makes one that fits." if problem else ""


def _composition(tissues: list[str | None]) -> str:
    """Return how many spots of each tissue are painted."""
    counts = Counter(name if name is not None else "unknown tissue" for name in tissues)
    if list(counts) == ["unknown tissue"]:
        return ""
    return " · ".join(f"{name} {count}" for name, count in counts.most_common())
