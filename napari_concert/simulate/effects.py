"""What genes do on a simulated slide: their levels, dispersions, and every effect on them (natural log)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_concert.simulate.genes import MARKERS, RESPONSES, positions
from napari_concert.simulate.layout import TISSUES
from napari_concert.simulate.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

SECTIONS = 2
TYPICAL_FIELD = 0.5  # beside a nodule


@dataclass(frozen=True, eq=False)
class Genes:
    """Levels and dispersions (a row a gene), and effects: arrays whose first axis is the gene."""

    table: pd.DataFrame
    effects: dict[str, Floats]


def draw_genes(names: list[str], recipe: Recipe, rng: np.random.Generator, more: np.random.Generator) -> Genes:
    """Draw all genes.

    Parameters
    ----------
    rng, more
        What every slide has is drawn by the one, what only some recipes have by the other: the same seed gives the
        same genes whatever the recipe adds.
    """
    import pandas as pd

    log_mean = rng.normal(0.0, 1.1, len(names))
    log_mean += np.log(recipe.depth) - np.log(np.exp(log_mean).sum())
    own = _settled(_own_effects(names, recipe, rng), log_mean, 1.0, recipe)
    effects = {
        "factor_weights": rng.normal(0.0, recipe.factor_sd, (len(names), recipe.factors)),
        "tissue_effect": _tissue_effects(names, rng),
        "own_effect": own,
        "spill_over": _settled(_spill_over(own, recipe, rng), log_mean, TYPICAL_FIELD, recipe),
    }
    effects |= _further(effects, recipe, more)
    table = pd.DataFrame({"log_mean": log_mean, "dispersion": np.exp(rng.normal(2.2, 0.4, len(names)))}, index=names)
    return Genes(table, effects)


def _own_effects(names: list[str], recipe: Recipe, rng: np.random.Generator) -> Floats:
    """Return own effects (n_genes, states); a state's known response genes lose expression when it is knocked out."""
    effects = np.zeros((len(names), len(recipe.states)))
    for p, state in enumerate(recipe.states[1:], start=1):
        effects[:, p] = rng.normal(0, recipe.own_sd, len(names))
        if not recipe.dense:
            effects[:, p] *= rng.uniform(size=len(names)) < recipe.affected
            known = positions(names, RESPONSES.get(state, ""))
            effects[known, p] = -np.abs(rng.normal(0.9, 0.25, len(known)))
    return effects


def _spill_over(own: Floats, recipe: Recipe, rng: np.random.Generator) -> Floats:
    """Return spill-over effects (n_genes, states): some of them on genes with an own effect, with its sign."""
    spill = np.zeros_like(own)
    for p in range(1, own.shape[1]):
        fresh = rng.normal(0, recipe.spill_sd, len(own))
        if recipe.dense:
            spill[:, p] = 0.5 * recipe.spill_sd / recipe.own_sd * own[:, p] + np.sqrt(0.75) * fresh
            continue
        fresh *= rng.uniform(size=len(own)) < recipe.spilled * (1 - recipe.shared)
        both = (own[:, p] != 0) & (rng.uniform(size=len(own)) < recipe.shared * recipe.spilled / recipe.affected)
        spill[:, p] = np.where(both, 0.7 * own[:, p], fresh)
    return spill


def _settled(effect: Floats, log_mean: Floats, at: float, recipe: Recipe) -> Floats:
    return balanced(effect, log_mean, at) if recipe.balanced else effect


def balanced(effect: Floats, log_mean: Floats, at: float) -> Floats:
    """Return effects (n_genes, states), moved alike where there are any so that ``at``-fold they keep totals."""
    moved = effect.copy()
    for p in range(1, effect.shape[1]):
        genes = np.flatnonzero(effect[:, p])
        if len(genes) > 1:  # one alone has nothing to balance it
            level = np.exp(log_mean[genes])
            moved[genes, p] -= np.log((level * np.exp(at * effect[genes, p])).sum() / level.sum()) / at
    return moved


def _tissue_effects(names: list[str], rng: np.random.Generator) -> Floats:
    effects = rng.normal(0, 0.3, (len(names), len(TISSUES))) * (rng.uniform(size=(len(names), len(TISSUES))) < 0.3)
    for t, tissue in enumerate(TISSUES):
        known = positions(names, MARKERS[tissue])
        effects[known, t] = np.abs(rng.normal(1.2, 0.3, len(known)))
    return effects


def _further(effects: dict[str, Floats], recipe: Recipe, rng: np.random.Generator) -> dict[str, Floats]:
    """Return effects that only some recipes have."""
    own, spill, found = effects["own_effect"], effects["spill_over"], {}
    if recipe.tissue_share or recipe.tissue_multipliers:
        found["spill_by_tissue"] = _by_tissue(spill, recipe, rng)
    if recipe.cells.strength:
        found["cell_weights"] = rng.normal(0, recipe.cells.programme, (len(own), 1))
        for name, effect in (("own_interaction", own), ("spill_interaction", spill)):
            genes = rng.permutation(len(own)) if recipe.cells.separate else slice(None)
            found[name] = recipe.cells.strength * effect[genes]
    if recipe.observation.batch_sd:
        found["batch_effect"] = np.zeros((len(own), SECTIONS))
        found["batch_effect"][:, 1:] = rng.normal(0, recipe.observation.batch_sd, (len(own), SECTIONS - 1))
    return found


def _by_tissue(spill: Floats, recipe: Recipe, rng: np.random.Generator) -> Floats:
    """Return the spill-over (n_genes, states, tissues) where it differs between tissues: part shared, part not."""
    dealt = np.resize(recipe.tissue_multipliers or (1.0,), len(TISSUES))
    rng.shuffle(dealt)
    by_tissue = np.empty((*spill.shape, len(TISSUES)))
    for t, factor in enumerate(dealt):
        fresh = spill[rng.permutation(len(spill))]
        by_tissue[..., t] = factor * np.sqrt(1 - recipe.tissue_share) * spill + np.sqrt(recipe.tissue_share) * fresh
    return by_tissue
