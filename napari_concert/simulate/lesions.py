"""Lesions to paint on a simulated stack of brain sections: named places, sizes and forms, repeatable by a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.simulate.brain import SHAM
from napari_concert.simulate.recipe import CONTROL
from napari_concert.slide.obs import as_labels

if TYPE_CHECKING:
    from anndata import AnnData

Rows: TypeAlias = npt.NDArray[np.int64]
Form: TypeAlias = Literal["compact", "random"]

FORMS: tuple[Form, ...] = get_args(Form)
SIZES = (10, 20, 40, 80, 100, 200)


def lesion(
    slide: AnnData, region: str, spots: int, form: Form = "compact", section: str | None = None, seed: int = 0
) -> Rows:
    """Return the spots of a lesion in one region of one section, control spots only.

    Parameters
    ----------
    slide
        As :func:`.stroke` makes it.
    region
        Such as "cortex" or "striatum".
    spots
        How many it takes.
    form
        "compact": those nearest to a middle, which for seed 0 is the region's innermost spot and else one of the inner
        half; or "random": anywhere in the region.
    section
        By its name; the middle one of the sham brain by default.

    Raises
    ------
    ConcertError
        If the region has fewer control spots there.
    UnknownName
        If there is no such region, section or form.
    """
    labels = {name: as_labels(slide.obs[name]).astype(str) for name in ("region", "section", "perturbation")}
    section = _middle_section(slide) if section is None else section
    for kind, value, known in (
        ("region", region, set(labels["region"])),
        ("section", section, set(labels["section"])),
        ("form", form, set(FORMS)),
    ):
        if value not in known:
            raise UnknownName(kind, value, sorted(known))
    here = np.flatnonzero(labels["section"] == section)
    free = here[(labels["region"][here] == region) & (labels["perturbation"][here] == CONTROL)]
    if not 1 <= spots <= len(free):
        raise ConcertError(f"{region} of section {section!r} has {len(free)} control spots, not {spots}.")
    rng = np.random.default_rng(seed)
    if form == "random":
        return np.sort(rng.choice(free, spots, replace=False))
    flat = np.asarray(slide.obsm["spatial"], dtype=np.float64)[:, :2]
    middle = _middle(flat[free], flat[np.setdiff1d(here, free)], rng if seed else None)
    order = np.argsort(np.linalg.norm(flat[free] - flat[free[middle]], axis=1), kind="stable")
    return np.sort(free[order[:spots]])


def _middle_section(slide: AnnData) -> str:
    """Return the middle section of the sham brain, by its height."""
    of_brain = (slide.obs["brain"] == SHAM).to_numpy()
    height = np.asarray(slide.obsm["spatial"])[of_brain, 2]
    names = as_labels(slide.obs["section"])[of_brain][np.argsort(height, kind="stable")]
    return str(names[len(names) // 2])


def _middle(inside: npt.NDArray[np.float64], outside: npt.NDArray[np.float64], rng: np.random.Generator | None) -> int:
    """Return the innermost of some points (n, 2), or any of the inner half."""
    depth = cKDTree(outside).query(inside)[0] if len(outside) else np.zeros(len(inside))
    if rng is None:
        return int(np.argmax(depth))
    return int(rng.choice(np.flatnonzero(depth >= np.median(depth))))
