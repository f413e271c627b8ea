"""Colours of the picture: a sequential and a diverging map, greys for uncertainty, a palette for categories."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from napari.utils import Colormap
from napari.utils.colormaps import ensure_colormap

Rgba: TypeAlias = npt.NDArray[np.float32]

# Okabe and Ito's colours (safe for colour-blind readers) without black, then further ones that stay distinct from them
_PALETTE = (
    "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#8c6bb1", "#d4c200", "#a6761d", "#66c2a5",
    "#fb8072", "#b3de69", "#1f78b4", "#e7298a", "#bc80bd", "#7fbc41", "#fdb462", "#80b1d3", "#c51b7d", "#35978f",
)  # fmt: skip

# Moreland's cool-warm map: perceptual, and its middle is a light grey, so that unchanged spots stay visible on white
_COOL_WARM = (
    "#3b4cc0", "#5977e3", "#7b9ff9", "#9ebeff", "#c0d4f5", "#dddcdc", "#f2cbb7", "#f7ac8e", "#ee8468", "#d65244",
    "#b40426",
)  # fmt: skip

# spots without a value: visible on a dark and on a light canvas, and clearly not a colour of a scale
UNKNOWN: Rgba = np.array([0.62, 0.62, 0.62, 1.0], dtype=np.float32)
NO_VALUE: Rgba = np.array([0.5, 0.5, 0.5, 0.35], dtype=np.float32)

FAINT = 0.8  # of a patch that is not the active one: still seen on black


def colormap(kind: str, dark: bool) -> Colormap:
    """Give the colour map for a kind of values: "continuous", "diverging" or "uncertainty".

    Greys run from near the canvas colour (certain) to far from it (uncertain).
    """
    if kind == "uncertainty":
        return _greys(dark)
    return _diverging() if kind == "diverging" else _sequential()


def category_colours(names: Sequence[str], unknown: Collection[str] = ()) -> Rgba:
    """Give an RGBA colour for each category, (k, 4): grey for unknown ones, else from the palette.

    Beyond the palette's length, evenly spaced hues are taken.
    """
    known = [name not in unknown for name in names]
    colours = np.tile(UNKNOWN, (len(names), 1))
    colours[known] = _palette(sum(known))
    return colours


def patch_colours(owner: npt.NDArray[np.int64], hexes: Mapping[int, str], active: int | None) -> Rgba:
    """Give an RGBA colour for each painted spot, (n, 4): that of its patch; fainter where the patch is not active.

    Parameters
    ----------
    owner
        Key of each spot's patch (n,).
    hexes
        Colour of each patch, by key.
    """
    keys = sorted(hexes)
    table = rgba([hexes[key] for key in keys])
    table[[key != active for key in keys], 3] = FAINT
    return table[np.searchsorted(keys, owner)]


def is_dark(colour: Sequence[float]) -> bool:
    """Give whether a background colour (r, g, b, …) is dark, by its luminance."""
    red, green, blue = (float(c) for c in colour[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.5


def _palette(count: int) -> Rgba:
    if count <= len(_PALETTE):
        return rgba(_PALETTE[:count])
    return np.asarray(ensure_colormap("turbo").map(np.linspace(0.05, 0.95, count)), dtype=np.float32)


def rgba(hexes: Sequence[str]) -> Rgba:
    """Give colours such as "#56b4e9" as RGBA (k, 4)."""
    values = [[int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)] + [1.0] for code in hexes]
    return np.array(values, dtype=np.float32).reshape(-1, 4)


@cache
def _sequential() -> Colormap:
    return Colormap(ensure_colormap("viridis").colors, name="concert level", nan_color=NO_VALUE)


@cache
def _diverging() -> Colormap:
    return Colormap(rgba(_COOL_WARM), name="concert change", nan_color=NO_VALUE)


@cache
def _greys(dark: bool) -> Colormap:
    first, last = (0.25, 0.97) if dark else (0.86, 0.05)
    table = np.ones((256, 4), dtype=np.float32)
    table[:, :3] = np.linspace(first, last, 256)[:, None]
    return Colormap(table, name=f"concert sd {'dark' if dark else 'light'}", nan_color=NO_VALUE)
