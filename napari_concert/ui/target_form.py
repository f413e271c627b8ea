"""What the painted spots become: a state, a tissue, continuous attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QLineEdit, QWidget

from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import follow, form

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.slide import Slide

AS_OBSERVED = "as observed"


class TargetForm(QWidget):
    """A box for every attribute that the slide has."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.fields = form()
        self.setLayout(self.fields)
        self.boxes: dict[str, QComboBox] = {}
        self._numbers: dict[str, QLineEdit] = {}
        self._offered: tuple[object, ...] = ()
        for signal in (session.slide_changed, session.columns_changed, session.target_changed, session.model_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        slide = self.session.slide
        if slide is None:
            return
        offered = (slide.states, slide.tissues, slide.columns)
        if offered != self._offered:
            self._offered = offered
            self._rebuild(slide)
        target = self.session.target
        for attribute, box in self.boxes.items():
            box.setCurrentText(str(target.get(attribute, AS_OBSERVED)))
        for attribute, field in self._numbers.items():
            field.setText(f"{target[attribute]:g}" if attribute in target else "")
        self.setEnabled(not self.session.whatif_blocker)

    def _rebuild(self, slide: Slide) -> None:
        while self.fields.rowCount():
            self.fields.removeRow(0)
        self.boxes, self._numbers = {}, {}
        if slide.states:
            self._add_box("perturbation", slide.columns.perturbation or "", slide.states, TIPS["target"])
        if slide.tissues:
            self._add_box("tissue", slide.columns.tissue or "", slide.tissues, TIPS["target_tissue"])
        for name in slide.columns.continuous:
            self._add_number(name)

    def _add_box(self, attribute: str, name: str, values: tuple[str, ...], tip: str) -> None:
        box = QComboBox()
        box.addItems([AS_OBSERVED, *values])
        box.setToolTip(tip)
        box.setObjectName(f"concert_target_{attribute}")
        box.textActivated.connect(
            lambda text: self.session.set_target(attribute, None if text == AS_OBSERVED else str(text))
        )
        self.fields.addRow(name, box)
        self.boxes[attribute] = box

    def _add_number(self, name: str) -> None:
        field = QLineEdit()
        field.setPlaceholderText(AS_OBSERVED)
        field.setToolTip(f"The {name} that the spots of the chosen patch take, a number in the unit of that column.")
        field.setObjectName(f"concert_target_{name}")
        field.editingFinished.connect(lambda: self._set_number(name, field))
        self.fields.addRow(name, field)
        self._numbers[name] = field

    def _set_number(self, name: str, field: QLineEdit) -> None:
        text = field.text().strip()
        try:
            self.session.set_target(name, float(text) if text else None)
        except ValueError:
            self.session.notified.emit("error", f"{name} needs a number; got {text!r}.")
            field.setText(str(self.session.target.get(name, "")))
