"""The tools of the paint step: which one is in hand, what it does to the patch, and its own settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_concert.selection import Mode
from napari_concert.ui.captions import decimals_for
from napari_concert.ui.depth_form import DepthForm
from napari_concert.ui.lesion_form import LesionForm
from napari_concert.ui.tools import ABOUT, Tool, tip
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import follow

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.ui.brush_tool import BrushTool

SLIDER_STEPS, WIDEST = 10, 12  # of the radius: steps a pitch, pitches
COLUMNS = 4
MODES = {
    Mode.ADD: ("Add", "Spots that you select join the patch.  Shift takes them away instead."),
    Mode.SUBTRACT: ("Subtract", "Spots that you select leave the patch.  Shift adds them instead."),
    Mode.INTERSECT: ("Intersect", "Only spots of the patch that you select stay in it."),
    Mode.INVERT: ("Invert", "Spots that you select join the patch, or leave it if they are in it."),
}


class ToolBar(QWidget):
    """Buttons of tools and modes, and the settings of the tool in hand."""

    def __init__(self, session: Session, brush: BrushTool) -> None:
        super().__init__()
        self.session, self.brush = session, brush
        self.tools = {tool: self._tool(tool) for tool in Tool}
        self.modes = {mode: self._mode(mode) for mode in MODES}
        self.radius, self.slider = QDoubleSpinBox(), QSlider(Qt.Orientation.Horizontal)
        self.size, self.lesion = QWidget(), LesionForm(session, brush)
        self.depth = DepthForm(session)
        self.of_brush = QWidget()
        self._lay_out()
        for signal in (session.slide_changed, session.columns_changed):
            follow(self, signal, self._on_slide)
        follow(self, session.brush_changed, self._show_radius)
        follow(self, brush.active_changed, self._refresh)
        follow(self, brush.tool_changed, self._refresh)
        self.radius.valueChanged.connect(brush.set_radius)
        self.slider.valueChanged.connect(lambda step: brush.set_radius(step / SLIDER_STEPS * self._pitch()))
        self._on_slide()
        self._refresh()

    def _tool(self, tool: Tool) -> QPushButton:
        made = QPushButton(ABOUT[tool].name)
        made.setCheckable(True)
        made.setToolTip(tip(tool))
        made.setMinimumHeight(28)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to the canvas, where it turns the view
        made.setObjectName(f"concert_tool_{tool}")
        made.clicked.connect(lambda on: self._take(tool, bool(on)))
        return made

    def _mode(self, mode: Mode) -> QPushButton:
        name, about = MODES[mode]
        made = QPushButton(name)
        made.setCheckable(True)
        made.setToolTip(about)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setObjectName(f"concert_mode_{mode}")
        made.clicked.connect(lambda _on: self.brush.set_mode(mode))
        return made

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        grid = QGridLayout()
        grid.setSpacing(4)
        for i, made in enumerate(self.tools.values()):
            grid.addWidget(made, i // COLUMNS, i % COLUMNS)
        layout.addLayout(grid)
        row, group = QHBoxLayout(), QButtonGroup(self)
        row.setSpacing(4)
        row.addWidget(QLabel("Mode"))
        for made in self.modes.values():
            group.addButton(made)
            row.addWidget(made, stretch=1)
        layout.addLayout(row)
        self.radius.setPrefix("radius ")
        self.radius.setToolTip(TIPS["radius"])
        self.slider.setToolTip(TIPS["radius"])
        self.slider.setRange(1, SLIDER_STEPS * WIDEST)
        sizes = QHBoxLayout(self.size)
        sizes.setContentsMargins(0, 0, 0, 0)
        sizes.addWidget(self.slider, stretch=1)
        sizes.addWidget(self.radius)
        of_brush = QVBoxLayout(self.of_brush)
        of_brush.setContentsMargins(0, 0, 0, 0)
        of_brush.addWidget(self.size)
        of_brush.addWidget(self.depth)
        layout.addWidget(self.of_brush)
        layout.addWidget(self.lesion)

    def _take(self, tool: Tool, on: bool) -> None:
        if on:
            self.brush.set_tool(tool)
        self.brush.set_active(on)
        self._refresh()

    def _pitch(self) -> float:
        return self.session.slide.pitch if self.session.slide is not None else 1.0

    def _refresh(self, *_: object) -> None:
        for tool, made in self.tools.items():
            made.setChecked(self.brush.active and self.brush.tool is tool)
        for mode, made in self.modes.items():
            made.setChecked(self.brush.mode is mode)
        self.of_brush.setVisible(self.brush.tool is Tool.BRUSH)
        self.lesion.setVisible(self.brush.tool is Tool.LESION)

    def _show_radius(self, *_: object) -> None:
        radius = self.session.brush_radius
        for part, value in ((self.radius, radius), (self.slider, round(radius / self._pitch() * SLIDER_STEPS))):
            blocked = part.blockSignals(True)
            part.setValue(value)
            part.blockSignals(blocked)

    def _on_slide(self) -> None:
        slide = self.session.slide
        if slide is not None:
            blocked = self.radius.blockSignals(True)  # a range moves the value into it
            self.radius.setDecimals(decimals_for(slide.pitch))
            self.radius.setRange(0.1 * slide.pitch, WIDEST * 10 * slide.pitch)
            self.radius.setSingleStep(0.25 * slide.pitch)
            self.radius.setSuffix(f" {slide.units.name}")
            self.radius.blockSignals(blocked)
        self._show_radius()
