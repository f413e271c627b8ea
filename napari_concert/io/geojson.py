"""Patches as GeoJSON: written so that they are read back exactly, and read from other tools' polygons.

Files of this app say their ``coordinate_unit``. In files of other tools (QuPath, napari, squidpy) coordinates are taken
to be in the slide file's own unit, that is in image pixels for Space Ranger's slides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.errors import ConcertError
from napari_concert.patches import DEFAULT_COLOR, Patch
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Rows = npt.NDArray[np.int64]
CELL_MARGIN = 1.05  # spots' discs of a little over half a pitch overlap, so that a patch is one outline
AREAS = ("Polygon", "MultiPolygon", "GeometryCollection")


# -- out --------------------------------------------------------------------------------------------------------------


def as_document(slide: Slide, patches: Sequence[Patch]) -> dict[str, Any]:
    """Return patches as a FeatureCollection, in the slide's coordinate units."""
    features = [_feature(slide, patch) for patch in patches]
    return {"type": "FeatureCollection", "coordinate_unit": slide.units.name, "features": features}


def _feature(slide: Slide, patch: Patch) -> dict[str, Any]:
    from shapely import buffer, points, union_all
    from shapely.geometry import mapping

    places = slide.coords[patch.spots, :2]
    discs = buffer(points(places[np.isfinite(places).all(axis=1)]), CELL_MARGIN * slide.pitch / 2, quad_segs=4)
    properties = {
        "name": patch.name,
        "color": patch.color,
        "target": dict(patch.target),
        "spots": (patch.spots + 1).tolist(),
        "spot_names": [str(slide.spot_names[row]) for row in patch.spots],
    }
    return {"type": "Feature", "geometry": mapping(union_all(discs)), "properties": properties}


# -- in ---------------------------------------------------------------------------------------------------------------


def patches_of(text: str, name: str, slide: Slide) -> list[Patch]:
    """Return the patches of a GeoJSON text: a geometry, a Feature, a FeatureCollection, or a list of Features.

    Parameters
    ----------
    text
        What the file holds.
    name
        Of the file, for messages.
    slide
        Whose spots are meant. A feature that lists ``spot_names`` of this slide is read by them; any other by the spots
        inside its polygons, holes left out, edges included; in one section only where its properties say ``section``.

    Raises
    ------
    ConcertError
        If it is not GeoJSON of polygons, or its unit is not the slide's.
    """
    try:
        document = json.loads(text)
        scale = _scale(document, slide)
        return [_patch(feature, scale, name, slide) for feature in _features(document)]
    except ConcertError:
        raise
    except Exception as error:  # malformed in any way
        raise ConcertError(
            f"{name} is not a GeoJSON of polygons ({type(error).__name__}: {error}). Export it again."
        ) from error


def _features(document: Any) -> Iterator[Mapping[str, Any]]:
    """Yield features; a bare geometry becomes one."""
    if isinstance(document, list):  # as QuPath writes them
        for item in document:
            yield from _features(item)
    elif document["type"] == "FeatureCollection":
        yield from document["features"]
    else:
        yield document if document["type"] == "Feature" else {"geometry": document}


def _scale(document: Any, slide: Slide) -> float | None:
    """Return how many of the slide's present units a unit of the document is; None if that is not known."""
    unit = document.get("coordinate_unit") if isinstance(document, Mapping) else None
    um_per_unit = slide.units.um_per_unit
    if unit == "µm":
        return None if um_per_unit is None else 1.0
    return um_per_unit or 1.0


def _patch(feature: Mapping[str, Any], scale: float | None, name: str, slide: Slide) -> Patch:
    said = feature.get("properties") or {}
    rows = _named(said.get("spot_names"), slide)
    if rows is None:
        if scale is None:
            raise ConcertError(f"{name} is in µm, but the µm per unit of {slide.name} is not known; set it first.")
        rows = _inside(_outline(feature, name), scale, said.get("section"), slide)
    target = said.get("target")
    return Patch(
        rows,
        target if isinstance(target, Mapping) else {},
        str(said.get("name") or "patch"),
        _colour(said.get("color")),
    )


def _colour(said: object) -> str:
    """Return a feature's colour; other tools write other things than ``#rrggbb``."""
    return said if isinstance(said, str) and said.startswith("#") else DEFAULT_COLOR


def _named(names: Any, slide: Slide) -> Rows | None:
    """Return the rows of a list of spot names, None if there is no list or a name is not the slide's."""
    if not isinstance(names, list):
        return None
    rows = slide.spot_names.get_indexer(pd.Index([str(name) for name in names]))
    return rows.astype(np.int64) if (rows >= 0).all() else None


def _outline(feature: Mapping[str, Any], name: str) -> BaseGeometry:
    from shapely import make_valid
    from shapely.geometry import shape

    outline = shape(feature["geometry"])
    if outline.geom_type not in AREAS:
        raise ConcertError(f"{name} holds a {outline.geom_type}, which encloses nothing. Export polygons.")
    return make_valid(outline)  # a hand-drawn outline may cross itself


def _inside(outline: BaseGeometry, scale: float, section: object, slide: Slide) -> Rows:
    from shapely import covers, points, prepare

    candidates = np.isfinite(slide.coords).all(axis=1)
    if section is not None and slide.columns.section is not None:
        candidates &= slide.labels(slide.columns.section) == str(section)
    rows = np.flatnonzero(candidates).astype(np.int64)
    prepare(outline)
    inside: npt.NDArray[np.bool_] = covers(outline, points(slide.coords[rows, :2] / scale))
    return rows[inside]
