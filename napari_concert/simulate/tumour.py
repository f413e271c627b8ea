"""A Perturb-map-like tumour slide with known truth."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError
from napari_concert.patches import WhatIf
from napari_concert.simulate.effects import Genes, draw_genes
from napari_concert.simulate.field import Field
from napari_concert.simulate.genes import gene_names
from napari_concert.simulate.layout import TISSUES, Layout, arrange
from napari_concert.simulate.observe import counts, mislabelled
from napari_concert.simulate.recipe import Recipe
from napari_concert.simulate.spots import PITCH_UM, smooth
from napari_concert.simulate.terms import KEY
from napari_concert.simulate.truth import truth

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

Floats = npt.NDArray[np.float64]
Streams = tuple[np.random.Generator, np.random.Generator]


def tumour(n_spots: int = 1903, n_genes: int = 2000, seed: int = 0, recipe: Recipe | None = None) -> AnnData:
    """Simulate a tumour slide: nodules of three perturbations and of control in lung tissue, on a Visium grid in µm.

    Every perturbed nodule changes its own spots, and its neighbours with a spill-over that decays over two to three
    pitches. ``obs['what_if']`` marks an example patch in a control nodule; :func:`truth` answers any other. A recipe
    may change all of this.

    Raises
    ------
    ConcertError
        If fewer than 200 spots or 20 genes are asked for.
    """
    recipe = recipe or Recipe()
    rng, more = _streams(n_spots, n_genes, seed)
    layout = arrange(n_spots, recipe.layout, recipe.example, rng)
    genes = draw_genes(gene_names(n_genes), recipe, rng, more)
    return _slide(layout, genes, recipe, seed, (rng, np.random.default_rng([seed, 2])))


def tumour_pair(
    n_spots: int = 1903, n_genes: int = 2000, seed: int = 0, recipe: Recipe | None = None
) -> tuple[AnnData, AnnData]:
    """Simulate two slides with the same genes and effects, but another layout, other smooth factors and levels.

    The first is the one of :func:`tumour`; the second asks whether what was learned there holds elsewhere.

    Raises
    ------
    ConcertError
        If fewer than 200 spots or 20 genes are asked for.
    """
    recipe = recipe or Recipe()
    first = tumour(n_spots, n_genes, seed, recipe)
    rng, more = (np.random.default_rng([seed, stream]) for stream in (3, 4))
    table = first.var.assign(log_mean=first.var["log_mean"] + more.normal(0, recipe.observation.slide_sd, n_genes))
    genes = Genes(table, {name: np.asarray(first.varm[name]) for name in first.varm})
    layout = arrange(n_spots, recipe.layout, recipe.example, rng)
    return first, _slide(layout, genes, recipe, seed, (rng, more))


def _streams(n_spots: int, n_genes: int, seed: int) -> Streams:
    """Return what draws all that every slide has, and what draws genes that only some recipes have."""
    if n_spots < 200 or n_genes < 20:
        raise ConcertError(f"A tumour slide needs at least 200 spots and 20 genes; got {n_spots} and {n_genes}.")
    return np.random.default_rng(seed), np.random.default_rng([seed, 1])


def _slide(layout: Layout, genes: Genes, recipe: Recipe, seed: int, streams: Streams) -> AnnData:
    slide = _parameters(layout, genes, recipe, streams)
    slide.uns[KEY] |= {"seed": seed, "recipe": json.dumps(asdict(recipe))}
    expected, dispersion = truth(slide, WhatIf()).baseline, slide.var["dispersion"].to_numpy(dtype=np.float64)
    slide.X = counts(expected, dispersion, layout, recipe.observation, streams)
    return slide


def _parameters(layout: Layout, genes: Genes, recipe: Recipe, streams: Streams) -> AnnData:
    """Return the slide with all parameters of its truth, and no counts yet."""
    from anndata import AnnData

    return AnnData(
        obs=_obs(layout, recipe, streams[1]),
        var=genes.table.astype(np.float32),  # single precision, so that the same seed gives the same file anywhere
        obsm={"spatial": layout.coords, **_latents(layout, recipe, streams)},
        varm={key: value.astype(np.float32) for key, value in genes.effects.items()},
        uns={
            "spatial_units": "um",
            "simulated": "by napari_concert.simulate.tumour; not measured",
            KEY: {
                "states": np.array(recipe.states),
                "tissues": np.array(TISSUES),
                "target": recipe.example.target,
                **Field.of(recipe.reach, recipe.ranges).record(),
            },
        },
    )


def _obs(layout: Layout, recipe: Recipe, rng: np.random.Generator) -> pd.DataFrame:
    import pandas as pd

    shown = mislabelled(layout, recipe, rng) if recipe.observation.mislabelled else layout.perturbation
    obs = pd.DataFrame(
        {
            "perturbation": pd.Categorical(shown, categories=list(recipe.states)),
            "tissue": pd.Categorical(layout.tissue, categories=list(TISSUES)),
            "what_if": np.isin(np.arange(len(layout.coords)), layout.patch),
        },
        index=[f"spot_{i + 1:04d}" for i in range(len(layout.coords))],
    )
    if recipe.observation.batch_sd:
        x = layout.coords[:, 0]
        obs["section"] = pd.Categorical(np.where(x < np.median(x), "A", "B"))
    return obs


def _latents(layout: Layout, recipe: Recipe, streams: Streams) -> dict[str, npt.NDArray[Any]]:
    """Return what spots have that no file would show: smooth factors, cell states, true labels."""
    rng, more = streams
    points, pitches = layout.coords / PITCH_UM, recipe.factor_pitches
    found: dict[str, npt.NDArray[Any]] = {"factors": smooth(points, recipe.factors, pitches, rng).astype(np.float32)}
    if recipe.cells.strength:
        even = smooth(points, 1, pitches, more) * np.sqrt(recipe.cells.smooth)
        cells = even + more.normal(0, np.sqrt(1 - recipe.cells.smooth), even.shape)
        found["cell_state"] = ((cells - cells.mean()) / cells.std()).astype(np.float32)
    if recipe.observation.mislabelled:
        found["true_state"] = np.array([[recipe.states.index(name)] for name in layout.perturbation])
    return found
