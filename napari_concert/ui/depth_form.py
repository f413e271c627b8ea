"""How deep the brush reaches into a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from napari_concert.selection import Depth
from napari_concert.session.stack_view import StackMode
from napari_concert.ui.captions import format_length
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import follow, note, say

if TYPE_CHECKING:
    from napari_concert.selection.depth import Reaches
    from napari_concert.session import Session

REACHES: dict[str, Reaches] = {"this section": "section", "± sections": "sections", "a sphere": "sphere"}
APART = "These sections are not registered: the brush keeps to one."
TURN = "To turn the view, drag beside the spots, or hold Space and drag. The wheel zooms."


class DepthForm(QWidget):
    """Chooses what the brush reaches; not there where the slide is no stack."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.reaches, self.count = QComboBox(), QSpinBox()
        self.hint = note(kind="quiet")
        self._lay_out()
        self.reaches.textActivated.connect(lambda text: self._set(REACHES[text]))
        self.count.valueChanged.connect(lambda _count: self._set(session.depth.reaches))
        for signal in (session.slide_changed, session.columns_changed, session.stack_changed, session.depth_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        self.reaches.addItems(list(REACHES))
        for part in (self.reaches, self.count):
            part.setToolTip(TIPS["depth"])
        self.count.setPrefix("± ")
        self.count.setMinimum(1)
        self.count.setMinimumWidth(130)
        layout, row = QVBoxLayout(self), QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        row.setSpacing(4)
        row.addWidget(QLabel("Brush reaches"))
        row.addWidget(self.reaches, stretch=1)
        row.addWidget(self.count)
        layout.addLayout(row)
        layout.addWidget(self.hint)

    def _set(self, reaches: Reaches) -> None:
        self.session.set_depth(Depth(reaches, self.count.value()))

    def _refresh(self, *_: object) -> None:
        levels, depth, slide = self.session.levels, self.session.depth, self.session.slide
        self.setVisible(levels is not None and len(levels) > 1)
        if levels is None or slide is None or len(levels) < 2:
            return
        self.reaches.setEnabled(not levels.are_apart)
        self.reaches.setCurrentText(next(text for text, each in REACHES.items() if each == depth.reaches))
        blocked = self.count.blockSignals(True)
        self.count.setMaximum(max(len(levels) - 1, depth.sections))
        self.count.setValue(depth.sections)
        apart = (levels.heights[-1] - levels.heights[0]) / (len(levels) - 1)
        self.count.setSuffix(f" (± {format_length(slide, depth.sections * apart)})" if apart > 0 else "")
        self.count.blockSignals(blocked)
        self.count.setVisible(depth.reaches == "sections" and not levels.are_apart)
        in_space = self.session.stack_view.mode is StackMode.SPACE
        say(self.hint, "\n".join(line for line in (APART * levels.are_apart, TURN * in_space) if line))
