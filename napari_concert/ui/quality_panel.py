"""Step 6: hide spots, predict them, and see which genes and regions can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QProgressBar, QWidget

from napari_concert.evaluate.quality import SEEN, verdict
from napari_concert.session.checking import NOTHING_PAINTED
from napari_concert.session.hidden_spots import Look
from napari_concert.ui.asking import RESULTS, Asking
from napari_concert.ui.choice import Choice
from napari_concert.ui.hiding_form import HidingForm
from napari_concert.ui.quality_tables import QualityTables
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, note, say

if TYPE_CHECKING:
    from napari_concert.session import Session

ASKS = "Hide measured spots, let the model predict them from the rest, and see how far off that is."
COST = "Stricter: the weights have not seen these spots either. Takes as long as training did{}."
LOOKS = {
    Look.SLIDE: ("Slide", TIPS["look_slide"]),
    Look.MAPS: ("Observed · predicted · error", TIPS["look_maps"]),
    Look.Z: ("z", TIPS["look_z"]),
}
NO_GENE = "Choose a gene in the table below to see its hidden spots."


class QualityPanel(QWidget):
    """What to hide, Check, and what was found."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.hiding, self.anew = HidingForm(session), QCheckBox("Train anew without them")
        self.cost, self.why = note(kind="quiet"), note()
        self.start = button("Check", self._check, TIPS["check"])
        self.cancel = button("Cancel", session.stop_check, TIPS["stop_check"])
        self.progress, self.doing = QProgressBar(), note(kind="quiet")
        self.verdict, self.caution = note(), note(kind="quiet")
        self.looks, self.tables = Choice(LOOKS), QualityTables(session)
        self.hint = note(kind="quiet")
        self.export = button("Export…", self._ask_folder, TIPS["export_check"])
        self._lay_out()
        self.hiding.changed.connect(self._refresh)
        self.anew.toggled.connect(self._refresh)
        self.looks.chosen.connect(session.look_at)
        for signal in (session.checked_changed, session.model_changed, session.slide_changed, session.shown_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        self.anew.setToolTip(TIPS["anew"])
        self.progress.setTextVisible(True)
        self._work, self._found = QWidget(), QWidget()
        layout, work, found, row = column(self), QHBoxLayout(self._work), column(self._found), QHBoxLayout()
        for part in (work, found):
            part.setContentsMargins(0, 0, 0, 0)
        work.addWidget(self.progress, stretch=1)
        work.addWidget(self.cancel)
        row.addWidget(self.looks)
        row.addStretch()
        row.addWidget(self.export)
        found.addWidget(self.verdict)
        found.addWidget(self.caution)
        found.addLayout(row)
        found.addWidget(self.hint)
        found.addWidget(self.tables, stretch=1)
        for part in (
            note(ASKS, "quiet"),
            self.hiding,
            self.anew,
            self.cost,
            self.start,
            self._work,
            self.doing,
            self.why,
        ):
            layout.addWidget(part)
        layout.addWidget(self._found, stretch=1)
        layout.addStretch()

    # -- what it shows ------------------------------------------------------------------------------------------------

    def _refresh(self, *_: object) -> None:
        session, running = self.session, self.session.checking
        why = session.no_check or self._nothing_painted()
        self.start.setEnabled(not why and running is None)
        for part in (self.hiding, self.anew):
            part.setEnabled(running is None)
        say(self.why, why if running is None else "")
        say(self.cost, COST.format(self._seconds()) if self.anew.isChecked() else "")
        self._show_progress()
        check = session.checked
        self._found.setVisible(check is not None)
        self.tables.show_check(check)
        self.looks.set_value(session.look)
        if check is not None:
            say(self.verdict, verdict(check))
            say(self.caution, SEEN if check.was_seen else "")
            say(self.hint, NO_GENE if session.look is not Look.SLIDE and session.hidden_spots() is None else "")

    def _nothing_painted(self) -> str:
        return NOTHING_PAINTED if self.hiding.way.currentData() == "painted" and not len(self.session.painted) else ""

    def _seconds(self) -> str:
        """Say how long training took, where that is known."""
        model = self.session.model
        if model is None or not len(model.history):
            return ""
        seconds = float(model.history["seconds"].iloc[-1])
        return f": {seconds:.0f} s" if seconds < 100 else f": {seconds / 60:.0f} min"

    def _show_progress(self) -> None:
        running = self.session.checking
        self._work.setVisible(running is not None)
        say(self.doing, "")
        if running is None:
            return
        self.cancel.setEnabled(not running.is_stopping)
        step = running.step
        share = None if step is None or running.is_stopping else step.share
        self.progress.setRange(0, 0 if share is None else 100)
        self.progress.setValue(0 if share is None else int(100 * share))
        doing = "Beginning" if step is None else step.doing
        say(self.doing, "Cancelling: the step in hand is finished first …" if running.is_stopping else f"{doing} …")

    # -- what it does -------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        self.session.check(self.hiding.value(), anew=self.anew.isChecked())

    def _ask_folder(self) -> None:
        folder = Asking(self.session, self, RESULTS).save("Save the quality check as a folder", "quality check")
        if folder:
            self.session.save_check(folder)
