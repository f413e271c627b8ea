"""Step 4: what the what-if does to genes and gene sets, in the patch, around it, and over the whole slide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_concert.prediction import SURE
from napari_concert.prediction.genesets import Spelling
from napari_concert.session import View
from napari_concert.session.results import RING_PITCHES, Region, Tables
from napari_concert.ui.captions import count_spots, format_length
from napari_concert.ui.choice import Choice
from napari_concert.ui.gene_plots import GenePlots
from napari_concert.ui.gene_sets_box import GeneSetsBox
from napari_concert.ui.rank_columns import GENES, SETS
from napari_concert.ui.rank_list import RankList
from napari_concert.ui.region_tables import RegionTables
from napari_concert.ui.widgets import column, follow, note, say

if TYPE_CHECKING:
    import pandas as pd

    from napari_concert.evaluate import Agreement
    from napari_concert.session import Session

WAITING = "Train a model and paint spots: the genes that change are listed here."
NOTHING_PAINTED = "Paint spots in step 3: the genes that change are listed here."
CAUTION = "A model's extrapolation across this tissue, not a proven cause."
NO_SPOTS = "There is no spot with counts in this region. Choose another region above."
NO_SETS = "Open a .gmt file or paste names: the sets are listed here."
REGIONS = {
    Region.PATCH: ("Patch", "Rank by the mean change over the spots of the active patch."),
    Region.RING: ("Ring", "Rank by the mean change over the spots within two spot distances around the patch."),
    Region.SLIDE: ("Whole slide", "Rank by the mean change over all spots with counts, painted or not."),
}
TIP_SURE = "The sign of a change is called sure where its local false sign rate is below 0.025."
LIST_GENES, LIST_SETS = "genes", "sets"
MODES = {
    LIST_GENES: ("Genes", "List genes, one a row."),
    LIST_SETS: ("Gene sets", "List sets of genes, each read as one signal: the mean change of its genes."),
}


class GenesPanel(QWidget):
    """A table of genes or of gene sets, and plots that are linked to it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.source = RegionTables(session)
        self.summary, self.agreement = note(), note(kind="quiet")
        self.region, self.mode = Choice(REGIONS), Choice(MODES)
        self.sets, self.list, self.plots = GeneSetsBox(session), RankList(session), GenePlots(session)
        self.table = self.list.table
        self._lay_out()
        self._connect()
        self.source.ask()
        self._refresh()

    def _lay_out(self) -> None:
        layout, top = column(self), QHBoxLayout()
        layout.setSpacing(4)
        self.summary.setToolTip(TIP_SURE)
        top.addWidget(self.region)
        top.addStretch()
        top.addWidget(self.mode)
        layout.addLayout(top)
        for part in (self.summary, self.sets, self.list, self.plots, self.agreement, note(CAUTION, "quiet")):
            layout.addWidget(part)
        layout.setStretchFactor(self.list, 1)

    def _connect(self) -> None:
        session = self.session
        self.region.chosen.connect(self.source.set_region)
        self.mode.chosen.connect(self._refresh)
        self.source.changed.connect(self._refresh)
        self.list.chosen.connect(self._choose)
        self.list.opened.connect(self._list_genes_of)
        self.plots.row_chosen.connect(self._choose)
        self.plots.gene_chosen.connect(self._show_gene)
        for signal in (session.prediction_changed, session.genes_changed, session.slide_changed, session.sets_changed):
            follow(self, signal, self.source.ask)
        for signal in (session.model_changed, session.target_changed, session.shown_changed):
            follow(self, signal, self._refresh)

    # -- what is listed -----------------------------------------------------------------------------------------------

    @property
    def lists_sets(self) -> bool:
        """Whether gene sets are listed rather than genes."""
        return bool(self.mode.value == LIST_SETS)

    def _refresh(self, *_: object) -> None:
        tables = self.source.tables
        rows = self._rows(tables)
        self.sets.setVisible(self.lists_sets)
        self.list.show_rows(rows, SETS if self.lists_sets else GENES, self._nothing(tables))
        self.list.file_name = self._file_name(tables)
        self.plots.show_tables(tables, rows)
        self._mark()
        say(self.summary, self._summary(tables, rows))
        say(self.agreement, _agreement(tables))

    def _rows(self, tables: Tables | None) -> pd.DataFrame | None:
        if tables is None or not _modelled(tables):
            return None
        rows = tables.sets if self.lists_sets else tables.genes
        return rows if len(rows) else None

    def _mark(self) -> None:
        """Mark what is chosen in the table and the plots."""
        colour, kind = self.session.colour, "set" if self.lists_sets else "gene"
        shown = colour.name if colour is not None and colour.kind == kind else ""
        if self.lists_sets:
            self.plots.show_set(self.session.gene_sets.get(shown))
        else:
            self.plots.show_gene()
        self.table.choose(shown)

    # -- choosing -----------------------------------------------------------------------------------------------------

    def _choose(self, name: str) -> None:
        if self.lists_sets:
            self.session.show_set(name)
        else:
            self._show_gene(name)

    def _show_gene(self, name: str) -> None:
        self.session.show_gene(name)
        if self.session.view in (View.OBSERVED, View.BASELINE):
            self.session.show_view(View.CHANGE)

    def _list_genes_of(self, name: str) -> None:
        """List the genes of a set that was double-clicked."""
        tables = self.source.tables
        if not self.lists_sets or tables is None or name not in self.session.gene_sets:
            return
        known = tables.result.prediction.genes
        found = Spelling(known).positions(self.session.gene_sets[name].genes)
        self.list.list_only(name, frozenset(known[position] for position in found))
        self.mode.choose(LIST_GENES)

    # -- words --------------------------------------------------------------------------------------------------------

    def _nothing(self, tables: Tables | None) -> str:
        if tables is None:
            return self.session.whatif_blocker or (WAITING if self.session.result is None else NOTHING_PAINTED)
        return NO_SETS if self.lists_sets and _modelled(tables) else NO_SPOTS

    def _summary(self, tables: Tables | None, rows: pd.DataFrame | None) -> str:
        if tables is None or rows is None:
            return ""
        sure, what = int((rows["lfsr"] < SURE).sum()), "sets" if self.lists_sets else "genes"
        return f"{_where(tables)}: {sure:,} of {len(rows):,} {what} are sure."

    def _file_name(self, tables: Tables | None) -> str:
        if tables is None:
            return "genes.csv"
        what = "gene sets" if self.lists_sets else "genes"
        return f"{tables.result.slide.name} {tables.region} {what}.csv"


def _modelled(tables: Tables) -> int:
    return int(np.isin(tables.rows, tables.result.prediction.rows).sum())


def _where(tables: Tables) -> str:
    result = tables.result
    if tables.region is Region.RING:
        reach = format_length(result.slide, RING_PITCHES * result.slide.pitch)
        return f"Ring of {reach}, {count_spots(len(tables.rows))}"
    if tables.region is Region.SLIDE:
        return f"Whole slide, {count_spots(len(tables.rows))}"
    inside = [patch for patch in result.what_if.patches if np.isin(patch.spots, tables.rows).any()]
    targets = dict.fromkeys(str(value) for patch in inside for value in patch.target.values())
    becomes = f" → {', '.join(targets)}" if targets else " as observed"
    return f"Patch, {count_spots(len(tables.rows))}{becomes}"


def _agreement(tables: Tables | None) -> str:
    if tables is None or not tables.result.agreement:
        return ""
    parts = [f"{score.region} {score.genes_pcc:.2f}{_beside(score)}" for score in tables.result.agreement]
    return f"This slide is simulated. Correlation of predicted with true change across genes: {'; '.join(parts)}."


def _beside(score: Agreement) -> str:
    """Return what simple baselines reach in the same region."""
    if not np.isfinite(score.mean_shift_pcc):
        return ""
    return f" (mean shift {score.mean_shift_pcc:.2f}, 6 nearest {score.nearest_pcc:.2f})"
