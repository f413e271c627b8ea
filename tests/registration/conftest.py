"""Sections of one simulated tissue that were moved by known movements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from napari_concert.io import from_anndata
from napari_concert.patches import WhatIf
from napari_concert.simulate import truth, tumour
from napari_concert.slide import Columns, Rigid, Slide, Stack

SPOTS, GENES = 500, 120


@dataclass(frozen=True, eq=False)
class Tissue:
    """Expected counts at places (µm) of a simulated tissue, of which sections are drawn."""

    points: np.ndarray
    expected: np.ndarray
    dispersion: np.ndarray

    def section(self, rng: np.random.Generator, move: Rigid, kept: np.ndarray, depth: float) -> tuple:
        """Return fresh counts of some spots, and places that ``move`` brings back."""
        mean = depth * self.expected[kept] * rng.lognormal(0, 0.3, (kept.sum(), 1))
        counts = rng.negative_binomial(self.dispersion, self.dispersion / (self.dispersion + mean))
        return counts, move.inverse.apply(self.points[kept])

    def slide(
        self, rng: np.random.Generator, moves: Sequence[Rigid], kept: Sequence[np.ndarray] | None = None, depth=1.0
    ) -> Slide:
        """Return a slide of sections a, b, c … of which each must be moved so to lie as the tissue did."""
        kept = kept or [np.ones(len(self.points), bool)] * len(moves)
        parts = [self.section(rng, move, some, depth) for move, some in zip(moves, kept, strict=True)]
        names = [name for name, (counts, _) in zip("abcdef", parts, strict=False) for _ in range(len(counts))]
        counts = np.concatenate([part for part, _ in parts])
        adata = AnnData(
            sparse.csr_matrix(counts.astype(np.float32)),
            obs=pd.DataFrame({"section": names}, index=[f"spot{i}" for i in range(len(names))]),
            var=pd.DataFrame(index=[f"Gene{i}" for i in range(counts.shape[1])]),
            obsm={"spatial": np.concatenate([places for _, places in parts])},
            uns={"spatial_units": "um"},
        )
        slide = from_anndata(adata, columns=Columns(section="section"))
        return slide.with_stack(Stack.spaced(slide.sections, 100.0))


@pytest.fixture(scope="session")
def tissue() -> Tissue:
    table = tumour(SPOTS, GENES, seed=3)
    expected, dispersion = truth(table, WhatIf()).baseline, table.var["dispersion"].to_numpy(dtype=np.float64)
    return Tissue(table.obsm["spatial"], expected, dispersion)


@pytest.fixture(scope="session")
def masks(tissue: Tissue) -> Callable[[str, np.random.Generator], list[np.ndarray]]:
    """Give which spots of the tissue each of two sections has."""

    def drawn(kind: str, rng: np.random.Generator) -> list[np.ndarray]:
        points = tissue.points
        angle = rng.uniform(0, 2 * np.pi)
        along = points @ [np.cos(angle), np.sin(angle)]
        everything = np.ones(len(points), bool)
        if kind == "part":
            return [everything, along > np.quantile(along, 0.4)]
        if kind == "overlap":
            return [along < np.quantile(along, 0.75), along > np.quantile(along, 0.25)]
        if kind == "holes":
            return [_holed(points, rng), _holed(points, rng)]
        return [everything, everything]

    return drawn


def _holed(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    centres = points[rng.choice(len(points), 3)]
    away = np.linalg.norm(points[:, None] - centres, axis=2).min(axis=1)
    return away > 0.12 * np.ptp(points, axis=0).min()
