"""The dock: a strip that stays, seven steps from left to right, one status line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from napari_concert.ui.compare_panel import ComparePanel
from napari_concert.ui.genes_panel import GenesPanel
from napari_concert.ui.habits import Habits
from napari_concert.ui.model_panel import ModelPanel
from napari_concert.ui.paint_panel import PaintPanel
from napari_concert.ui.quality_panel import QualityPanel
from napari_concert.ui.save_panel import SavePanel
from napari_concert.ui.shapes_exchange import ShapesExchange
from napari_concert.ui.slide_panel import SlidePanel
from napari_concert.ui.status_line import StatusLine
from napari_concert.ui.theme import concern_style
from napari_concert.ui.top_strip import TopStrip

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.ui.brush_tool import BrushTool

WIDTH = 430
# napari's themes leave a checked button as it is
STYLE = "QPushButton:checked { background-color: #3d62c4; color: white; } QPushButton:disabled { color: #7a7d86; }"


class ConcertDock(QWidget):
    """Everything of the app that is not the picture.

    Parameters
    ----------
    session, viewer, brush
        What the panels show and change.
    """

    def __init__(self, session: Session, viewer: Viewer, brush: BrushTool) -> None:
        super().__init__()
        self.session, self.brush = session, brush
        self.setObjectName("concert_dock")
        self.setMinimumWidth(WIDTH)
        self._follow_theme()
        self.strip = TopStrip(session)
        self.slide_panel, self.model_panel = SlidePanel(session), ModelPanel(session)
        self.paint_panel, self.genes_panel = PaintPanel(session, brush), GenesPanel(session)
        self.compare_panel, self.quality_panel = ComparePanel(session), QualityPanel(session)
        self.save_panel = SavePanel(session, viewer, ShapesExchange(session, viewer, brush.layers))
        self.status = StatusLine(session)
        self.steps = QTabWidget()
        self.strip.gene_box.failed.connect(self._say_error)
        self._lay_out()
        self.habits = Habits(self)

    def _lay_out(self) -> None:
        panels = {
            "1 Slide": self.slide_panel,
            "2 Model": self.model_panel,
            "3 Paint": self.paint_panel,
            "4 Genes": self.genes_panel,
            "5 Compare": self.compare_panel,
            "6 QC": self.quality_panel,
            "7 Save": self.save_panel,
        }
        for name, panel in panels.items():
            self.steps.addTab(_scrolling(panel), name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.strip)
        layout.addWidget(self.steps, stretch=1)
        layout.addWidget(self.status)

    def changeEvent(self, event: Any) -> None:
        """Stop painting when the dock is closed: what switches it off is gone. Follow the window's theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.brush.set_active(False)
        elif event.type() == QEvent.Type.StyleChange:
            self._follow_theme()

    def _follow_theme(self) -> None:
        style = f"{STYLE} {concern_style()}"
        if style != self.styleSheet():  # as setting it calls back
            self.setStyleSheet(style)

    @property
    def step(self) -> str:
        """Name of the step that is open, without its number."""
        return _name(self.steps.tabText(self.steps.currentIndex()))

    @step.setter
    def step(self, name: str) -> None:
        """Open a step; a name that no step has opens none."""
        for index in range(self.steps.count()):
            if _name(self.steps.tabText(index)) == name:
                self.steps.setCurrentIndex(index)

    def show_step(self, panel: QWidget) -> None:
        """Bring a panel to the front."""
        for index in range(self.steps.count()):
            if self.steps.widget(index).widget() is panel:
                self.steps.setCurrentIndex(index)

    def _say_error(self, text: str) -> None:
        self.session.notified.emit("error", text)


def _name(title: str) -> str:
    return title.split(maxsplit=1)[-1].lower()


def _scrolling(panel: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(panel)
    return area
