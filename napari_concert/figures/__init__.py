"""Figures for papers, from slides and predictions: matplotlib ``Figure`` objects, without pyplot and without napari."""

from napari_concert.figures.charts import change_by_distance, gene_bars
from napari_concert.figures.layout import FlatLayout, lay_out
from napari_concert.figures.limits import change_limits, level_limits, sd_limits
from napari_concert.figures.maps import scale_bar, spot_map
from napari_concert.figures.quality import coverage_curve, quality_figure
from napari_concert.figures.saving import FORMATS, save
from napari_concert.figures.whatif import whatif_figure

__all__ = [
    "FORMATS",
    "FlatLayout",
    "change_by_distance",
    "change_limits",
    "coverage_curve",
    "gene_bars",
    "lay_out",
    "level_limits",
    "quality_figure",
    "save",
    "scale_bar",
    "sd_limits",
    "spot_map",
    "whatif_figure",
]
