"""A stack of mouse-brain-like sections with known truth: half from a brain with a stroke, half from a sham brain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError
from napari_concert.patches import WhatIf
from napari_concert.simulate.brain import CORE, CORTEX, REGIONS, STATES, Stack, brains
from napari_concert.simulate.effects import Genes
from napari_concert.simulate.field import Field
from napari_concert.simulate.lesions import lesion
from napari_concert.simulate.observe import drawn
from napari_concert.simulate.spots import PITCH_UM, smooth
from napari_concert.simulate.stroke_genes import draw_genes, gene_list
from napari_concert.simulate.terms import KEY
from napari_concert.simulate.truth import truth

if TYPE_CHECKING:
    from anndata import AnnData

Floats = npt.NDArray[np.float64]

MOST_SECTIONS = 40
EXAMPLE_SPOTS = 40


@dataclass(frozen=True)
class Reaching:
    """How far the core's spill-over reaches, in µm.

    Attributes
    ----------
    in_plane, through
        Length-scales of its exponential decay within a section, and in z.
    cut_offs
        Distance beyond which nothing arrives, by region of the spot that is reached.
    """

    in_plane: float = 250.0
    through: float = 150.0
    cut_offs: tuple[float, ...] = (650.0, 650.0, 350.0, 500.0)  # as REGIONS: little passes far into white matter

    @property
    def field(self) -> Field:
        """The field of the states."""
        squeeze = np.diag([1.0, 1.0, self.in_plane / self.through])
        cut_offs = np.array([[0.0] * len(REGIONS), self.cut_offs])
        return Field(np.array([0.0, self.in_plane]), np.ones(len(STATES)), squeeze, cut_off_um=cut_offs)


@dataclass(frozen=True)
class Tissue:
    """What differs between places and sections but for the stroke: smooth factors, and offsets of sections.

    Attributes
    ----------
    factors, pitches, shared
        Smooth factors, their length-scale, and the share of their variance that is the same place's in both brains.
    depth_sd, spot_sd
        Standard deviations of log library sizes, between sections and between spots.
    """

    factors: int = 6
    pitches: float = 6.0
    shared: float = 0.5
    depth_sd: float = 0.15
    spot_sd: float = 0.3


def stroke(sections: int = 8, spots: int = 2400, genes: int = 2000, seed: int = 0) -> AnnData:
    """Simulate coronal sections of a hemisphere, registered in µm: half from a sham brain, half from one with a stroke.

    The ischaemic core changes its own spots, and what lies around it in the plane and through z, with a spill-over that
    decays with distance and stops at a cut-off. The ring around the core is no label: it is where that spill-over
    arrives. The brains lie 5 mm apart. ``obs['what_if']`` marks an example lesion in the sham brain's cortex;
    :func:`truth` answers any other.

    Parameters
    ----------
    sections
        In all; an even number.
    spots
        Of each section.

    Raises
    ------
    ConcertError
        If the sections are not even in number or more than 40, or fewer than 150 spots or 50 genes are asked for.
    """
    if sections % 2 or not 2 <= sections <= MOST_SECTIONS:
        raise ConcertError(f"A stroke stack has an even number of sections, 2 to {MOST_SECTIONS}; got {sections}.")
    if spots < 150 or genes < 50:
        raise ConcertError(f"A stroke stack needs at least 150 spots a section and 50 genes; got {spots} and {genes}.")
    layout_rng, gene_rng, latent_rng, count_rng = (np.random.default_rng([seed, stream]) for stream in range(10, 14))
    stack = brains(sections, spots, layout_rng)
    drawn_genes = draw_genes(gene_list(genes), Tissue().factors, sections, gene_rng)
    slide = _parameters(stack, drawn_genes, seed, latent_rng)
    slide.X = _counts(slide, count_rng)
    chosen = lesion(slide, CORTEX, EXAMPLE_SPOTS)
    slide.obs["what_if"] = np.isin(np.arange(slide.n_obs), chosen)
    return slide


def _parameters(stack: Stack, genes: Genes, seed: int, rng: np.random.Generator) -> AnnData:
    """Return the stack with all parameters of its truth, and no counts yet."""
    import pandas as pd
    from anndata import AnnData

    labels = {"perturbation": STATES, "region": REGIONS}
    obs = pd.DataFrame({name: pd.Categorical(getattr(stack, name), list(known)) for name, known in labels.items()})
    for name in ("section", "brain"):
        obs[name] = pd.Categorical(getattr(stack, name))
    obs.index = pd.Index([f"spot_{i + 1:05d}" for i in range(len(obs))])
    return AnnData(
        obs=obs,
        var=genes.table.astype(np.float32),  # single precision, so that the same seed gives the same file anywhere
        obsm={"spatial": stack.coords, "factors": _factors(stack, rng)},
        varm={key: value.astype(np.float32) for key, value in genes.effects.items()},
        uns={
            "spatial_units": "um",
            "registered": True,
            "simulated": "by napari_concert.simulate.stroke; not measured",
            KEY: _record(seed),
        },
    )


def _record(seed: int) -> dict[str, Any]:
    return {
        "states": np.array(STATES),
        "tissues": np.array(REGIONS),
        "tissue_column": "region",
        "target": CORE,
        "seed": seed,
        **Reaching().field.record(),
    }


def _factors(stack: Stack, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return smooth factors (N, factors): what both brains have at the same place, and what each has of its own."""
    wanted = Tissue()
    shared, own = (
        smooth(points / PITCH_UM, wanted.factors, wanted.pitches, rng) for points in (stack.anatomy, stack.coords)
    )
    return np.asarray(np.sqrt(wanted.shared) * shared + np.sqrt(1 - wanted.shared) * own, dtype=np.float32)


def _counts(slide: AnnData, rng: np.random.Generator) -> Any:
    """Draw counts, section by section: the whole stack's expectations would be large."""
    from scipy import sparse

    expected, dispersion = truth(slide, WhatIf()).baseline, slide.var["dispersion"].to_numpy(dtype=np.float64)
    parts = []
    for section in slide.obs["section"].cat.categories:
        here = expected[(slide.obs["section"] == section).to_numpy()]
        size = rng.lognormal(0.0, Tissue().depth_sd) * rng.lognormal(0.0, Tissue().spot_sd, (len(here), 1))
        parts.append(drawn(here * size, dispersion, rng))
    return sparse.vstack(parts, format="csr")
