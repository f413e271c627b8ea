"""Parts of a slide's planes, as holes to be filled: from outlines in a file, or from the spots that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io.atomic import read_text
from napari_concert.io.geojson import Ground, features_of, listed_rows, patches_of, simple_parts
from napari_concert.io.patches import GEOJSON, read_spots
from napari_concert.slide import Slide
from napari_concert.slide.filling import Area, area_of_outline, areas_of_spots


def read_areas(spec: str | Path, slide: Slide) -> list[Area]:
    """Return the areas that a specification names: outlines where it has them, else what lies around its spots.

    Parameters
    ----------
    spec
        As for :func:`read_spots`. Only outlines in a GeoJSON may hold no spot.

    Raises
    ------
    ConcertError
        As :func:`read_spots`, or if an outline does not say in which of several sections it lies.
    """
    path = Path(str(spec))
    if not str(spec).startswith("obs:") and path.suffix.lower() in GEOJSON:
        return areas_of(read_text(path), path.name, slide)
    return areas_of_spots(slide, read_spots(spec, slide))


def areas_of(text: str, name: str, slide: Slide) -> list[Area]:
    """Return the areas that a GeoJSON text outlines, whether they hold spots or not; see :func:`patches_of`.

    A feature that lists spots of this slide is the area around them.

    Raises
    ------
    ConcertError
        If it is not GeoJSON of polygons, or does not say in which of several sections one lies.
    """
    patches = patches_of(text, name, slide)  # says what is wrong with the file
    document = json.loads(text)
    found: list[Area] = []
    for i, (feature, patch) in enumerate(zip(features_of(document, name), patches, strict=True), 1):
        said = feature.get("properties") or {}
        if listed_rows(said, slide) is None:
            where, ground = f"{name}, feature {i}", Ground(document, name, slide)
            found += _outlined(feature["geometry"], said.get("section"), where, ground)
        else:
            found += areas_of_spots(slide, patch.spots)
    return found


def _outlined(geometry: Any, section: object, where: str, ground: Ground) -> Iterator[Area]:
    from shapely.geometry import shape
    from shapely.ops import unary_union

    polygons = [part for part in simple_parts(shape(geometry)) if part.geom_type == "Polygon" and not part.is_empty]
    if not polygons:
        raise ConcertError(f"{where} outlines no area. Export polygons.")
    plane = _plane(section, where, ground.slide)
    yield area_of_outline(ground.slide, plane, unary_union([ground.placed(part, plane) for part in polygons]))


def _plane(section: object, where: str, slide: Slide) -> int:
    """Return the plane of a section."""
    planes, column = np.unique(slide.planes[slide.usable]), slide.columns.section
    if section is not None and column is not None:
        rows = np.flatnonzero(slide.labels(column) == str(section))
        if not len(rows):
            raise UnknownName(f"section ({where})", str(section), slide.sections)
        return int(slide.planes[rows[0]])
    if len(planes) > 1:
        names = ", ".join(slide.sections)
        raise ConcertError(
            f'{where} does not say in which section it lies ({names}): add the property "section" to the feature.'
        )
    return int(planes[0])
