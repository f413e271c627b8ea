"""What a quality check found: genes, regions, and what intervals hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QStackedWidget, QWidget

from napari_concert.evaluate.quality import GENE_RULE, SPOT_RULE, held
from napari_concert.ui.choice import Choice
from napari_concert.ui.coverage_plot import ALL, EXPLAINED, CoveragePlot
from napari_concert.ui.light_table import GENES, REGIONS, LightTable
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import column, follow, note, say

if TYPE_CHECKING:
    from napari_concert.evaluate.quality import Check
    from napari_concert.session import Session

PARTS = {
    "genes": ("Genes", "Which genes can be trusted."),
    "regions": ("Regions", "Where predictions can be trusted."),
    "intervals": ("Intervals", "What intervals hold, against what they promise."),
}
NO_LABELS = "No column of labels is chosen in step 1, so there are no regions to tell apart."
NO_MATCH = "No gene passes the filter. Clear the text, or untick “only green”."


class QualityTables(QWidget):
    """One of three parts in sight."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.parts, self.stack = Choice(PARTS), QStackedWidget()
        self.filter, self.only_green = QLineEdit(), QCheckBox("only green")
        self.genes, self.regions = LightTable(), LightTable()
        self.by, self.counts, self.coverage = QComboBox(), QComboBox(), CoveragePlot()
        self.held, self.calibration = note(), note()
        self._check: Check | None = None
        self._lay_out()
        self.parts.chosen.connect(lambda value: self.stack.setCurrentIndex(list(PARTS).index(value)))
        self.filter.textChanged.connect(self._filter)
        self.only_green.toggled.connect(self._filter)
        self.by.activated.connect(self._show_regions)
        self.counts.activated.connect(self._show_coverage)
        self.genes.gene_chosen.connect(session.show_hidden)
        follow(self, session.shown_changed, self._mark)

    def _lay_out(self) -> None:
        self.filter.setPlaceholderText("Filter by name …")
        self.filter.setClearButtonEnabled(True)
        self.by.setToolTip(TIPS["regions_by"])
        self.counts.setToolTip(TIPS["coverage_bin"])
        said = self.held, self.calibration, note(EXPLAINED, "quiet")
        for parts in (
            (_row(self.filter, self.only_green), self.genes, note(GENE_RULE, "quiet")),
            (_row(QLabel("By"), self.by), self.regions, note(SPOT_RULE, "quiet")),
            (_row(QLabel("Expected counts"), self.counts), self.coverage, *said),
        ):
            page = QWidget()
            layout = column(page)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(4)
            for part in parts:
                layout.addWidget(part, stretch=int(isinstance(part, LightTable)))
            if not any(isinstance(part, LightTable) for part in parts):
                layout.addStretch()
            self.stack.addWidget(page)
        layout = column(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.parts)
        layout.addWidget(self.stack, stretch=1)

    def show_check(self, check: Check | None) -> None:
        """Show another check; the same one again changes nothing."""
        if check is self._check:
            return
        self._check = check
        self.genes.show_lights(None if check is None else check.quality.genes, GENES)
        say(self.calibration, "" if check is None else check.calibration)
        self._offer()
        self._filter()
        self._show_regions()
        self._show_coverage()
        self._mark()

    def _offer(self) -> None:
        """Offer the columns of labels, those with a role first, and the bins of expected counts."""
        self.by.clear()
        self.counts.clear()
        if self._check is None:
            return
        slide, columns = self._check.slide, self._check.slide.columns
        roles = [name for name in (columns.tissue, columns.perturbation, columns.section) if name is not None]
        self.by.addItems(list(dict.fromkeys([*roles, *slide.categorical_columns])))
        for name in self._check.quality.coverage["expected_counts"].unique():
            self.counts.addItem("all of them" if name == ALL else f"{name}", name)

    def _show_regions(self, *_: object) -> None:
        column_name = self.by.currentText()
        self.regions.nothing = "" if column_name else NO_LABELS
        has_any = self._check is not None and bool(column_name)
        self.regions.show_lights(self._check.regions(column_name) if self._check and has_any else None, REGIONS)

    def _show_coverage(self, *_: object) -> None:
        counts = str(self.counts.currentData() or ALL)
        self.coverage.show_coverage(None if self._check is None else self._check.quality.coverage, counts)
        say(self.held, "" if self._check is None else held(self._check.quality, counts))

    def _filter(self, *_: object) -> None:
        self.genes.set_filter(self.filter.text(), self.only_green.isChecked())
        self.genes.nothing = NO_MATCH if len(self.genes.genes.frame) else ""

    def _mark(self, *_: object) -> None:
        colour = self.session.colour
        self.genes.choose(colour.name if colour is not None and colour.kind == "gene" else "")


def _row(*parts: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        layout.addWidget(part, stretch=int(not isinstance(part, (QLabel, QCheckBox))))
    return row
