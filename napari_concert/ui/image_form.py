"""The image of the tissue in the Slide step: shown or not, how opaque, and where another one lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from napari_concert.ui.widgets import button, column, follow, form, heading, note, say

if TYPE_CHECKING:
    from napari_concert.ui.tissue_image import TissueImage

STACKED = "Sections that lie on top of each other, or side by side, can't have an image behind them here."
HINT = "This slide brings no image. Any image that you open in napari can be put under the spots."
OTHER = "The chosen image can take the place of this one."
TIP_IMAGE = "How opaque the image is."
TIP_SPOTS = "How opaque the spots are: less, and the tissue is seen through them."
TIP_PUT = "Put the chosen image layer behind the spots. Where the spots' positions are pixels of it, both fit at once."
TIP_SIZE = "How far it is from one pixel of the image to the next. The middle of the image stays where it is."
TIP_MOVE = "Drag the image to move it, its corners to stretch it, the handle above it to turn it."


class ImageForm(QWidget):
    """Controls of the image behind the spots."""

    def __init__(self, image: TissueImage) -> None:
        super().__init__()
        self.image = image
        self.shown = QCheckBox("show the image")
        self.shown.clicked.connect(lambda on: image.set_visible(bool(on)))
        self.about = note(kind="quiet")
        self.opacity = _slider(TIP_IMAGE, image.set_opacity)
        self.spots = _slider(TIP_SPOTS, image.set_spots_opacity)
        self.put = button("Put under the spots", image.adopt, TIP_PUT)
        self.size = QDoubleSpinBox()
        self.size.setDecimals(4)
        self.size.setRange(0.0001, 1e6)
        self.size.setKeyboardTracking(False)
        self.size.setToolTip(TIP_SIZE)
        self.size.valueChanged.connect(image.set_pixel_size)
        self.move_it = QPushButton("Move with the mouse")
        self.move_it.setCheckable(True)
        self.move_it.setToolTip(TIP_MOVE)
        self.move_it.clicked.connect(lambda on: image.backdrop.set_moving(bool(on)))
        self.looks, self.place = QWidget(), QWidget()
        self._lay_out()
        follow(self, image.changed, self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        layout = column(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(heading("Image"))
        layout.addWidget(self.looks)
        looks = form()
        self.looks.setLayout(looks)
        looks.addRow(self.shown)
        looks.addRow("Image", self.opacity)
        looks.addRow("Spots", self.spots)
        place = QHBoxLayout(self.place)
        place.setContentsMargins(0, 0, 0, 0)
        place.addWidget(QLabel("One pixel is"))
        place.addWidget(self.size, stretch=1)
        place.addWidget(self.move_it)
        layout.addWidget(self.place)
        layout.addWidget(self.about)
        layout.addWidget(self.put, alignment=Qt.AlignmentFlag.AlignLeft)

    def _refresh(self, *_: object) -> None:
        image, look = self.image, self.image.look
        self.looks.setVisible(image.has_image)
        self.place.setVisible(look.adopted is not None and image.layer is not None)
        say(self.about, self._about())
        _set(self.shown, self.shown.setChecked, look.visible)
        _set(self.opacity, self.opacity.setValue, round(100 * look.opacity))
        _set(self.spots, self.spots.setValue, round(100 * look.spots))
        self.opacity.setEnabled(look.visible)
        self.put.setVisible(image.is_possible and (image.candidate is not None or not image.has_image))
        self.put.setEnabled(image.candidate is not None)
        self.move_it.setChecked(image.backdrop.is_moving)
        if image.pixel_size is not None:
            self.size.setSuffix(f" {image.unit}")
            _set(self.size, self.size.setValue, image.pixel_size)

    def _about(self) -> str:
        image = self.image
        if not image.is_possible:
            return STACKED
        if not image.has_image:
            return HINT
        return "" if image.candidate is None else OTHER


def _slider(tip: str, slot: Callable[[float], None]) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 100)
    slider.setPageStep(10)
    slider.setToolTip(tip)
    slider.valueChanged.connect(lambda value: slot(value / 100))
    return slider


def _set(widget: QWidget, setter: Callable[..., None], value: object) -> None:
    """Set a widget's value; signals stay silent."""
    blocked = widget.blockSignals(True)
    setter(value)
    widget.blockSignals(blocked)
