"""From the truth to what a file holds: counts that bleed, mix and scatter, and labels that are wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from napari_concert.simulate.layout import TUMOUR, Layout
from napari_concert.simulate.recipe import CONTROL, Observation, Recipe
from napari_concert.simulate.spots import PITCH_UM, neighbours

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]

NEIGHBOURS_UM = 1.5 * PITCH_UM


def counts(
    expected: Floats, dispersion: Floats, layout: Layout, wanted: Observation, streams: tuple[np.random.Generator, ...]
) -> sparse.csr_matrix:
    """Draw negative-binomial counts with library sizes that vary from spot to spot.

    Parameters
    ----------
    expected, dispersion
        (n_spots, n_genes) at size factor 1, and (n_genes,).
    streams
        What draws library sizes and counts, and what draws mixing and bleeding.
    """
    rng, more = streams
    if wanted.mixed:
        expected = mixing(layout, wanted.mixed, more) @ expected
    expected = expected * rng.lognormal(0.0, 0.3, (len(expected), 1))
    if wanted.bleed[1]:
        expected = bleeding(layout.coords, wanted.bleed, more) @ expected
    return drawn(expected, dispersion, rng)


def drawn(expected: Floats, dispersion: Floats, rng: np.random.Generator) -> sparse.csr_matrix:
    """Draw negative-binomial counts of given expectations (n_spots, n_genes)."""
    found = rng.negative_binomial(dispersion, dispersion / (dispersion + expected))
    return sparse.csr_matrix(found.astype(np.float32))


def bleeding(coords: Floats, share: tuple[float, float], rng: np.random.Generator) -> sparse.csr_matrix:
    """Return where counts go, (n_spots, n_spots): each spot (column) gives a share to its neighbours in equal parts."""
    near = cKDTree(coords).sparse_distance_matrix(cKDTree(coords), NEIGHBOURS_UM, output_type="coo_matrix")
    links = sparse.coo_matrix((np.ones(near.nnz), (near.row, near.col)), near.shape).tocsr()
    links.setdiag(0)
    links.eliminate_zeros()
    takers = np.asarray(links.sum(axis=0)).ravel()
    lost = np.where(takers > 0, rng.uniform(*share, len(coords)), 0.0)
    given = links @ sparse.diags(lost / np.maximum(takers, 1)) + sparse.diags(1 - lost)
    return sparse.csr_matrix(given)


def mixing(layout: Layout, largest: float, rng: np.random.Generator) -> sparse.csr_matrix:
    """Return what spots are made of, (n_spots, n_spots): one beside another state (row) is partly that neighbour."""
    made = sparse.identity(len(layout.coords), format="lil")
    for i, near in enumerate(neighbours(layout.coords, NEIGHBOURS_UM)):
        others = [j for j in near if layout.perturbation[j] != layout.perturbation[i]]
        if others:
            share = rng.uniform(largest / 2, largest)
            made[i, i], made[i, rng.choice(others)] = 1 - share, share
    return made.tocsr()


def mislabelled(layout: Layout, recipe: Recipe, rng: np.random.Generator) -> Labels:
    """Return the labels (n_spots,) that the file shows, some of them wrong."""
    shown = layout.perturbation.copy()
    in_nodule = (layout.tissue == TUMOUR) | (shown != CONTROL) | (recipe.layout.states == "regions")
    eligible = np.setdiff1d(np.flatnonzero(in_nodule), layout.patch)
    for row in rng.choice(eligible, round(recipe.observation.mislabelled * len(eligible)), replace=False):
        shown[row] = rng.choice([state for state in recipe.states if state != shown[row]])
    return shown
