"""Painted spots in and out: CONCERT's .txt, GeoJSON, and obs columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.errors import ConcertError
from napari_concert.io.atomic import atomic_path
from napari_concert.patches import Patch
from napari_concert.slide import Slide

Rows = npt.NDArray[np.int64]
CELL_MARGIN = 1.02  # spots' discs of a little over half a pitch overlap, so that a patch is one outline


def read_spots(spec: str | Path, slide: Slide) -> Rows:
    """Return the rows (0-based, sorted) that a specification names.

    Parameters
    ----------
    spec
        Path of a CONCERT .txt (1-based rows of the file), of a GeoJSON (.geojson, .json), or ``obs:COLUMN``.

    Raises
    ------
    ConcertError
        If it can't be read, or names no spot of the slide.
    """
    text = str(spec)
    if text.startswith("obs:"):
        rows = _from_column(text.removeprefix("obs:"), slide)
    elif Path(text).suffix in (".geojson", ".json"):
        rows = _from_geojson(Path(text), slide)
    else:
        rows = _from_txt(Path(text))
    if not len(rows):
        raise ConcertError(f"{text} names no spot of {slide.name}; paint or list at least one.")
    if rows[-1] >= slide.n_spots or rows[0] < 0:
        worst = rows[-1] + 1 if rows[-1] >= slide.n_spots else rows[0] + 1
        raise ConcertError(
            f"{text} names spot {worst}, but {slide.name} has spots 1 to {slide.n_spots} (1-based rows of the file). "
            "Is it a patch of another slide?"
        )
    return rows


def _read_text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError as error:
        raise ConcertError(f"There is no file {path}. Give a .txt, a .geojson or obs:COLUMN.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConcertError(f"{path} can't be read ({error}). Give a .txt, a .geojson or obs:COLUMN.") from error


def _from_txt(path: Path) -> Rows:
    words = _read_text(path).replace(",", " ").split()
    try:
        return np.unique(
            np.array([int(float(word)) if float(word).is_integer() else int(word) for word in words], dtype=np.int64)
            - 1
        )
    except ValueError as error:
        raise ConcertError(
            f"{path} is not a list of row numbers ({error}). It needs 1-based rows, one a line."
        ) from error


def _from_column(column: str, slide: Slide) -> Rows:
    labels = slide.labels(column)
    values = slide.adata.obs[column]
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return np.flatnonzero(values.fillna(0).to_numpy(dtype=float) != 0).astype(np.int64)
    distinct = {str(label).lower() for label in labels if label is not None}
    if not distinct <= {"true", "false", "yes", "no", "0", "1"}:
        raise ConcertError(
            f"Column {column!r} is not yes or no (it has {', '.join(sorted(distinct)[:4])} …). Give a boolean column."
        )
    return np.flatnonzero([str(label).lower() in ("true", "yes", "1") for label in labels]).astype(np.int64)


def _from_geojson(path: Path, slide: Slide) -> Rows:
    try:
        document = json.loads(_read_text(path))
        features = document["features"] if document.get("type") == "FeatureCollection" else [document]
        rows = [_feature_rows(feature, slide) for feature in features]
    except ConcertError:
        raise
    except Exception as error:  # malformed in any way
        raise ConcertError(
            f"{path} is not a GeoJSON of polygons ({type(error).__name__}: {error}). Export it again."
        ) from error
    return np.unique(np.concatenate(rows)) if rows else np.zeros(0, dtype=np.int64)


def _feature_rows(feature: dict[str, Any], slide: Slide) -> Rows:
    """Return the spots a feature lists, where this app wrote it; else those inside its polygon."""
    from shapely import covers, points
    from shapely.geometry import shape

    properties = feature.get("properties") or {}
    names = properties.get("spot_names")
    if names is not None:
        found = slide.spot_names.get_indexer(names)
        if (found >= 0).all():
            return np.unique(found.astype(np.int64))
    outline = shape(feature.get("geometry", feature))
    inside = covers(outline, points(np.nan_to_num(slide.coords[:, :2], nan=np.inf)))
    return np.flatnonzero(inside).astype(np.int64)


def write_patch_txt(path: str | Path, rows: npt.ArrayLike) -> None:
    """Write spots as CONCERT's .txt: 1-based rows of the file, one a line.

    Raises
    ------
    ConcertError
        If it can't be written.
    """
    with atomic_path(path) as scratch:
        scratch.write_text("".join(f"{row + 1}\n" for row in np.asarray(rows, dtype=np.int64)))


def write_patch_geojson(path: str | Path, slide: Slide, patches: Sequence[Patch]) -> None:
    """Write patches as a GeoJSON FeatureCollection in the slide's coordinate units.

    Each feature is the union of its spots' cells, with ``name``, ``target``, ``spots`` (1-based rows) and ``spot_names``,
    by which it is read back exactly.

    Raises
    ------
    ConcertError
        If it can't be written.
    """
    features = [_feature(slide, patch) for patch in patches]
    document = {"type": "FeatureCollection", "coordinate_unit": slide.units.name, "features": features}
    with atomic_path(path) as scratch:
        scratch.write_text(json.dumps(document, indent=1))


def _feature(slide: Slide, patch: Patch) -> dict[str, Any]:
    from shapely import union_all
    from shapely.geometry import Point, mapping

    radius = CELL_MARGIN * slide.pitch / 2
    discs = [Point(x, y).buffer(radius) for x, y in slide.coords[patch.spots, :2] if np.isfinite(x)]
    properties = {
        "name": patch.name,
        "target": dict(patch.target),
        "spots": (patch.spots + 1).tolist(),
        "spot_names": [str(slide.spot_names[row]) for row in patch.spots],
    }
    return {"type": "Feature", "geometry": mapping(union_all(discs)), "properties": properties}
