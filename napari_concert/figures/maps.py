"""A slide's spots as circles of their true size, coloured by a value."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import Normal, withStroke
from matplotlib.ticker import MaxNLocator

from napari_concert.figures.layout import Box, FlatLayout, lay_out
from napari_concert.figures.limits import Limits, level_limits
from napari_concert.figures.style import INK, LEVELS, MISSING, SMALL, TITLE
from napari_concert.slide import Slide

BAR_SHARE = 0.25  # of the map's width: the longest a scale bar may be
OUTLINE_RADIUS = 0.6  # pitches; discs of neighbouring spots then overlap
FOOT = 0.09  # of the map's height: room for the scale bar below the tissue
HEAD = 0.045  # and above it for the names of sections, as a share of its height
CLEAR = 0.3  # of that: how far a name stays from the frame of a close-up
_HALO = [withStroke(linewidth=2.6, foreground="white"), Normal()]


def spot_map(
    ax: Axes,
    slide: Slide,
    values: npt.ArrayLike,
    *,
    title: str = "",
    label: str = "",
    cmap: str | Colormap = LEVELS,
    limits: Limits | None = None,
    outlines: Iterable[npt.ArrayLike] = (),
    names: Iterable[str] = (),
    layout: FlatLayout | None = None,
    window: Box | None = None,
    close_up: Box | None = None,
    bar: bool = True,
) -> EllipseCollection:
    """Draw the spots at their true size, right way up (y points down, as in napari); return those that have a value.

    Parameters
    ----------
    values
        (n_spots,): NaN is drawn in light grey.
    title, label
        Above the map, and beside its colour bar (a quantity with its unit; no colour bar without one).
    cmap, limits
        Colour map and its limits; the 1st and 99th percentile by default.
    outlines, names
        Rows of patches to outline, and what to write above each of them, if anything.
    layout
        From :func:`lay_out`; give it where several maps share it.
    window
        Corners (low, high) of the part to show; all of it by default.
    close_up
        Corners (low, high) of a part to frame, which another map shows.
    bar
        Whether to draw a scale bar.
    """
    layout = layout or lay_out(slide)
    values = np.asarray(values, dtype=np.float64)
    low, high = limits or level_limits(values)
    placed = _inside(layout.points, window or layout.box)
    known = placed & np.isfinite(values)
    _circles(ax, layout.points[placed & ~known], slide.spot_diameter, color=MISSING)
    look = {"array": values[known], "cmap": cmap, "norm": Normalize(low, high)}
    spots = _circles(ax, layout.points[known], slide.spot_diameter, **look)
    for rows, name in zip_longest(outlines, names, fillvalue=""):
        _mark(ax, layout.points[np.asarray(rows)], slide.pitch, str(name), window or layout.box)
    if window is None and layout.sections:
        _frame(ax, layout.box, bar, _name_sections(ax, layout, close_up))
    else:
        _frame(ax, window or layout.box, bar, 0.0)
    if close_up is not None:
        _dash(ax, close_up)
    ax.set_title(title, fontsize=TITLE, color=INK, loc="left", pad=5)
    if bar:
        scale_bar(ax, slide.units.name)
    if label:
        colour_bar(ax, spots, label)
    return spots


def _mark(ax: Axes, points: npt.NDArray[np.float64], pitch: float, name: str, box: Box) -> None:
    """Outline a patch, and write its name above its largest part."""
    parts = _outline(ax, points, pitch)
    if name and parts:
        _name(ax, parts[0], pitch, name, box)


def _dash(ax: Axes, box: Box) -> None:
    """Frame the part of the map that another map shows."""
    (left, top), (right, bottom) = box
    look: dict[str, Any] = {
        "fill": False,
        "ec": INK,
        "lw": 0.7,
        "ls": (0, (4, 2)),
        "clip_on": False,
    }  # whole at the map's edge, too
    ax.add_patch(Rectangle((left, top), right - left, bottom - top, **look))


def _inside(points: npt.NDArray[np.float64], box: Box) -> npt.NDArray[np.bool_]:
    """Return which points (n, 2) lie in a box; those without coordinates do not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(((points >= box[0]) & (points <= box[1])).all(axis=1))


def _circles(ax: Axes, points: npt.NDArray[np.float64], diameter: float, **look: Any) -> EllipseCollection:
    size = np.full(len(points), diameter)
    spots = EllipseCollection(
        size, size, np.zeros(len(points)), units="xy", offsets=points, offset_transform=ax.transData, lw=0, **look
    )
    ax.add_collection(spots, autolim=False)
    return spots


def _frame(ax: Axes, box: Box, bar: bool, head: float) -> None:
    (left, top), (right, bottom) = box
    height = bottom - top
    foot = FOOT * height if bar else 0.0
    ax.set(xlim=(left, right), ylim=(bottom + foot, top - head * height), aspect="equal", anchor="NW")
    ax.set_axis_off()


def _name_sections(ax: Axes, layout: FlatLayout, close_up: Box | None) -> float:
    """Write the name of each section above it; return the room that takes above all, as a share of their height."""
    (_, top), (_, bottom) = layout.box
    line, uppermost = HEAD * (bottom - top), top
    for name, box in layout.sections:
        y = _name_bottom(box, close_up, line)
        uppermost = min(uppermost, y)
        look: dict[str, Any] = {"fontsize": SMALL, "color": INK, "ha": "center", "path_effects": _HALO, "zorder": 6}
        ax.text((box[0][0] + box[1][0]) / 2, y, name, va="bottom", **look)
    return float(HEAD + (top - uppermost) / (bottom - top))


def _name_bottom(section: Box, close_up: Box | None, line: float) -> float:
    """Return where a section's name ends: at its upper edge, or above the frame of a close-up that would cross it."""
    (left, upper), (right, _) = section
    if close_up is None:
        return float(upper)
    (begin, frame), (end, _) = close_up
    crossed = begin < right and end > left and upper - line < frame < upper + CLEAR * line
    return float(frame - CLEAR * line if crossed else upper)


def _name(ax: Axes, part: Any, pitch: float, name: str, box: Box) -> None:
    """Write a patch's name above a part of it, or below where it would leave the map; at the map's edge, inwards."""
    left, upper, right, lower = part.bounds
    above = upper - 2 * pitch > box[0][1]
    y, side = (upper - 0.3 * pitch, "bottom") if above else (lower + 0.3 * pitch, "top")
    place = ((left + right) / 2 - box[0][0]) / (box[1][0] - box[0][0])
    x, align = ((left, "left"), ((left + right) / 2, "center"), (right, "right"))[int(place > 0.3) + int(place > 0.7)]
    ax.text(x, y, name, fontsize=SMALL, color="black", ha=align, va=side, path_effects=_HALO)


def _outline(ax: Axes, points: npt.NDArray[np.float64], pitch: float) -> list[Any]:
    """Draw the outline of a patch, black on white so that it shows on every colour; return its parts, largest first."""
    from shapely import get_parts, union_all
    from shapely import points as as_points

    finite = points[np.isfinite(points).all(axis=1)]
    discs = union_all(as_points(finite).tolist()).buffer(OUTLINE_RADIUS * pitch)
    smooth = discs.buffer(pitch).buffer(-pitch)  # fills the notches between discs
    parts = sorted((part for part in get_parts(smooth) if not part.is_empty), key=lambda part: -part.area)
    for part in parts:
        for ring in (part.exterior, *part.interiors):
            path = Outline(np.asarray(ring.coords), closed=True)
            ax.add_patch(PathPatch(path, fill=False, ec="black", lw=1.1, joinstyle="round", path_effects=_HALO))
    return parts


def scale_bar(ax: Axes, unit: str) -> None:
    """Draw a bar of a round length at the lower left of a map, with its length and unit (mm from 1,000 µm on)."""
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    length = round_length(BAR_SHARE * (right - left))
    y = bottom - 0.025 * (bottom - top)
    ax.plot([left, left + length], [y, y], color=INK, lw=1.8, solid_capstyle="butt", zorder=5)
    at = left + length + 0.02 * (right - left)
    ax.text(at, y, length_text(length, unit), fontsize=SMALL, color=INK, va="center_baseline", ha="left")


def round_length(longest: float) -> float:
    """Return the largest of 1, 2, 5 × 10ⁿ that is no longer than ``longest``."""
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9)))


def length_text(length: float, unit: str) -> str:
    """Return a length in words."""
    return f"{length / 1000:g} mm" if unit == "µm" and length >= 1000 else f"{length:g} {unit}"


def colour_bar(ax: Axes, spots: EllipseCollection, label: str) -> None:
    """Draw a slim colour bar to the right of a map; arrows say that values go beyond its ends."""
    values, (low, high) = np.asarray(spots.get_array()), spots.get_clim()
    below, above = bool((values < low).any()), bool((values > high).any())
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
    beside = ax.inset_axes((1.03, 0.16, 0.035, 0.72))
    drawn = beside.figure.colorbar(spots, cax=beside, extend=extend, ticks=MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    drawn.set_label(label, fontsize=SMALL, color=INK, labelpad=4)
    drawn.ax.tick_params(labelsize=SMALL, length=2.5, width=0.6, colors=INK, pad=2)
    drawn.outline.set_linewidth(0.5)
