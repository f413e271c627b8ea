"""Size and form of the lesion that is stamped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QWidget

from napari_concert.selection import semi_axes
from napari_concert.session.preferences import LESION
from napari_concert.ui.captions import decimals_for
from napari_concert.ui.widgets import button, follow, form, note, say

if TYPE_CHECKING:
    from napari_concert.selection import Lesion
    from napari_concert.session import Session
    from napari_concert.ui.brush_tool import BrushTool

KINDS = {"Disc": "disc", "Ellipse": "ellipse", "Irregular": "blob", "Ellipsoid": "ellipsoid"}  # the last: of stacks
MM2 = 1e6  # µm² in a mm²
MOST_SPOTS, LONGEST, FLATTEST = 100_000, 8.0, 0.05
STEP = 5  # spots, or the area of so many
SIZE_TIP = "Size of the lesion in {}. On the slide, drag from its centre to give one stamp another size."


class LesionForm(QWidget):
    """What form a lesion has, how large it is (spots or area), how long and how turned."""

    def __init__(self, session: Session, brush: BrushTool) -> None:
        super().__init__()
        self.session, self.brush = session, brush
        self.kind, self.by = QComboBox(), QComboBox()
        self.size, self.ratio, self.angle = QDoubleSpinBox(), QDoubleSpinBox(), QDoubleSpinBox()
        self.tall, self.measures = QDoubleSpinBox(), note(kind="quiet")
        self.other = button("Another outline", self._another, "Draw another irregular outline of the same size.")
        self._is_um = True
        self._last_cell: float | None = None
        self._lay_out()
        self._connect()
        for signal in (session.slide_changed, session.columns_changed):
            follow(self, signal, self._offer)
        follow(self, brush.tool_changed, self._refresh)
        self._offer()

    def _lay_out(self) -> None:
        self.kind.setToolTip("Form of the lesion that a click stamps.")
        self.by.setToolTip("Give its size as a number of spots, or as an area.")
        for part, low, high, step, suffix, tip in (
            (self.ratio, 1.0, LONGEST, 0.25, " × as long", "How many times as long as wide it is."),
            (self.angle, -90.0, 90.0, 15.0, "°", "How far its long axis is turned clockwise, in degrees."),
            (self.tall, FLATTEST, LONGEST, 0.1, " × as high", "How many times as high along z as it is wide."),
        ):
            part.setRange(low, high)
            part.setSingleStep(step)
            part.setSuffix(suffix)
            part.setToolTip(tip)
        self.angle.setDecimals(0)
        for part in (self.size, self.ratio, self.angle, self.tall):
            part.setKeyboardTracking(False)  # a number counts once it is written
            part.setMinimumWidth(90)
        fields = form()
        fields.addRow("Form", _side_by_side(self.kind, self.other))
        fields.addRow("Size", _side_by_side(self.size, self.by))
        fields.addRow("Shape", _side_by_side(self.ratio, self.angle))
        fields.addRow("Depth", self.tall)
        fields.addRow(self.measures)
        self.fields = fields
        self.setLayout(fields)

    def _connect(self) -> None:
        self.kind.textActivated.connect(self._set_kind)
        self.by.activated.connect(lambda row: self._measure(by_spots=row == 0))
        self.size.valueChanged.connect(self._set_size)
        self.ratio.valueChanged.connect(lambda value: self._change(ratio=value))
        self.angle.valueChanged.connect(lambda value: self._change(angle=value))
        self.tall.valueChanged.connect(lambda value: self._change(tall=value))

    def _offer(self) -> None:
        """Offer area in the slide's unit; an area in the other unit becomes so many spots."""
        slide, area = self.session.slide, self.brush.lesion.area
        is_um = slide is None or bool(slide.units.um_per_unit)
        if area is not None and is_um is not self._is_um:
            self._change(spots=self._spots_in(area), area=None)
        if slide is not None:
            self._is_um, self._last_cell = is_um, self._cell()
        self._offer_kinds()
        self.by.clear()
        self.by.addItems(["spots", "mm²" if slide is not None and slide.units.um_per_unit else "units²"])
        self._refresh()

    def _offer_kinds(self) -> None:
        """Offer ellipsoids on stacks; on another slide one becomes the ellipse of its middle."""
        deep = self.session.levels is not None
        if not deep and self.session.slide is not None and self.brush.lesion.kind == "ellipsoid":
            self._change(kind="ellipse")
        self.kind.clear()
        self.kind.addItems([text for text, kind in KINDS.items() if deep or kind != "ellipsoid"])

    def _spots_in(self, area: float) -> int | None:
        """Return how many spots of the slide before an area takes; without one, as many as at first."""
        return LESION.spots if self._last_cell is None else max(1, round(area / self._last_cell))

    def _scale(self) -> float:
        """Return the slide's square units in one of the area's."""
        return MM2 if self.by.itemText(1) == "mm²" else 1.0

    def _cell(self) -> float:
        """Return the area that one spot stands for, in the slide's units squared."""
        return float(np.nanmedian(self.session.slide.spot_area)) if self.session.slide is not None else 1.0

    # -- what the user changes ----------------------------------------------------------------------------------------

    def _change(self, **changes: object) -> None:
        self.brush.set_lesion(replace(self.brush.lesion, **changes))  # type: ignore[arg-type]

    def _set_kind(self, text: str) -> None:
        kind = KINDS[text]
        self._change(kind=kind, ratio=1.0 if kind == "disc" else self.brush.lesion.ratio)

    def _measure(self, *, by_spots: bool) -> None:
        """Give the same size as spots, or as an area."""
        lesion = self.brush.lesion
        if by_spots and lesion.area is not None:
            self._change(spots=max(1, round(lesion.area / self._cell())), area=None)
        elif not by_spots and lesion.area is None:
            self._change(spots=None, area=(lesion.spots or 1) * self._cell())

    def _set_size(self, size: float) -> None:
        if self.brush.lesion.area is None:
            self._change(spots=round(size))
        else:
            self._change(area=size * self._scale())

    def lasting(self) -> Lesion:
        """Return the lesion as it means the same on any slide: an area in units of unknown size becomes spots."""
        lesion = self.brush.lesion
        if lesion.area is None or self._scale() == MM2:
            return lesion
        return replace(lesion, spots=max(1, round(lesion.area / self._cell())), area=None)

    def _another(self) -> None:
        self._change(seed=self.brush.lesion.seed + 1)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _refresh(self, *_: object) -> None:
        lesion = self.brush.lesion
        parts = (self.size, self.ratio, self.angle, self.tall)
        blocked = [part.blockSignals(True) for part in parts]
        self.kind.setCurrentText(next(text for text, kind in KINDS.items() if kind == lesion.kind))
        self._show_size()
        self.ratio.setValue(lesion.ratio)
        self.angle.setValue(lesion.angle)
        self.tall.setValue(lesion.tall)
        for part, before in zip(parts, blocked, strict=True):
            part.blockSignals(before)
        for part in (self.ratio, self.angle):
            part.setEnabled(lesion.kind != "disc")
        self.other.setVisible(lesion.kind == "blob")
        self.fields.setRowVisible(self.tall, lesion.kind == "ellipsoid")
        say(self.measures, self._in_space())

    def _in_space(self) -> str:
        """Say how far an ellipsoid reaches; "" of another form, or where a number of spots decides it."""
        lesion, slide = self.brush.lesion, self.session.slide
        if lesion.kind != "ellipsoid" or lesion.area is None or slide is None:
            return ""
        length, width, height = semi_axes(lesion)
        unit = slide.units.name
        return f"From its middle: {length:,.4g} along, {width:,.4g} across, ± {height:,.4g} {unit} up and down."

    def _show_size(self) -> None:
        lesion, cell = self.brush.lesion, self._cell() / self._scale()
        by_spots = lesion.area is None
        self.by.setCurrentIndex(0 if by_spots else 1)
        least = 1.0 if by_spots else 0.01 * cell
        self.size.setToolTip(SIZE_TIP.format(self.by.currentText()))
        self.size.setDecimals(0 if by_spots else decimals_for(cell))
        self.size.setRange(least, MOST_SPOTS * (1.0 if by_spots else cell))
        self.size.setSingleStep(STEP * (1.0 if by_spots else cell))
        self.size.setValue(float(lesion.spots or 0) if lesion.area is None else lesion.area / self._scale())


def _side_by_side(*parts: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for part in parts:
        row.addWidget(part, stretch=1)
    return row
