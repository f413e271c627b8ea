"""Size and form of the lesion that is stamped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QWidget

from napari_concert.ui.brush_tool import LESION_SPOTS
from napari_concert.ui.widgets import button, follow, form

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.ui.brush_tool import BrushTool

KINDS = {"Disc": "disc", "Ellipse": "ellipse", "Irregular": "blob"}
MM2 = 1e6  # µm² in a mm²
MOST_SPOTS, LONGEST = 100_000, 8.0


class LesionForm(QWidget):
    """What form a lesion has, how large it is (spots or area), how long and how turned."""

    def __init__(self, session: Session, brush: BrushTool) -> None:
        super().__init__()
        self.session, self.brush = session, brush
        self.kind, self.by = QComboBox(), QComboBox()
        self.size, self.ratio, self.angle = QDoubleSpinBox(), QDoubleSpinBox(), QDoubleSpinBox()
        self.other = button("Another outline", self._another, "Draw another irregular outline of the same size.")
        self._lay_out()
        self._connect()
        follow(self, session.slide_changed, self._offer)
        follow(self, brush.tool_changed, self._refresh)
        self._offer()

    def _lay_out(self) -> None:
        self.kind.addItems(list(KINDS))
        self.kind.setToolTip("Form of the lesion.")
        self.by.setToolTip("Say its size by the number of spots, or by area.")
        self.size.setToolTip("Size of the lesion. On the slide, drag from the centre to change it for one stamp.")
        for part, low, high, step, suffix, tip in (
            (self.ratio, 1.0, LONGEST, 0.25, " × as long", "How much longer than wide it is."),
            (self.angle, -90.0, 90.0, 15.0, "°", "Angle of its long axis to the horizontal."),
        ):
            part.setRange(low, high)
            part.setSingleStep(step)
            part.setSuffix(suffix)
            part.setToolTip(tip)
        self.angle.setDecimals(0)
        fields = form()
        fields.addRow("Form", _side_by_side(self.kind, self.other))
        fields.addRow("Size", _side_by_side(self.size, self.by))
        fields.addRow("Shape", _side_by_side(self.ratio, self.angle))
        self.setLayout(fields)

    def _connect(self) -> None:
        self.kind.textActivated.connect(lambda text: self._change(kind=KINDS[text]))
        self.by.textActivated.connect(lambda _text: self._set_size())
        self.size.editingFinished.connect(self._set_size)
        self.ratio.editingFinished.connect(lambda: self._change(ratio=self.ratio.value()))
        self.angle.editingFinished.connect(lambda: self._change(angle=self.angle.value()))

    def _offer(self) -> None:
        """Offer area in the slide's unit."""
        slide = self.session.slide
        self.by.clear()
        self.by.addItems(["spots", "mm²" if slide is not None and slide.units.um_per_unit else "square units"])
        self._refresh()

    def _scale(self) -> float:
        return MM2 if self.by.itemText(1) == "mm²" else 1.0

    def _change(self, **changes: object) -> None:
        self.brush.set_lesion(replace(self.brush.lesion, **changes))  # type: ignore[arg-type]

    def _set_size(self) -> None:
        slide, by_spots = self.session.slide, self.by.currentIndex() == 0
        lesion, size = self.brush.lesion, self.size.value()
        if by_spots != (lesion.spots is not None) and slide is not None:  # the same size, said otherwise
            size = (
                lesion.area / _cell(slide.pitch) if lesion.area else (lesion.spots or LESION_SPOTS) * _cell(slide.pitch)
            )
            size = max(1.0, round(size)) if by_spots else size / self._scale()
        if by_spots:
            self._change(spots=max(1, round(size)), area=None)
        else:
            self._change(spots=None, area=max(size, 1e-9) * self._scale())

    def _another(self) -> None:
        self._change(seed=self.brush.lesion.seed + 1)

    def _refresh(self, *_: object) -> None:
        lesion = self.brush.lesion
        by_spots = lesion.spots is not None
        self.kind.setCurrentText(next(text for text, kind in KINDS.items() if kind == lesion.kind))
        self.by.setCurrentIndex(0 if by_spots else 1)
        self.size.setDecimals(0 if by_spots else 3)
        self.size.setRange(1 if by_spots else 0.001, MOST_SPOTS)
        self.size.setSingleStep(5 if by_spots else 0.05)
        self.size.setValue(lesion.spots if lesion.spots is not None else (lesion.area or 0.0) / self._scale())
        self.ratio.setValue(lesion.ratio)
        self.angle.setValue(lesion.angle)
        for part in (self.ratio, self.angle):
            part.setEnabled(lesion.kind != "disc")
        self.other.setVisible(lesion.kind == "blob")


def _cell(pitch: float) -> float:
    """Return the area of a spot on a hexagonal grid."""
    return 0.75**0.5 * pitch * pitch


def _side_by_side(*parts: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for part in parts:
        row.addWidget(part, stretch=1)
    return row
