"""A section in between: at which height, predict it, take it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from napari_concert.errors import ConcertError
from napari_concert.slide.between import gap_at
from napari_concert.ui.captions import decimals_for
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, follow, heading, note, say

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.slide import Slide
    from napari_concert.slide.levels import Levels

USUAL = 1.5  # times the median distance of neighbouring sections


class BetweenForm(QWidget):
    """Shown where the slide is a stack of two sections or more in one frame."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.height, self.says = QDoubleSpinBox(), note(kind="quiet")
        self.predict = button("Predict", self._predict, TIPS["predict_section"])
        self.remove = button("Remove", session.forget_section, TIPS["remove_section"])
        self.progress, self.stop = QProgressBar(), button("Stop", session.stop_section, TIPS["stop_section"])
        self._slide: Slide | None = None
        self._lay_out()
        self.height.valueChanged.connect(self._explain)
        for signal in (session.slide_changed, session.columns_changed, session.model_changed, session.between_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        self.height.setPrefix("z ")
        self.height.setKeyboardTracking(False)
        self.height.setToolTip(TIPS["section_height"])
        self.progress.setRange(0, 0)
        self.stop.setFixedWidth(60)
        layout, row, self._work = QVBoxLayout(self), QHBoxLayout(), QWidget()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        row.addWidget(self.height, stretch=1)
        row.addWidget(self.predict)
        row.addWidget(self.remove)
        work = QHBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        work.addWidget(self.progress)
        work.addWidget(self.stop)
        layout.addWidget(heading("Section in between"))
        layout.addLayout(row)
        layout.addWidget(self._work)
        layout.addWidget(self.says)

    # -- what it shows ------------------------------------------------------------------------------------------------

    def _refresh(self, *_: object) -> None:
        slide, levels = self.session.slide, self.session.current.levels if self.session.current is not None else None
        is_stack = levels is not None and len(np.unique(levels.heights)) > 1 and len(np.unique(levels.places)) == 1
        self.setVisible(is_stack)
        if slide is None or levels is None or not is_stack:
            return
        if self._slide is not slide:
            self._slide = slide
            self._offer(slide, levels)
        self._work.setVisible(self.session.is_predicting_section)
        self.remove.setEnabled(self.session.section_between is not None)
        self._explain()

    def _offer(self, slide: Slide, levels: Levels) -> None:
        """Offer the heights of the stack, at first the middle of a gap that is no wider than usual."""
        heights = np.unique(levels.heights)
        usual = np.flatnonzero(np.diff(heights) <= USUAL * np.median(np.diff(heights)))
        gap = int(usual[(len(usual) - 1) // 2])
        blocked = self.height.blockSignals(True)
        self.height.setDecimals(decimals_for(float(np.diff(heights).min())))
        self.height.setRange(float(heights[0]), float(heights[-1]))
        self.height.setSingleStep(float(np.diff(heights).min()) / 4)
        self.height.setSuffix(f" {slide.units.name}")
        self.height.setValue(float(heights[gap : gap + 2].mean()))
        self.height.blockSignals(blocked)

    def _explain(self, *_: object) -> None:
        """Say between which sections the height lies, or why nothing can be predicted there."""
        why, said = self.session.no_section_between, ""
        if not why and self.session.current is not None:
            why, said = self._gap()
        self.predict.setEnabled(not why and not self.session.is_predicting_section)
        say(self.says, why or said)

    def _gap(self) -> tuple[str, str]:
        current = self.session.current
        assert current is not None
        try:
            gap = gap_at(current.slide, self.height.value(), current.levels)
        except ConcertError as error:
            return str(error), ""
        section, shown = self.session.section_between, "Predicted, not measured: squares on the picture."
        between = f"Between {gap.lower} (z {gap.below:g}) and {gap.upper} (z {gap.above:g})."
        is_shown = section is not None and section.gap.z == gap.z
        return "", f"{between} {shown}" if is_shown else between

    def _predict(self) -> None:
        self.session.predict_section(self.height.value())
