"""The picture of the tissue that belongs to a slide, and where its pixels lie among the spots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError

Pixels = npt.NDArray[np.uint8]

SIZES = ("hires", "lowres")  # Space Ranger's names of its images, the sharper one first


@dataclass(frozen=True, eq=False)
class SlideImage:
    """An image of the tissue, read when it is asked for.

    Attributes
    ----------
    name
        What the image is called: "hires" or "lowres" as Space Ranger names them.
    source
        The image file, or its pixels (height, width) or (height, width, 3 or 4) where the slide's file holds them.
    step
        Coordinate units of the slide's file from one pixel to the next, along x and along y.
    origin
        x and y of the centre of the first pixel, in coordinate units of the slide's file.
    """

    name: str
    source: Path | npt.NDArray[Any] = field(repr=False)
    step: float
    origin: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def shrunk(cls, name: str, source: Path | npt.NDArray[Any], factor: float) -> Self:
        """Return an image that is ``factor`` times the size of the full one, whose pixels are the coordinate units.

        The first pixel of a shrunk image covers the first 1 / factor pixels of the full one, and its centre is theirs:
        a pixel's centre has a whole number as its position, so it lies (1 / factor - 1) / 2 pixels from the first one.
        """
        return cls(name, source, 1 / factor, ((1 / factor - 1) / 2,) * 2)

    def load(self) -> Pixels:
        """Return the pixels: (height, width) or (height, width, 3 or 4), 0 to 255.

        Raises
        ------
        ConcertError
            If the file is missing or damaged, or holds no picture.
        """
        pixels = self.source if isinstance(self.source, np.ndarray) else _read(self.source)
        if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))) or 0 in pixels.shape:
            raise ConcertError(
                f"The {self.name} image has shape {pixels.shape}, which is no picture; it needs height × width × 3 "
                "colours. The slide is shown without it."
            )
        return _as_bytes(pixels)


def image_in(uns: Mapping[str, Any]) -> SlideImage | None:
    """Return the sharpest image that a table holds as scanpy keeps them, in ``uns['spatial']``; None without one.

    Where there are several libraries there is no telling which spots an image belongs to, so none is taken.
    """
    spatial = uns.get("spatial")
    libraries = [each for each in spatial.values() if isinstance(each, Mapping)] if isinstance(spatial, Mapping) else []
    return next(_images(libraries[0]), None) if len(libraries) == 1 else None


def _images(library: Mapping[str, Any]) -> Iterator[SlideImage]:
    images, factors = library.get("images"), library.get("scalefactors")
    for name in SIZES:
        if isinstance(images, Mapping) and name in images:
            factor = image_factor(factors, name)
            if factor is not None:
                yield SlideImage.shrunk(name, np.asarray(images[name]), factor)


def image_factor(factors: object, name: str) -> float | None:
    """Return how large an image is beside the full one, by Space Ranger's scale factors; None if they don't say."""
    value = factors.get(f"tissue_{name}_scalef") if isinstance(factors, Mapping) else None
    try:
        factor = float(np.asarray(value, dtype=np.float64).squeeze())
    except (TypeError, ValueError):
        return None
    return factor if np.isfinite(factor) and factor > 0 else None


def _read(path: Path) -> npt.NDArray[Any]:
    from matplotlib.image import imread

    try:
        return np.asarray(imread(path))
    except FileNotFoundError as error:
        raise ConcertError(f"The image {path} is gone. The slide is shown without it.") from error
    except Exception as error:  # the decoders raise whatever their formats do
        raise ConcertError(
            f"The image {path} can't be read ({error}): is its copy complete? The slide is shown without it."
        ) from error


def _as_bytes(pixels: npt.NDArray[Any]) -> Pixels:
    """Return pixels as bytes; fractions go from 0 to 1, as in matplotlib and scanpy, and wider numbers are scaled."""
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, dtype=np.uint8)
    if np.issubdtype(pixels.dtype, np.floating):
        most = float(np.nanmax(pixels, initial=0.0))
        scale = 255.0 if most <= 1.0 else 255.0 / max(most, 255.0)
    else:
        scale = 255.0 / max(float(pixels.max()), 255.0)
    return np.asarray(np.rint(np.nan_to_num(np.clip(pixels, 0, None) * scale)), dtype=np.uint8)
