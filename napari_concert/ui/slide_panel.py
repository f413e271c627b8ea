"""Step 1: the slide, what its columns mean, its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_concert.session.opening import for_perturbation
from napari_concert.simulate import sample_path
from napari_concert.ui.asking import SLIDES, Asking
from napari_concert.ui.between_form import BetweenForm
from napari_concert.ui.column_menu import ColumnMenu
from napari_concert.ui.label_painter import LabelPainter
from napari_concert.ui.label_table import LabelTable
from napari_concert.ui.sections_form import SectionsForm
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.units_form import UnitsForm
from napari_concert.ui.widgets import button, column, follow, form, heading, note, say

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.slide import Columns, Slide
    from napari_concert.ui.image_form import ImageForm

NONE = "—"
FILES = "Slides (*.h5ad *.h5);;All files (*)"
WELCOME = (
    "Open a slide (.h5ad with raw counts and coordinates, CONCERT's .h5, or the folder 'outs' of Space Ranger), drag "
    "one into the window, or try the simulated tumour."
)
FOLDER_TIP = "Open the folder 'outs' that Space Ranger wrote for a Visium slide."


class SlidePanel(QWidget):
    """Open slides; say what the columns mean. Guesses are made and shown."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.choice, self.summary, self.notes = QComboBox(), note(), note(kind="warning")
        self.choice.activated.connect(lambda row: session.choose(session.workspaces[row]))
        self.roles = {role: self._role_box(role) for role in ("perturbation", "tissue", "section")}
        self.labels, self.units, self.painter = LabelTable(session), UnitsForm(session), LabelPainter(session)
        self.registered = QCheckBox("sections are registered in 3D")
        self.registered.setToolTip(TIPS["registered"])
        self.registered.clicked.connect(lambda on: session.read_as(registered=bool(on)))
        self.sections, self.continuous = SectionsForm(session), ColumnMenu(session)
        self.between = BetweenForm(session)
        self.blocker = note(kind="warning")
        self.afresh = button("Start afresh", session.start_afresh, TIPS["start_afresh"])
        self.forget = button("Forget my choices", session.forget_choices, TIPS["forget_choices"])
        self.join = button("Join open slides as one stack", session.join_slides, TIPS["join"])
        self.details, self._image_place = QWidget(), QVBoxLayout()
        self._lay_out()
        for signal in (session.slides_changed, session.slide_changed, session.columns_changed, session.model_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _role_box(self, role: str) -> QComboBox:
        box = QComboBox()
        box.setToolTip(TIPS[role])
        box.setObjectName(f"concert_{role}")
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        box.textActivated.connect(lambda text: self._set_role(role, None if text == NONE else text))
        return box

    def _lay_out(self) -> None:
        layout = column(self)
        row = QHBoxLayout()
        row.addWidget(button("Open…", self.ask_and_open))
        row.addWidget(button("Open folder…", self.ask_and_open_folder, FOLDER_TIP))
        row.addWidget(button("Simulated tumour", lambda: self.session.open(sample_path())))
        row.addStretch()
        layout.addLayout(row)
        layout.addWidget(self.choice)
        layout.addWidget(self.join)
        layout.addWidget(self.summary)
        layout.addWidget(self.notes)
        layout.addWidget(self.details)
        layout.addStretch()
        inner = column(self.details)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(heading("What the columns mean"))
        fields = form()
        for role, box in self.roles.items():
            fields.addRow(role.capitalize() if role != "tissue" else "Tissue / niche", box)
        fields.addRow("Continuous", self.continuous)
        inner.addLayout(fields)
        inner.addWidget(self.labels)
        inner.addWidget(self.sections)
        inner.addWidget(self.registered)
        inner.addWidget(self.between)
        inner.addWidget(self.blocker)
        inner.addWidget(heading("Units"))
        inner.addWidget(self.units)
        inner.addLayout(self._image_place)
        inner.addWidget(heading("Label painted spots"))
        inner.addWidget(self.painter)
        last = QHBoxLayout()
        last.addWidget(self.afresh)
        last.addWidget(self.forget)
        last.addStretch()
        inner.addLayout(last)

    def ask_and_open(self) -> None:
        """Ask for files and open them."""
        for path in Asking(self.session, self, SLIDES).open_files("Open slides", FILES):
            self.session.open(path)

    def ask_and_open_folder(self) -> None:
        """Ask for a folder of Space Ranger and open it."""
        path = Asking(self.session, self, SLIDES).open_folder("Open a folder of Space Ranger")
        if path:
            self.session.open(path)

    def add_image_form(self, form: ImageForm) -> None:
        """Take in the controls of the image behind the spots, which need a viewer."""
        self._image_place.addWidget(form)

    def _set_role(self, role: str, name: str | None) -> None:
        slide = self.session.slide
        if slide is None:
            return
        columns = with_column(slide, role, name)
        self.session.read_as(columns=columns)
        if name is not None and slide.columns != columns:
            self.session.show_column(name)

    def _refresh(self) -> None:
        slide = self.session.slide
        names = [workspace.slide.name for workspace in self.session.workspaces]
        _fill(self.choice, names, slide.name if slide is not None else "")
        self.choice.setVisible(len(names) > 1)
        self.join.setVisible(len(names) > 1)
        self.details.setVisible(slide is not None)
        say(self.summary, WELCOME if slide is None else summary(slide))
        say(self.notes, "" if slide is None else "\n".join(slide.notes))
        say(self.blocker, "" if slide is None else self.session.whatif_blocker)
        self.labels.refresh(slide)
        if slide is not None:
            self._refresh_columns(slide, slide.columns)

    def _refresh_columns(self, slide: Slide, columns: Columns) -> None:
        for role, box in self.roles.items():
            _fill(box, [NONE, *slide.categorical_columns], getattr(columns, role) or NONE)
        self.continuous.refresh(slide)
        self.registered.setVisible(slide.has_z and columns.section is not None)
        self.registered.setChecked(slide.registered)


def with_column(slide: Slide, role: str, name: str | None) -> Columns:
    """Return the slide's columns with another one for a role: perturbation, tissue or section."""
    if role == "perturbation":
        return for_perturbation(slide, name)
    if role == "tissue":
        return replace(slide.columns, tissue=name)
    return replace(slide.columns, section=name)


def summary(slide: Slide) -> str:
    """Return a slide's sizes in two lines."""
    kind = {"hex": "hexagonal grid", "square": "square grid"}.get(slide.lattice, "irregular positions")
    return (
        f"{slide.n_spots:,} spots × {slide.n_genes:,} genes · median {slide.median_total:,.0f} counts a spot "
        f"(raw counts from {slide.counts_source})\n{kind}, {slide.pitch:.4g} {slide.units.name} apart"
    )


def _fill(box: QComboBox, names: Sequence[str], current: str) -> None:
    """Offer names; signals stay silent."""
    blocked = box.blockSignals(True)
    box.clear()
    box.addItems(list(names))
    box.setCurrentText(current)
    box.blockSignals(blocked)
