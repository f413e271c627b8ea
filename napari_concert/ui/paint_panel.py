"""Step 3: select spots, keep them as patches, and say what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_concert.ui.captions import count_spots
from napari_concert.ui.filling_form import FillingForm
from napari_concert.ui.load_menu import LoadMenu
from napari_concert.ui.patch_table import PatchTable
from napari_concert.ui.reach_form import ReachForm
from napari_concert.ui.select_form import SelectForm
from napari_concert.ui.shapes_exchange import ShapesExchange
from napari_concert.ui.target_form import TargetForm
from napari_concert.ui.tool_bar import ToolBar
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, heading, note, say

if TYPE_CHECKING:
    from qtpy.QtWidgets import QPushButton

    from napari_concert.patches import Patch
    from napari_concert.session import Session
    from napari_concert.slide import Slide
    from napari_concert.ui.brush_tool import BrushTool

NOTHING = "Nothing is painted yet. Choose a tool above and drag over the slide."
OVERLAP = "Patches overlap: the later one of the list wins."
HIDDEN = "{} is hidden: click its eye to see what you paint, and to predict with it."


class PaintPanel(QWidget):
    """Tools, patches, target."""

    def __init__(self, session: Session, brush: BrushTool) -> None:
        super().__init__()
        self.session, self.brush = session, brush
        self.tools, self.select = ToolBar(session, brush), SelectForm(session, brush)
        self.undo = button("Undo", session.undo, TIPS["undo"])
        self.redo = button("Redo", session.redo, TIPS["redo"])
        self.clear = button("Clear", session.clear, TIPS["clear"])
        self.table = PatchTable(session)
        self.new = button("New", session.new_patch, TIPS["new_patch"])
        self.copy = button("Copy", lambda: self._each(session.duplicate_patch), TIPS["duplicate_patch"])
        self.merge = button("Merge", lambda: session.merge_patches(self.table.keys), TIPS["merge_patches"])
        self.delete = button("Delete", lambda: session.remove_patches(self.table.keys), TIPS["delete_patches"])
        self.load = LoadMenu(session, ShapesExchange(session, brush.viewer, brush.layers))
        self.niche = button("", self._perturb_around, TIPS["perturb_around"])
        self.patch, self.overlap = note(kind="quiet"), note(kind="quiet")
        self.warning, self.blocker = note(kind="warning"), note(kind="warning")
        self.becomes, self.target = heading("What becomes of it"), TargetForm(session)
        self.reach, self.filling = ReachForm(session), FillingForm(session)
        self._lay_out()
        self._connect()
        self._on_slide()

    def _lay_out(self) -> None:
        layout = column(self)
        layout.addWidget(self.tools)
        layout.addWidget(self.select)
        layout.addLayout(_row(self.undo, self.redo, self.clear))
        layout.addWidget(heading("Patches"))
        layout.addWidget(self.table)
        layout.addLayout(_row(self.new, self.copy, self.merge, self.delete, self.load))
        layout.addWidget(self.overlap)
        layout.addWidget(self.patch)
        layout.addWidget(self.becomes)
        layout.addWidget(self.target)
        layout.addWidget(self.niche)
        layout.addWidget(self.blocker)
        layout.addWidget(self.warning)
        layout.addWidget(heading("How far it reaches"))
        layout.addWidget(self.reach)
        layout.addWidget(self.filling)
        layout.addStretch()

    def _connect(self) -> None:
        session = self.session
        for signal in (session.slide_changed, session.columns_changed):
            follow(self, signal, self._on_slide)
        follow(self, session.patch_changed, self._show_patches)
        for signal in (session.target_changed, session.model_changed):
            follow(self, signal, self._refresh)
        self.table.picked.connect(self._allow)
        self.select.by.valueChanged.connect(self._say_width)

    def _on_slide(self) -> None:
        self.setEnabled(self.session.slide is not None)
        self._say_width()
        self._refresh()

    def _say_width(self, *_: object) -> None:
        self.niche.setText(f"Perturb its surroundings instead, {self.select.by.text()} wide")

    # -- patches ------------------------------------------------------------------------------------------------------

    def _refresh(self, *_: object) -> None:
        self._show_patches()
        say(self.blocker, self.session.whatif_blocker or unused(self.session.model_problem))
        say(self.warning, self.session.target_warning)

    def _show_patches(self) -> None:
        """Show what a stroke changes while it goes on; warnings take longer, and wait for its end."""
        current = self.session.current
        if current is None:
            return
        self.table.refresh()
        patch = current.painting.current
        hidden = HIDDEN.format(patch.name) if patch is not None and patch.hidden else ""
        overlap = OVERLAP if any(covered for *_, covered in self.table.patches.rows) else ""
        say(self.overlap, "\n".join(line for line in (hidden, overlap) if line))
        say(self.patch, _composition(current.slide, patch) or ("" if len(self.session.painted) else NOTHING))
        self.becomes.setText("What becomes of it" if patch is None else f"What becomes of {patch.name}")
        self._allow()

    def _allow(self) -> None:
        """Switch on what can be done now."""
        current = self.session.current
        if current is None:
            return
        history, chosen, has_spots = current.painting.history, len(self.table.keys), bool(len(current.painting.rows))
        for part, allowed in (
            (self.undo, history.can_undo),
            (self.redo, history.can_redo),
            (self.clear, has_spots),
            (self.copy, chosen > 0),
            (self.merge, chosen > 1),
            (self.delete, chosen > 0),
            (self.niche, has_spots and not self.session.whatif_blocker),
        ):
            part.setEnabled(allowed)

    def _each(self, verb: Callable[[int], None]) -> None:
        for key in self.table.keys:
            verb(key)

    def _perturb_around(self) -> None:
        self.session.perturb_surroundings(self.select.by.value())


def unused(problem: str) -> str:
    """Say that the model can't be used, and what to do; "" if it can."""
    return f"The model is not used: {problem}. Training again in step 2 makes one that fits." if problem else ""


def _row(*parts: QPushButton) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(2)  # five buttons fit the dock
    for part in parts:
        row.addWidget(part)
    return row


def _composition(slide: Slide, patch: Patch | None) -> str:
    """Return how many spots of each tissue a patch has."""
    if patch is None or not len(patch):
        return ""
    counts = Counter(name if name is not None else "unknown tissue" for name in slide.tissue_of[patch.spots].tolist())
    said = f"{patch.name}: {count_spots(len(patch))}"
    if list(counts) == ["unknown tissue"]:
        return said
    return f"{said}: " + ", ".join(f"{count:,} of {name}" for name, count in counts.most_common())
