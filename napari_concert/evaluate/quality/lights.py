"""Which genes, spots and regions to trust: a traffic light whose rule is written beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

GREEN, AMBER, RED, GREY = "green", "amber", "red", "grey"
LIGHTS = (GREEN, AMBER, RED, GREY)

CLOSE = 0.02  # of the variance: less is no difference
WIDE, TOO_WIDE = 1.25, 1.5  # sd of z: 1 where the model's spread is right
TIGHT = 0.5  # below, intervals are so wide that they say little
STRUCTURE, BY_CHANCE = 0.1, 0.01  # Moran's I that matters, and its p-value
FEWEST_COUNTS = 20  # of a gene in all hidden spots together

GENE_RULE = (
    f"Green: explains as much of the hidden counts as the slide's mean and the 6 nearest spots do (to {CLOSE:.0%}), "
    f"the spread of z is {TIGHT:g} to {WIDE:g}, and no structure is left (Moran's I of z under {STRUCTURE:g}, or p "
    f"over {BY_CHANCE:g}). Red: explains less than the slide's mean, or the spread of z is over {TOO_WIDE:g}. Amber: "
    f"anything else. Grey: under {FEWEST_COUNTS} counts in all hidden spots together, too few to tell."
)
SPOT_RULE = f"By the spread of z over genes: green {TIGHT:g} to {WIDE:g}, red over {TOO_WIDE:g}, else amber."


def gene_lights(table: pd.DataFrame) -> pd.Series:
    """Return the light of each gene, from what :mod:`.comparing` says of it."""
    fails = (table["explained"] < -CLOSE) | (table["z_sd"] > TOO_WIDE)
    simple = np.maximum(table["explained_nearest"], 0)
    structure = (table["moran"] >= STRUCTURE) & (table["moran_p"] <= BY_CHANCE)
    good = (table["explained"] >= simple - CLOSE) & table["z_sd"].between(TIGHT, WIDE) & ~structure
    light = np.select([table["counts"] < FEWEST_COUNTS, fails, good], [GREY, RED, GREEN], AMBER)
    return pd.Series(pd.Categorical(light, LIGHTS), index=table.index)


def spread_lights(z_sd: pd.Series) -> pd.Series:
    """Return the light of spots or regions by the spread of z."""
    light = np.select([z_sd.isna(), z_sd > TOO_WIDE, z_sd.between(TIGHT, WIDE)], [GREY, RED, GREEN], AMBER)
    return pd.Series(pd.Categorical(light, LIGHTS), index=z_sd.index)
