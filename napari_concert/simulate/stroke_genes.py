"""What genes do in a simulated stroke: those of the core, of the ring around it, and those that both lose."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_concert.simulate.brain import CORTEX, HIPPOCAMPUS, REGIONS, STATES, STRIATUM, WHITE_MATTER
from napari_concert.simulate.effects import Genes, balanced
from napari_concert.simulate.genes import gene_names, positions

Floats = npt.NDArray[np.float64]

MARKERS = {
    CORTEX: "Rasgrf2 Rorb Fezf2 Tle4 Cux2 Lamp5 Nrgn Stx1a Mef2c Satb2 Ctgf Cplx3",
    STRIATUM: "Ppp1r1b Adora2a Drd1 Drd2 Penk Tac1 Rgs9 Gpr88 Pde10a Scn4b Foxp1 Rarb",
    WHITE_MATTER: "Mbp Plp1 Mobp Mog Mag Cnp Cldn11 Ermn Opalin Aspa Mal Trf",
    HIPPOCAMPUS: "Prox1 Wfs1 Ociad2 Spink8 Neurod6 Zbtb20 Calb1 Grp Dsp Bok Hpca Cabp7",
}
RESPONSES = {
    "core": "Gm42418 Hmox1 Ccl3 Ccl4 Cd14 Plin2 Hspa1a Atf3 Fosb Lars2 AY036118 Cxcl2 Il1b Msr1 Gpnmb Hba-a1",
    "ring": "Lcn2 Spp1 Gfap Vim Serpina3n Cd44 Timp1 A2m C4b Socs3 Tnc Lgals3 Cd63 Apoe Ch25h Ccl2",
    "lost": "Snap25 Meg3 Syt1 Camk2a Nrn1 Rtn1 Thy1 Gria2 Atp1a3 Stmn2 Olfm1 Pcp4 Map1b Kif5a Nefl Vsnl1",
}
GROUPS = (*RESPONSES.values(), *MARKERS.values())

OWN, SPILL = 1, 1  # column of the core among the states
DEPTH = 4500.0
# mean of the own effect and of the spill-over of the genes one knows, natural log; sd 0.25
KNOWN = {"core": (1.6, 0.25), "ring": (0.4, 1.8), "lost": (-1.2, -0.4)}
KNOWN_SD = 0.25
AFFECTED, OWN_SD = 0.15, 0.8  # share of all other genes with an own effect, and its sd
SPILLED, SPILL_SD = 0.12, 0.6
TYPICAL_FIELD = 0.5
FACTOR_SD, REGION_SD = 0.12, 0.3
SECTION_SD, BRAIN_SD = 0.1, 0.1


def gene_list(count: int) -> list[str]:
    """Return ``count`` distinct gene names: those of stroke and brain first."""
    return gene_names(count, GROUPS)


def draw_genes(names: list[str], factors: int, sections: int, rng: np.random.Generator) -> Genes:
    """Draw levels, dispersions and all effects of the genes of a stack; its brains have half of the sections each."""
    import pandas as pd

    log_mean = _levels(names, rng)
    own, spill = _responses(names, rng)
    effects = {
        "factor_weights": rng.normal(0, FACTOR_SD, (len(names), factors)),
        "tissue_effect": _of_regions(names, rng),
        "own_effect": balanced(own, log_mean, 1.0),
        "spill_over": balanced(spill, log_mean, TYPICAL_FIELD),
        "batch_effect": _of_sections(len(names), sections, rng),
    }
    table = pd.DataFrame({"log_mean": log_mean, "dispersion": np.exp(rng.normal(2.2, 0.4, len(names)))}, index=names)
    return Genes(table, effects)


def _levels(names: list[str], rng: np.random.Generator) -> Floats:
    """Return log means (G,) of the median spot; known genes are seen well enough to be looked at."""
    log_mean = rng.normal(0.0, 1.1, len(names))
    known = positions(names, " ".join(RESPONSES.values()))
    log_mean[known] = np.maximum(log_mean[known], 0.3)
    scaled: Floats = log_mean + np.log(DEPTH) - np.log(np.exp(log_mean).sum())
    return scaled


def _responses(names: list[str], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return own effects and spill-overs (G, states): half of the latter on genes with the former, with its sign."""
    own, spill = np.zeros((len(names), len(STATES))), np.zeros((len(names), len(STATES)))
    affected, spilled = (rng.uniform(size=len(names)) < share for share in (AFFECTED, SPILLED / 2))
    follows = affected & (rng.uniform(size=len(names)) < SPILLED / 2 / AFFECTED)
    own[:, OWN] = affected * rng.normal(0, OWN_SD, len(names))
    spill[:, SPILL] = np.where(follows, 0.5 * own[:, OWN], spilled * rng.normal(0, SPILL_SD, len(names)))
    for group, (at_core, around) in KNOWN.items():
        known = positions(names, RESPONSES[group])
        own[known, OWN] = at_core + rng.normal(0, KNOWN_SD / 2, len(known))
        spill[known, SPILL] = around * (1 + rng.normal(0, KNOWN_SD / 2, len(known)))
    return own, spill


def _of_regions(names: list[str], rng: np.random.Generator) -> Floats:
    shape = (len(names), len(REGIONS))
    effects = rng.normal(0, REGION_SD, shape) * (rng.uniform(size=shape) < 0.3)
    for t, region in enumerate(REGIONS):
        known = positions(names, MARKERS[region])
        effects[known, t] = np.abs(rng.normal(1.2, 0.3, len(known)))
    return effects


def _of_sections(count: int, sections: int, rng: np.random.Generator) -> Floats:
    """Return offsets (G, sections) of brains and of sections, in the order of the sections' names."""
    half = sections // 2
    of_brain = np.repeat(rng.normal(0, BRAIN_SD, (count, 2)), half, axis=1)
    found: Floats = of_brain + rng.normal(0, SECTION_SD, (count, sections))
    return found
