"""A Perturb-map-like tumour slide with known truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_concert.errors import ConcertError
from napari_concert.patches import WhatIf
from napari_concert.simulate.genes import MARKERS, RESPONSES, gene_names, positions
from napari_concert.simulate.layout import CONTROL, NORMAL, PERIPHERY, PITCH_UM, TARGETS, TUMOUR, Layout, tumour_layout
from napari_concert.simulate.truth import KEY, truth

if TYPE_CHECKING:
    from anndata import AnnData

Floats = npt.NDArray[np.float64]
STATES = (CONTROL, *TARGETS)
TISSUES = (NORMAL, PERIPHERY, TUMOUR)
EXAMPLE_TARGET = "Jak2"


@dataclass(frozen=True)
class Recipe:
    """Parameters of the generator.

    Attributes
    ----------
    depth
        Median total count of a spot.
    affected, spilled
        Share of genes with an own effect, and with a spill-over, of each state.
    own_sd, spill_sd
        Standard deviations of those effects (natural log).
    range_pitches
        Length-scale ℓ of each state's exponential spill-over.
    factors, factor_pitches
        Smooth spatial factors and their length-scale.
    """

    depth: float = 4900.0
    affected: float = 0.15
    spilled: float = 0.12
    own_sd: float = 0.8
    spill_sd: float = 0.6
    range_pitches: tuple[float, float, float] = (2.0, 2.5, 3.0)
    factors: int = 6
    factor_pitches: float = 6.0


def tumour(n_spots: int = 1903, n_genes: int = 2000, seed: int = 0, recipe: Recipe | None = None) -> AnnData:
    """Simulate a tumour slide: nodules of three perturbations and of control in lung tissue, on a Visium grid in µm.

    Every perturbed nodule changes its own spots, and its neighbours with a spill-over that decays over two to three
    pitches. ``obs['what_if']`` marks an example patch in a control nodule; :func:`truth` answers any other.

    Raises
    ------
    ConcertError
        If fewer than 200 spots or 20 genes are asked for.
    """
    if n_spots < 200 or n_genes < 20:
        raise ConcertError(f"A tumour slide needs at least 200 spots and 20 genes; got {n_spots} and {n_genes}.")
    recipe, rng = recipe or Recipe(), np.random.default_rng(seed)
    layout = tumour_layout(n_spots, rng)
    slide = _parameters(layout, gene_names(n_genes), recipe, rng)
    slide.uns[KEY] |= {"seed": seed, "recipe": {k: np.asarray(v) for k, v in asdict(recipe).items()}}
    slide.X = _counts(slide, rng)
    return slide


def _parameters(layout: Layout, names: list[str], recipe: Recipe, rng: np.random.Generator) -> AnnData:
    """Return the slide with all parameters of its truth, and no counts yet."""
    import pandas as pd
    from anndata import AnnData

    n_genes = len(names)
    log_mean = rng.normal(0.0, 1.1, n_genes)
    log_mean += np.log(recipe.depth) - np.log(np.exp(log_mean).sum())
    obs = pd.DataFrame(
        {
            "perturbation": pd.Categorical(layout.perturbation, categories=list(STATES)),
            "tissue": pd.Categorical(layout.tissue, categories=list(TISSUES)),
            "what_if": np.isin(np.arange(len(layout.coords)), layout.patch),
        },
        index=[f"spot_{i + 1:04d}" for i in range(len(layout.coords))],
    )
    own = _effects(n_genes, recipe.affected, recipe.own_sd, names, rng)
    varm = {
        "factor_weights": rng.normal(0.0, 0.14, (n_genes, recipe.factors)),
        "tissue_effect": _tissue_effects(names, rng),
        "own_effect": own,
        "spill_over": _spill_over(own, recipe, rng),
    }
    ranges = np.array([0.0, *recipe.range_pitches]) * PITCH_UM
    var = pd.DataFrame({"log_mean": log_mean, "dispersion": np.exp(rng.normal(2.2, 0.4, n_genes))}, index=names)
    return AnnData(
        obs=obs,
        var=var.astype(np.float32),  # single precision, so that the same seed gives the same file on any machine
        obsm={"spatial": layout.coords, "factors": _smooth(layout.coords / PITCH_UM, recipe, rng).astype(np.float32)},
        varm={key: value.astype(np.float32) for key, value in varm.items()},
        uns={
            "spatial_units": "um",
            "simulated": "by napari_concert.simulate.tumour; not measured",
            KEY: {
                "states": np.array(STATES),
                "tissues": np.array(TISSUES),
                "range_um": ranges,
                "target": EXAMPLE_TARGET,
            },
        },
    )


def _effects(n_genes: int, share: float, sd: float, names: list[str], rng: np.random.Generator) -> Floats:
    """Return own effects (n_genes, states); a state's known response genes lose expression when it is knocked out."""
    effects = np.zeros((n_genes, len(STATES)))
    for p, state in enumerate(STATES[1:], start=1):
        effects[:, p] = rng.normal(0, sd, n_genes) * (rng.uniform(size=n_genes) < share)
        known = positions(names, RESPONSES[state])
        effects[known, p] = -np.abs(rng.normal(0.9, 0.25, len(known)))
    return effects


def _spill_over(own: Floats, recipe: Recipe, rng: np.random.Generator) -> Floats:
    """Return spill-over effects (n_genes, states): half of them on genes with an own effect, with its sign."""
    spill = np.zeros_like(own)
    for p in range(1, own.shape[1]):
        fresh = rng.normal(0, recipe.spill_sd, len(own)) * (rng.uniform(size=len(own)) < recipe.spilled / 2)
        shared = (own[:, p] != 0) & (rng.uniform(size=len(own)) < 0.5 * recipe.spilled / recipe.affected)
        spill[:, p] = np.where(shared, 0.7 * own[:, p], fresh)
    return spill


def _tissue_effects(names: list[str], rng: np.random.Generator) -> Floats:
    effects = rng.normal(0, 0.3, (len(names), len(TISSUES))) * (rng.uniform(size=(len(names), len(TISSUES))) < 0.3)
    for t, tissue in enumerate(TISSUES):
        known = positions(names, MARKERS[tissue])
        effects[known, t] = np.abs(rng.normal(1.2, 0.3, len(known)))
    return effects


def _smooth(points: Floats, recipe: Recipe, rng: np.random.Generator) -> Floats:
    """Return smooth factors (n_spots, factors) of unit variance: random Fourier features of a Gaussian kernel."""
    n_waves = 300
    factors = np.zeros((len(points), recipe.factors))
    for k in range(recipe.factors):
        waves = rng.normal(0, 1 / recipe.factor_pitches, (2, n_waves))
        factors[:, k] = np.cos(points @ waves + rng.uniform(0, 2 * np.pi, n_waves)).sum(axis=1) * np.sqrt(2 / n_waves)
    scaled: Floats = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    return scaled


def _counts(slide: AnnData, rng: np.random.Generator) -> sparse.csr_matrix:
    """Draw negative-binomial counts with library sizes that vary from spot to spot."""
    expected = truth(slide, WhatIf()).baseline * rng.lognormal(0.0, 0.3, (slide.n_obs, 1))
    dispersion = slide.var["dispersion"].to_numpy(dtype=np.float64)
    drawn = rng.negative_binomial(dispersion, dispersion / (dispersion + expected))
    return sparse.csr_matrix(drawn.astype(np.float32))
