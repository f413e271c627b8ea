"""The sum that makes a simulated slide's log mean: for each term, what spots have and what it does to genes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_concert.simulate.field import Codes, Field, Places
from napari_concert.slide.obs import as_labels

if TYPE_CHECKING:
    from anndata import AnnData

Floats = npt.NDArray[np.float64]
KEY = "napari_concert_truth"


class Term(NamedTuple):
    """Features (n_spots, k) and effects (n_genes, k): the term is ``features @ effects.T``."""

    features: Floats
    effects: Floats


def terms(adata: AnnData, state: Codes, tissue: Codes) -> dict[str, Term]:
    """Return all terms of a slide for given states and tissues (n_spots,), by name.

    Features are NaN where a spot without coordinates would need some.
    """
    effects = {name: np.asarray(adata.varm[name], dtype=np.float64) for name in adata.varm}
    states, tissues = (
        _one_hot(codes, len(adata.uns[KEY][key])) for key, codes in (("states", state), ("tissues", tissue))
    )
    level = adata.var["log_mean"].to_numpy(dtype=np.float64)[:, None]
    found = {
        "factors": Term(_latent(adata, "factors"), effects["factor_weights"]),
        "level": Term(np.ones((adata.n_obs, 1)), level),
        "tissue": Term(tissues, effects["tissue_effect"]),
        "own": Term(states, effects["own_effect"]),
    }
    section = _section(adata)
    if "batch_effect" in effects:
        found["section"] = Term(_one_hot(section, effects["batch_effect"].shape[1]), effects["batch_effect"])
    coords = np.asarray(adata.obsm["spatial"], dtype=np.float64)
    place = section if coords.shape[1] == 2 else np.zeros_like(section)  # with z all sections are in one space
    places = Places(coords, tissue, place)
    found |= _spill_over(Field.stored(adata.uns[KEY]), state, tissues, places, effects)
    return found | (_of_cells(found, _latent(adata, "cell_state"), effects) if "cell_state" in adata.obsm else {})


def _spill_over(
    field: Field, state: Codes, tissues: Floats, places: Places, effects: dict[str, Floats]
) -> dict[str, Term]:
    found = {}
    for p in np.flatnonzero(field.range_um).tolist():
        strength = field(p, state, places)[:, None]
        if "spill_by_tissue" in effects:
            found[f"field {p}"] = Term(strength * tissues, effects["spill_by_tissue"][:, p])
        else:
            found[f"field {p}"] = Term(strength, effects["spill_over"][:, [p]])
    return found


def _of_cells(found: dict[str, Term], cells: Floats, effects: dict[str, Floats]) -> dict[str, Term]:
    """Return the terms of a latent cell state (n_spots, 1): its own, and those by which effects depend on it."""
    made = {"cells": Term(cells, effects["cell_weights"])}
    made["own × cells"] = Term(cells * found["own"].features, effects["own_interaction"])
    for name in [name for name in found if name.startswith("field")]:
        strength, p = found[name].features.sum(axis=1, keepdims=True), int(name.split()[1])
        made[f"{name} × cells"] = Term(cells * strength, effects["spill_interaction"][:, [p]])
    return made


def _one_hot(codes: Codes, count: int) -> Floats:
    return np.eye(count)[codes]


def _latent(adata: AnnData, name: str) -> Floats:
    return np.asarray(adata.obsm[name], dtype=np.float64)


def _section(adata: AnnData) -> Codes:
    if "batch_effect" not in adata.varm:
        return np.zeros(adata.n_obs, dtype=np.int64)
    return np.unique(as_labels(adata.obs["section"]).astype(str), return_inverse=True)[1].astype(np.int64)
