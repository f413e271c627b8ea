"""The picture of the tissue behind the spots: the file's own, or any image that was opened in napari."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image
from psygnal import Signal

from napari_concert.ui.backdrop import Backdrop
from napari_concert.ui.image_place import pixel_size, put_under, rescale, set_pixel_size, transform_of

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.slide import Slide
    from napari_concert.slide.image import Pixels
    from napari_concert.ui.layers import SlideLayers


@dataclass(eq=False)
class Look:
    """How a slide and its image are seen; kept while the slide is open.

    Attributes
    ----------
    visible, opacity
        Of the image.
    spots
        Opacity of the spots.
    adopted, um_per_unit
        The image that the user put under the spots, and the slide's units for which it was placed.
    """

    visible: bool
    opacity: float
    spots: float = 1.0
    adopted: Image | None = None
    um_per_unit: float | None = None


class TissueImage:
    """Chooses, reads in the background, and places the image behind a session's current slide.

    Attributes
    ----------
    backdrop
        Holds the image's layer.
    changed
        Emitted when something that :class:`ImageForm` shows has changed.
    """

    changed = Signal()

    def __init__(self, viewer: Viewer, session: Session, layers: SlideLayers) -> None:
        self.viewer, self.session, self.layers = viewer, session, layers
        self.backdrop = Backdrop(viewer, layers)
        self._slide: Slide | None = None
        self._looks: dict[str, Look] = {}
        self.backdrop.changed.connect(self._take_in)
        self.backdrop.deleted.connect(self._on_deleted)
        self._links = (
            viewer.layers.events.inserted,
            viewer.layers.events.removed,
            viewer.layers.selection.events.active,
        )
        for event in self._links:
            event.connect(self._tell)
        layers.drawn.connect(self._on_drawn)
        self._on_drawn("slide")

    def close(self) -> None:
        """Stop following the session; the layers stay in the viewer."""
        for event in self._links:
            event.disconnect(self._tell)
        self.layers.drawn.disconnect(self._on_drawn, missing_ok=True)
        self.backdrop.close()

    # -- what the panel shows and asks for ----------------------------------------------------------------------------

    @property
    def layer(self) -> Image | None:
        """The image layer under the current slide; None where there is none, or it is not read yet."""
        return self.backdrop.layer

    @property
    def look(self) -> Look:
        """How the current slide and its image are seen."""
        return self._looks.setdefault("" if self._slide is None else self._slide.fingerprint, self._first_look())

    def _first_look(self) -> Look:
        preferences = self.session.preferences
        return Look(preferences.shows_image, preferences.image_opacity)

    @property
    def is_possible(self) -> bool:
        """Whether an image can lie under the current slide: its spots are drawn where they are, in one plane."""
        scene = self.layers.scene
        if scene is None or scene.slide.has_z:
            return False
        return np.array_equal(scene.layout.points, scene.slide.napari_coords, equal_nan=True)

    @property
    def has_image(self) -> bool:
        """Whether the current slide has an image, shown or not."""
        own = self._slide is not None and self._slide.image is not None
        return self.is_possible and (own or self.look.adopted is not None)

    @property
    def candidate(self) -> Image | None:
        """The image that can be put under the spots: the chosen layer, else the only other one in the viewer."""
        others = [layer for layer in self.viewer.layers if _is_plane(layer) and layer is not self.layer]
        if self.viewer.layers.selection.active in others:
            return self.viewer.layers.selection.active
        return others[0] if len(others) == 1 else None

    @property
    def pixel_size(self) -> float | None:
        """How far it is from one pixel of the image to the next, in the slide's units."""
        return None if self.layer is None else pixel_size(self.layer)

    @property
    def unit(self) -> str:
        """The slide's unit of length."""
        return "units" if self._slide is None else self._slide.units.name

    def set_visible(self, visible: bool) -> None:
        """Show the image or hide it; one that was deleted, or could not be read, is read again."""
        self.look.visible = visible
        self.session.prefer(shows_image=visible)
        if self.layer is not None:
            self.layer.visible = visible
        else:
            self._put_up()
        self.changed.emit()

    def set_opacity(self, opacity: float) -> None:
        """Make the image more or less opaque, 0 to 1."""
        self.look.opacity = opacity
        self.session.prefer(image_opacity=opacity)
        if self.layer is not None:
            self.layer.opacity = opacity

    def set_spots_opacity(self, opacity: float) -> None:
        """Make the spots more or less opaque, 0 to 1, so that the tissue is seen through them."""
        self.look.spots = opacity
        if self.layers.scene is not None:
            self.layers.scene.spots.opacity = opacity

    def adopt(self) -> None:
        """Put the candidate under the spots; it takes the place of the file's own image."""
        layer, slide, look = self.candidate, self._slide, self.look
        if layer is None or slide is None or not self.is_possible:
            return
        self._take_down()
        said = put_under(layer, slide)
        look.adopted, look.um_per_unit, look.visible = layer, slide.units.um_per_unit, True
        self._put_up()
        self.session.notified.emit("info", said)

    def set_pixel_size(self, size: float) -> None:
        """Make the image larger or smaller about its middle: ``size`` of the slide's units from pixel to pixel."""
        if self.layer is not None:
            set_pixel_size(self.layer, size)

    # -- following the session ----------------------------------------------------------------------------------------

    def _on_drawn(self, what: str) -> None:
        if what != "slide":
            return
        scene, before = self.layers.scene, self._slide
        slide = None if scene is None else scene.slide
        if slide is None or before is None or slide.fingerprint != before.fingerprint:
            self._take_down()
        self._slide = slide
        if scene is not None:
            scene.spots.opacity = self.look.spots
        self._put_up()
        kept = {workspace.slide.fingerprint for workspace in self.session.workspaces}
        self._looks = {name: look for name, look in self._looks.items() if name in kept}
        self.changed.emit()

    def _put_up(self) -> None:
        """Show the image of the current slide, or place it anew; what must be read first arrives later."""
        slide, look = self._slide, self.look
        if slide is None or not self.is_possible:
            self._take_down()
        elif look.adopted is not None:
            self._follow_units(look.adopted, slide)
            self._show(look.adopted)
        elif slide.image is not None and self.layer is not None:
            for name, value in transform_of(slide.image, slide).items():
                setattr(self.layer, name, value)
        elif slide.image is not None and look.visible:
            self.session.jobs.submit(
                "image",
                slide.image.load,
                lane="image",
                latest=True,
                on_done=partial(self._loaded, slide),
                on_error=partial(self._failed, slide),
            )

    def _follow_units(self, layer: Image, slide: Slide) -> None:
        """Let an image of the user's go with the spots where the slide's units were set otherwise."""
        before, now = self.look.um_per_unit, slide.units.um_per_unit
        if before != now:
            rescale(layer, slide, (now or 1.0) / (before or 1.0))
            self.look.um_per_unit = now

    def _loaded(self, slide: Slide, pixels: Pixels) -> None:
        now = self._slide
        if now is None or slide.image is None or now.image is not slide.image or self.layer is not None:
            return
        place = transform_of(slide.image, now)
        name = f"{now.name} · image"
        self._show(Image(pixels, name=name, rgb=pixels.ndim == 3, interpolation2d="linear", **place))
        self.changed.emit()

    def _failed(self, slide: Slide, error: BaseException) -> None:
        if self._slide is not None and self._slide.image is slide.image:
            self.look.visible = False
            self.session.notified.emit("warning", str(error))
            self.changed.emit()

    def _show(self, layer: Image) -> None:
        layer.visible, layer.opacity = self.look.visible, self.look.opacity
        self.backdrop.show(layer)

    def _take_down(self) -> None:
        """Take the image out of the viewer; one that the user opened comes back with its slide."""
        self.session.jobs.cancel("image")
        self.backdrop.take_down()

    def _on_deleted(self) -> None:
        """Take a deleted image for hidden; the file's own one can be shown again."""
        self.look.visible, self.look.adopted = False, None
        self.changed.emit()

    def _take_in(self) -> None:
        """Take in what was changed in napari's own list and controls."""
        if self.layer is not None:
            self.look.visible, self.look.opacity = bool(self.layer.visible), float(self.layer.opacity)
        self.changed.emit()

    def _tell(self, *_: object) -> None:
        self.changed.emit()


def _is_plane(layer: object) -> bool:
    return isinstance(layer, Image) and layer.ndim == 2
