"""Predicted spots on the picture: where they are drawn, in which colours, and what hovering over one says."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.session.predicted import NOTHING
from napari_concert.ui.captions import format_number
from napari_concert.ui.colours import NO_VALUE, category_colours, colormap
from napari_concert.ui.spots import show_colours, show_values

if TYPE_CHECKING:
    from napari.layers import Points
    from pandas import Series

    from napari_concert.session import Session, ShownValues
    from napari_concert.session.predicted import Predicted
    from napari_concert.slide.filling import Places
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]

NEGLIGIBLE = 0.005  # probability that is not worth a word
HALF = 0.5  # share of the variation in space below which a spot is extrapolated
FILL = 0.55  # of the distance to the nearest spot: new discs leave a gap between each other


def drawn_places(scene: SlideScene, coords: Floats, places: Places) -> Floats:
    """Return where new spots (n, d) are drawn, as layers hold it: off the nearest spot as on the slide."""
    near = _nearest(scene, coords, places)
    away = coords[:, :2] - scene.slide.coords[near, :2]
    drawn = scene.layout.points[near].copy()
    drawn[:, -2:] += away[:, ::-1]
    return np.asarray(drawn / scene.layout.step)


def _nearest(scene: SlideScene, coords: Floats, places: Places) -> npt.NDArray[np.int64]:
    """Return the row of the spot nearest to each new one, in its section where one is said."""
    slide, column = scene.slide, scene.slide.columns.section
    name = next((name for name in ("section", column) if name in places.table), None)
    if column is None or name is None:
        return _among(slide.coords, scene.rows, coords)
    labels, wanted = slide.labels(column), places.table[name].astype(str).to_numpy()
    found = np.zeros(len(coords), dtype=np.int64)
    for label in np.unique(wanted):
        here = wanted == label
        found[here] = _among(slide.coords, scene.rows[labels[scene.rows] == label], coords[here])
    return found


def _among(spots: Floats, rows: npt.NDArray[np.int64], coords: Floats) -> npt.NDArray[np.int64]:
    return rows[cKDTree(spots[rows]).query(coords)[1]]


def diameter_of(scene: SlideScene, coords: Floats) -> float:
    """Return the diameter of new spots: as that of measured ones, or less where they lie closer."""
    spots = scene.slide.coords[scene.slide.usable]
    apart = [np.asarray(cKDTree(coords).query(coords, k=2)[0])[:, 1]] if len(coords) > 1 else []
    to_spots = np.asarray(cKDTree(spots).query(coords)[0])
    nearest = np.concatenate([*apart, to_spots[to_spots > 0]])
    return (
        min(scene.slide.spot_diameter, FILL * float(np.median(nearest))) if len(nearest) else scene.slide.spot_diameter
    )


def colour_predicted(layer: Points, predicted: Predicted, shown: ShownValues, *, dark: bool) -> None:
    """Colour predicted spots by what they show; those that show nothing are not drawn."""
    values = shown.values  # noqa: PD011 - of no pandas object
    layer.shown = np.full(len(layer.data), shown.note != NOTHING)
    if shown.note == NOTHING:
        return
    if shown.kind == "categorical":
        table = np.concatenate([category_colours(shown.categories, predicted.slide.columns.unknown), NO_VALUE[None]])
        codes = {name: code for code, name in enumerate(shown.categories)}
        show_colours(layer, table[[codes.get(label, -1) for label in values]])
    else:
        show_values(layer, np.asarray(values, dtype=np.float64), shown.limits, colormap(shown.kind, dark))
        layer.face_colorbar.visible = False  # the measured spots have the same one


def describe_predicted(predicted: Predicted, row: int, shown: ShownValues, session: Session) -> list[str]:
    """Give what hovering over a predicted spot shows, one line each."""
    lines = [f"{predicted.as_is.obs.index[row]}: predicted, not measured"]
    colour, spots = session.colour, predicted.spots_of(session.shown_view)
    value = shown.values[row]  # noqa: PD011 - of no pandas object
    if shown.kind != "categorical" and np.isfinite(float(value)):
        lines.append(f"{shown.label}: {float(value):.4g} {shown.unit}")
    if colour is not None and colour.kind == "gene" and colour.name in spots.genes:
        low, high = map(format_number, spots.interval(row, colour.name))
        lines.append(f"95 % of such spots would count {low} to {high}")
    for role, table in spots.probabilities.items():
        lines.append(f"{getattr(predicted.slide.columns, role)}: {_likely(table.iloc[row])}")
    known = float(spots.obs["spatial_known"].iloc[row])
    if known < HALF:
        lines.append(f"extrapolated: spots around tell {known:.0%} of the variation in space")
    return lines


def _likely(chances: Series) -> str:
    """Return the labels that a spot may have, the likeliest first."""
    first = chances.sort_values(ascending=False)[:2]
    said = [f"{label} {chance:.0%}" for label, chance in first.items() if chance >= NEGLIGIBLE]
    return ", ".join(said) + ("" if first.iloc[0] == 1 else " (inferred)")
