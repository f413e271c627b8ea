"""Predict where nothing was measured: fill the hole, make spots denser, take positions from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QProgressBar, QSpinBox, QWidget

from napari_concert.ui.asking import PATCHES, RESULTS, Asking
from napari_concert.ui.captions import count_spots
from napari_concert.ui.folding import Folding
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, note, say

if TYPE_CHECKING:
    from qtpy.QtWidgets import QPushButton

    from napari_concert.session import Session

TITLE = "Predict where nothing was measured"
TABLES = "Tables (*.csv)"
NOTHING = "Paint damaged spots, or draw the brush or a lasso over a gap in the tissue: that is the hole."
DENSEST = 16


class FillingForm(Folding):
    """What is filled, how, and what becomes of it; folded until it is wanted."""

    def __init__(self, session: Session) -> None:
        super().__init__(TITLE, TIPS["filling"])
        self.session = session
        self.fill = button("Fill the hole", self._fill, TIPS["fill_hole"])
        self.gaps_only = QCheckBox("Gaps only")
        self.dense, self.times = button("Make denser", self._densify, TIPS["densify"]), QSpinBox()
        self.table = button("Positions (.csv)…", self._ask_table, TIPS["predict_at"])
        self.hole, self.says = note(kind="quiet"), note(kind="quiet")
        self.progress, self.stop = QProgressBar(), button("Stop", session.stop_filling, TIPS["stop_filling"])
        self.save = button("Save…", lambda: self._ask_save(join=False), TIPS["save_filled"])
        self.save_both = button("Save with slide…", lambda: self._ask_save(join=True), TIPS["save_joined"])
        self.remove = button("Remove", session.forget_filled, TIPS["remove_filled"])
        self._lay_out()
        for signal in (
            session.slide_changed,
            session.columns_changed,
            session.model_changed,
            session.patch_changed,
            session.hole_changed,
            session.filled_changed,
        ):
            follow(self, signal, self._refresh)
        self.gaps_only.toggled.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        self.gaps_only.setToolTip(TIPS["gaps_only"])
        self.times.setRange(2, DENSEST)
        self.times.setValue(4)
        self.times.setSuffix(" ×")
        self.times.setToolTip(TIPS["times"])
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.stop.setFixedWidth(60)
        self._work, self._made = QWidget(), QWidget()
        _across(self._work, self.progress, self.stop)
        _across(self._made, self.save, self.save_both, self.remove)
        hole, dense = QWidget(), QWidget()
        _across(hole, self.fill, self.gaps_only)
        _across(dense, self.dense, self.times, self.table)
        layout = column(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (hole, self.hole, dense, self._work, self.says, self._made):
            layout.addWidget(part)

    # -- what it shows ------------------------------------------------------------------------------------------------

    def _refresh(self, *_: object) -> None:
        session, why = self.session, self.session.no_filling
        spots, gaps = session.hole
        can = session.slide is not None and not why and not session.is_filling
        self.fill.setEnabled(can and bool(gaps or (spots and not self.gaps_only.isChecked())))
        for part in (self.dense, self.times, self.table):
            part.setEnabled(can)
        say(self.hole, describe_hole(spots, gaps, gaps_only=self.gaps_only.isChecked()))
        self._work.setVisible(session.is_filling)
        self._made.setVisible(session.filled is not None)
        say(self.says, why or ("" if session.filled is None else self._tell()))

    def _tell(self) -> str:
        filled = self.session.filled
        assert filled is not None
        many = f"{count_spots(len(filled.coords))} predicted ({filled.how}), not measured: ringed on the picture."
        unseen = " The observed view shows none of them." if not filled.are_in(self.session.shown_view) else ""
        return many + unseen

    # -- what it does -------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        self.session.fill_hole(gaps_only=self.gaps_only.isChecked())

    def _densify(self) -> None:
        self.session.densify(self.times.value())

    def _ask_table(self) -> None:
        path = Asking(self.session, self, PATCHES).open_file("Positions to predict at", TABLES)
        if path:
            self.session.predict_at(path)

    def _ask_save(self, *, join: bool) -> None:
        name = "slide with predicted spots.h5ad" if join else "predicted spots.h5ad"
        path = Asking(self.session, self, RESULTS).save("Save predicted spots", name)
        if path:
            self.session.save_filled(path if Path(path).suffix else f"{path}.h5ad", join=join)


def describe_hole(spots: int, gaps: int, *, gaps_only: bool) -> str:
    """Say what the hole is made of, or how to make one."""
    parts = [f"{gaps:,} new place{'s' if gaps != 1 else ''}"] if gaps else []
    parts += [f"{count_spots(spots)} {'trusted' if gaps_only else 'predicted anew'}"] if spots else []
    return f"The hole: {', '.join(parts)}." if parts else NOTHING


def _across(row: QWidget, *parts: QPushButton | QCheckBox | QSpinBox | QProgressBar) -> None:
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for part in parts:
        layout.addWidget(part)
