"""Quality control by hiding: how well measured spots are predicted where they are hidden."""

from napari_concert.evaluate.quality.checks import MEANING, Quality, checks
from napari_concert.evaluate.quality.hiding import SCHEMES, Hiding
from napari_concert.evaluate.quality.lights import GENE_RULE, LIGHTS, SPOT_RULE

__all__ = ["GENE_RULE", "LIGHTS", "MEANING", "SCHEMES", "SPOT_RULE", "Hiding", "Quality", "checks"]
