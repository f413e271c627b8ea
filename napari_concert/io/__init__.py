"""Slides and gene sets in, patches in and out, results out."""

from napari_concert.io.areas import read_areas
from napari_concert.io.atomic import atomic_path, write_json
from napari_concert.io.columns import as_column
from napari_concert.io.counts import find_counts
from napari_concert.io.gmt import read_gmt
from napari_concert.io.patches import (
    read_patches,
    read_spots,
    write_patch_geojson,
    write_patch_txt,
    write_patches,
)
from napari_concert.io.positions import read_positions
from napari_concert.io.results import write_imputation, write_prediction
from napari_concert.io.shapes import (
    Shape,
    outlines_of,
    patches_of_shapes,
    shapes_of_patches,
    target_as_text,
    target_of_text,
)
from napari_concert.io.slides import SUFFIXES, from_anndata, read
from napari_concert.io.stacks import join_slides, read_stack, write_registered
from napari_concert.io.tables import write_table

__all__ = [
    "SUFFIXES",
    "Shape",
    "as_column",
    "atomic_path",
    "find_counts",
    "from_anndata",
    "join_slides",
    "outlines_of",
    "patches_of_shapes",
    "read",
    "read_areas",
    "read_gmt",
    "read_patches",
    "read_positions",
    "read_spots",
    "read_stack",
    "shapes_of_patches",
    "target_as_text",
    "target_of_text",
    "write_imputation",
    "write_json",
    "write_patch_geojson",
    "write_patch_txt",
    "write_patches",
    "write_prediction",
    "write_registered",
    "write_table",
]
