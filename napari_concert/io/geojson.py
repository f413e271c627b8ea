"""Patches as GeoJSON, which QuPath and geopandas read, and other tools' GeoJSON as patches.

Coordinates are in the unit of the slide's file, that is in image pixels for Space Ranger's slides. A file may say
``"coordinate_unit": "µm"`` instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.errors import ConcertError
from napari_concert.io.colours import as_hex, as_rgb
from napari_concert.io.outlines import outlines_by_plane
from napari_concert.patches import DEFAULT_COLOR, Patch
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from shapely import Point, Polygon
    from shapely.geometry.base import BaseGeometry

Rows: TypeAlias = npt.NDArray[np.int64]

SLACK = 1e-9  # relative: a spot on an edge counts, whatever the rounding


# -- out --------------------------------------------------------------------------------------------------------------


def as_document(slide: Slide, patches: Sequence[Patch]) -> dict[str, Any]:
    """Return patches as a FeatureCollection, in the unit of the slide's file."""
    unit = {"coordinate_unit": "slide file", "um_per_unit": slide.units.um_per_unit}
    return {"type": "FeatureCollection", **unit, "features": [_feature(slide, patch) for patch in patches]}


def _feature(slide: Slide, patch: Patch) -> dict[str, Any]:
    colour = as_rgb(patch.color) or as_rgb(DEFAULT_COLOR)
    properties = {
        "objectType": "annotation",
        "name": patch.name,
        "color": colour,
        "classification": {"name": patch.name, "color": colour},
        "isLocked": patch.locked,
        "hidden": patch.hidden,
        **_section(slide, patch.spots),
        "target": dict(patch.target),
        "spots": (patch.spots + 1).tolist(),
        "spot_names": [str(name) for name in slide.spot_names[patch.spots]],
    }
    return {"type": "Feature", "geometry": _geometry(slide, patch.spots), "properties": properties}


def _section(slide: Slide, rows: Rows) -> dict[str, str]:
    """Return in which section the spots lie, if in one, for readers that do not know the spots."""
    if slide.columns.section is None:
        return {}
    found = set(slide.labels(slide.columns.section)[rows])
    label = found.pop() if len(found) == 1 else None
    return {} if label is None else {"section": label}


def _geometry(slide: Slide, rows: Rows) -> dict[str, Any] | None:
    """Return the outline of spots; sections may lie on top of each other. None if no spot has coordinates."""
    from shapely import union_all
    from shapely.geometry import mapping

    polygons = [polygon for _, parts in outlines_by_plane(slide, rows) for polygon in parts]
    return dict(mapping(union_all(polygons))) if polygons else None


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
        inside its polygons (holes left out, edges included) and the spots nearest to its points, no more than a pitch
        away; in one section only where its properties say ``section``. Name, colour and lock of a QuPath annotation
        are the patch's; without a name it has that of its class.

    Returns
    -------
    list of Patch
        One a feature, also where it has no spot.

    Raises
    ------
    ConcertError
        If it is not GeoJSON of polygons and points, or its unit is not the slide's.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConcertError(
            f"{name} is not a GeoJSON (line {error.lineno}, character {error.colno}: {error.msg}). Export it again."
        ) from error
    ground = Ground(document, name, slide)
    return [_patch(feature, f"{name}, feature {i}", ground) for i, feature in enumerate(features_of(document, name), 1)]


def features_of(document: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield features; a bare geometry becomes one."""
    if isinstance(document, list):  # as QuPath writes them
        for item in document:
            yield from features_of(item, name)
    elif not isinstance(document, Mapping) or not isinstance(document.get("type"), str):
        raise ConcertError(f"{name} is not a GeoJSON: {json.dumps(document)[:40]} has no type. Export it again.")
    elif document["type"] == "FeatureCollection":
        yield from features_of(document.get("features"), name)
    else:
        yield document if document["type"] == "Feature" else {"geometry": document}


class Ground:
    """A slide's spots in the unit of a document."""

    def __init__(self, document: Any, name: str, slide: Slide) -> None:
        self.slide, self._name = slide, name
        self._in_um = isinstance(document, Mapping) and document.get("coordinate_unit") == "µm"

    @cached_property
    def _located(self) -> Rows:
        return np.flatnonzero(np.isfinite(self.slide.raw_coords).all(axis=1)).astype(np.int64)

    @cached_property
    def _tree(self) -> Any:
        from shapely import STRtree, points

        if self._in_um and self.slide.units.um_per_unit is None:
            raise ConcertError(
                f"{self._name} is in µm, but the µm per unit of {self.slide.name} is not known; set it first."
            )
        coords = self.slide.coords if self._in_um else self.slide.raw_coords
        return STRtree(points(coords[self._located, :2]))

    def inside(self, polygons: Sequence[Polygon]) -> Rows:
        """Return the spots inside polygons, or on their edges."""
        from shapely import make_valid

        valid = np.array(
            [make_valid(polygon) for polygon in polygons], dtype=object
        )  # hand-drawn ones cross themselves
        slack = [SLACK * (1 + max(map(abs, polygon.bounds), default=0)) for polygon in valid]
        found: Rows = self._tree.query(valid, predicate="dwithin", distance=slack)[1]
        return self._located[found]

    def placed(self, polygon: Polygon, plane: int) -> BaseGeometry:
        """Return a polygon of the document where it lies on the slide, in the slide's units."""
        from shapely import transform

        slide = self.slide
        if self._in_um:
            return polygon
        if slide.stack is None or slide.columns.section is None:
            return transform(polygon, lambda points: points * slide.units.factor)
        section = slide.labels(slide.columns.section)[np.argmax(slide.planes == plane)]
        move = slide.stack.move_of(str(section))
        return transform(polygon, lambda points: move.apply(points) * slide.units.factor)

    def nearest(self, points: Sequence[Point]) -> Rows:
        """Return the spot nearest to each point, if it is no more than a pitch away."""
        pitch = self.slide.pitch / (1.0 if self._in_um else self.slide.units.factor)
        found: Rows = self._tree.query_nearest(np.array(points, dtype=object), max_distance=pitch, all_matches=False)[1]
        return self._located[found]


def _patch(feature: Mapping[str, Any], where: str, ground: Ground) -> Patch:
    try:
        said = feature.get("properties") or {}
        kind = said.get("classification") or {}
        rows = listed_rows(said, ground.slide)
        if rows is None:
            rows = _in_section(_drawn(feature["geometry"], where, ground), said.get("section"), ground.slide)
        return Patch(
            rows,
            said["target"] if isinstance(said.get("target"), Mapping) else {},
            str(said.get("name") or _class_name(kind) or "patch"),
            _colour(said) or _colour(kind) or DEFAULT_COLOR,
            hidden=said.get("hidden") == 1,
            locked=said.get("isLocked") == 1,  # geopandas writes yes as 1.0 where it is missing elsewhere
        )
    except ConcertError:
        raise
    except Exception as error:  # malformed in any way
        raise ConcertError(
            f"{where} is not a GeoJSON of polygons ({type(error).__name__}: {error}). Export it again."
        ) from error


def _class_name(kind: Any) -> str:
    """Return the name of a QuPath class, which newer files give in its parts."""
    if isinstance(kind, str):
        return kind
    return str(kind.get("name") or ": ".join(map(str, kind.get("names") or ())))


def _colour(said: Any) -> str | None:
    if not isinstance(said, Mapping):
        return None
    return as_hex(said.get("color")) or as_hex(said.get("colorRGB"))


def listed_rows(said: Mapping[str, Any], slide: Slide) -> Rows | None:
    """Return the rows of a feature's list of spot names, None if there is no list or a name is not the slide's."""
    names = said.get("spot_names")
    if not isinstance(names, list):
        return None
    rows = slide.spot_names.get_indexer(pd.Index([str(name) for name in names], dtype=object))
    return rows.astype(np.int64) if (rows >= 0).all() else None


def _drawn(geometry: Any, where: str, ground: Ground) -> Rows:
    """Return the spots that a geometry encloses or points at."""
    from shapely.geometry import shape

    parts = list(simple_parts(shape(geometry)))
    others = [part.geom_type for part in parts if part.geom_type not in ("Polygon", "Point")]
    if others:
        raise ConcertError(f"{where} is a {others[0]}, which encloses nothing. Export polygons or points.")
    polygons = [part for part in parts if part.geom_type == "Polygon"]
    points = [part for part in parts if part.geom_type == "Point"]
    return np.concatenate([ground.inside(polygons), ground.nearest(points)])


def simple_parts(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    """Yield the parts of a collection, at any depth."""
    for part in getattr(geometry, "geoms", [geometry]):
        if hasattr(part, "geoms"):
            yield from simple_parts(part)
        else:
            yield part


def _in_section(rows: Rows, section: object, slide: Slide) -> Rows:
    if section is None or slide.columns.section is None:
        return rows
    there: npt.NDArray[np.bool_] = slide.labels(slide.columns.section)[rows] == str(section)
    return rows[there]
