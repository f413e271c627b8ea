"""A slide in words and numbers, for ``info`` and the Slide panel."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari_concert.slide.core import Slide


def describe(slide: Slide) -> dict[str, Any]:
    """Return spots, genes, units, columns and oddities of a slide, as JSON values; lengths in the slide's units."""
    columns = slide.columns
    return {
        "name": slide.name,
        "path": None if slide.path is None else str(slide.path),
        "spots": slide.n_spots,
        "usable_spots": int(slide.usable.sum()),
        "empty_spots": int((slide.totals == 0).sum()),
        "spots_without_coordinates": int((~np.isfinite(slide.raw_coords).all(axis=1)).sum()),
        "genes": slide.n_genes,
        "empty_genes": int((slide.measured.spots_of_gene == 0).sum()),
        "median_counts": slide.median_total,
        "counts_source": slide.counts_source,
        "dimensions": int(slide.coords.shape[1]),
        "units": slide.units.name,
        "um_per_unit": slide.units.um_per_unit,
        "units_source": slide.units.source,
        "lattice": slide.lattice,
        "pitch": round(slide.pitch, 3),
        "spot_diameter": round(slide.spot_diameter, 3),
        "sections": [] if columns.section is None else list(slide.categories(columns.section)),
        "places": len(np.unique(slide.places)),
        "registered": slide.registered,
        "perturbation": _column(slide, columns.perturbation),
        "control": list(columns.control),
        "unknown": list(columns.unknown),
        "tissue": _column(slide, columns.tissue),
        "continuous": list(columns.continuous),
        "categorical_columns": list(slide.categorical_columns),
        "image": None if slide.image is None else slide.image.name,
        "notes": list(slide.notes),
    }


def _column(slide: Slide, name: str | None) -> dict[str, Any] | None:
    if name is None:
        return None
    counts = Counter(label if label is not None else "(missing)" for label in slide.labels(name))
    return {"column": name, "values": dict(sorted(counts.items()))}
