"""Step 4: what the what-if does to the genes of the patch and of its surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QWidget

from napari_concert.prediction import SURE
from napari_concert.session import View
from napari_concert.ui.captions import format_length
from napari_concert.ui.distance_plot import DistancePlot
from napari_concert.ui.gene_table import GeneTable
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import column, follow, note, say

if TYPE_CHECKING:
    import pandas as pd

    from napari_concert.evaluate import Agreement
    from napari_concert.session import Session
    from napari_concert.session.results import Result

WAITING = "Train a model and paint spots: the genes that change are listed here."
NOTHING_PAINTED = "Paint spots in step 3: the genes that change are listed here."
CAUTION = "A model's extrapolation from how states differ across this tissue, not a proven cause."


class GenesPanel(QWidget):
    """Genes by how much they change, in the patch or around it, and the shown gene by distance."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.summary, self.agreement = note(), note(kind="quiet")
        self.in_patch, self.around = QRadioButton("in the patch"), QRadioButton("around it")
        self.in_patch.setChecked(True)
        self.table, self.plot = GeneTable(), DistancePlot(session)
        self.table.gene_chosen.connect(self._show_gene)
        self._lay_out()
        for signal in (
            session.prediction_changed,
            session.genes_changed,
            session.slide_changed,
            session.model_changed,
            session.target_changed,
            session.shown_changed,
        ):
            follow(self, signal, self._refresh)
        self._shown: tuple[object, ...] = ()
        self._refresh()

    def _lay_out(self) -> None:
        layout = column(self)
        layout.addWidget(self.summary)
        row = QHBoxLayout()
        group = QButtonGroup(self)
        for choice in (self.in_patch, self.around):
            group.addButton(choice)
            row.addWidget(choice)
            choice.toggled.connect(self._refresh)
        row.addStretch()
        layout.addLayout(row)
        layout.addWidget(self.table, stretch=1)
        layout.addWidget(self.plot)
        layout.addWidget(self.agreement)
        layout.addWidget(note(CAUTION, "quiet"))
        self.table.setToolTip(TIPS["ranking"])

    def _refresh(self, *_: object) -> None:
        result, scaling = self.session.result, self.session.scaling
        frame = self._frame(result)
        # shown_changed also comes from a click into this table: rebuilding it then would lose the row
        key = (frame is not None and id(frame), scaling.log2)
        if key != self._shown:
            self._shown = key
            self.table.show_genes(frame, scaling.change_factor, scaling.change_unit)
        say(self.summary, self._summary(result))
        say(self.agreement, _agreement(result))

    def _frame(self, result: Result | None) -> pd.DataFrame | None:
        if result is None:
            return None
        return result.patch_genes if self.in_patch.isChecked() else result.ring_genes

    def _summary(self, result: Result | None) -> str:
        if result is None:
            return self.session.whatif_blocker or WAITING
        if result.what_if.is_empty:
            return self.session.whatif_blocker or NOTHING_PAINTED
        target = ", ".join(str(value) for value in result.what_if.patches[0].target.values())
        reach = format_length(result.slide, 2 * result.slide.pitch)
        patch, ring = _sure(result.patch_genes), _sure(result.ring_genes)
        return (
            f"{len(result.patch)} spots → {target}. Genes that surely change (false sign below 2.5 %): "
            f"{patch} in the patch, {ring} around it (within {reach})."
        )

    def _show_gene(self, name: str) -> None:
        self.session.show_gene(name)
        if self.session.view in (View.OBSERVED, View.BASELINE):
            self.session.show_view(View.CHANGE)


def _sure(frame: pd.DataFrame | None) -> str:
    if frame is None:
        return "…"
    return f"{int((frame['lfsr'] < SURE).sum())} of {len(frame)}"


def _agreement(result: Result | None) -> str:
    if result is None or not result.agreement:
        return ""
    parts = [f"{score.region} {score.genes_pcc:.2f}{_beside(score)}" for score in result.agreement]
    return f"This slide is simulated. Correlation of predicted with true change across genes: {'; '.join(parts)}."


def _beside(score: Agreement) -> str:
    """Return what simple baselines reach in the same region."""
    if not np.isfinite(score.mean_shift_pcc):
        return ""
    return f" (mean shift {score.mean_shift_pcc:.2f}, 6 nearest {score.nearest_pcc:.2f})"
