"""A prediction in numbers: what was painted, what leads, and on simulated slides how right it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_concert.cli.output import plural
from napari_concert.patches import Patch, WhatIf

if TYPE_CHECKING:
    from napari_concert.prediction import Prediction
    from napari_concert.simulate import TrueChange
    from napari_concert.slide import Slide

Rows = npt.NDArray[np.int64]
RING_PITCHES = 2.0
LEADING = 10
UM2_PER_MM2 = 1e6
TRUTH_LABEL = (
    "Agreement of the predicted with the true change over all modelled genes: genes_pcc, Pearson correlation across "
    "genes of the change averaged over the region; entries_pcc and slope (sum d*t / sum t*t), over spots x genes; "
    "mean_shift_pcc and nearest_pcc, genes_pcc of two baselines: all spots in the target state, and the six nearest"
)


@dataclass(frozen=True, eq=False)
class Report:
    """A what-if on a slide, and its prediction."""

    slide: Slide
    what_if: WhatIf
    prediction: Prediction

    @cached_property
    def ring(self) -> Rows:
        """The surroundings: spots within two pitches of a painted one."""
        from napari_concert.brush import SpotIndex

        return SpotIndex(self.slide.coords, self.slide.places).ring(self.what_if.rows, self.reach)

    @property
    def reach(self) -> float:
        """How far the surroundings go, in the slide's units."""
        return RING_PITCHES * self.slide.pitch

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What the reader must know."""
        return (*self.prediction.warnings, *_odd(self.slide, self.what_if, self.prediction))

    @cached_property
    def truth(self) -> TrueChange | None:
        """The true change, on simulated slides."""
        from napari_concert.evaluate import true_change

        return true_change(self.slide, self.what_if)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values (NaN not yet replaced)."""
        scale, unit = area_unit(self.slide)
        targets = [
            {"spots": len(patch), "area": self.slide.area(patch.spots) * scale, "set": dict(patch.target)}
            for patch in self.what_if.patches
        ]
        return {
            "painted_spots": len(self.what_if.rows),
            "area": self.slide.area(self.what_if.rows) * scale,
            "area_unit": unit,
            "targets": targets,
            "warnings": list(self.warnings),
            "genes": len(self.prediction.genes),
            "change_unit": "natural log fold change",
            "patch": {"spots": len(self.what_if.rows), "leading_genes": self._leading(self.what_if.rows)},
            "surroundings": {
                "within": self.reach,
                "within_unit": self.slide.units.name,
                "spots": len(self.ring),
                "leading_genes": self._leading(self.ring),
            },
            "truth": self._truth(),
        }

    def _leading(self, rows: Rows) -> list[dict[str, Any]]:
        table = self.prediction.top_genes(rows, LEADING)
        return [
            {"gene": str(gene), "change": row["change"], "lower": row["lower"], "upper": row["upper"]}
            for gene, row in table.iterrows()
        ]

    def _truth(self) -> dict[str, Any] | None:
        from napari_concert.evaluate import agreement

        scores = agreement(self.slide, self.what_if, self.prediction, self.ring, self.truth)
        return {"what": TRUTH_LABEL, **{score.region: score.to_json() for score in scores}} if scores else None

    def lines(self) -> list[str]:
        """Return it in words, for a terminal."""
        found = self.to_json()
        said = [
            f"Patch {i}: {plural(len(patch), 'spot')}, {area_text(self.slide, patch)} → {target_text(patch)}"
            for i, patch in enumerate(self.what_if.patches, start=1)
        ]
        where = f"surroundings ({plural(len(self.ring), 'spot')} within {self.reach:.4g} {self.slide.units.name})"
        said += _table("patch", found["patch"]["leading_genes"])
        said += _table(where, found["surroundings"]["leading_genes"])
        if found["truth"] is not None:
            said += truth_lines(found["truth"])
        return said


def truth_lines(truth: dict[str, Any]) -> list[str]:
    """Return the agreement with the truth in words."""
    patch = truth["patch"]
    said = ["Simulated slide, so the truth is known. Correlation of the predicted with the true change across genes:"]
    said.append(
        f"  patch {patch['genes_pcc']:.2f} (baselines: mean shift {patch['mean_shift_pcc']:.2f}, "
        f"6 nearest spots in the target state {patch['nearest_pcc']:.2f}), slope {patch['slope']:.2f}"
    )
    if "surroundings" in truth:
        around = truth["surroundings"]
        said.append(
            f"  surroundings {around['genes_pcc']:.2f} (the baselines predict no change), slope {around['slope']:.2f}"
        )
    return said


def _table(where: str, leading: list[dict[str, Any]]) -> list[str]:
    head = f"Genes that change most in the {where}: natural log fold change, 95 % interval"
    rows = [f"  {g['gene']:<14} {g['change']:+.2f}   {g['lower']:+.2f} to {g['upper']:+.2f}" for g in leading]
    return [head, *rows]


def _odd(slide: Slide, what_if: WhatIf, prediction: Prediction) -> list[str]:
    unusable = int((~slide.usable[what_if.rows]).sum())
    found = []
    if unusable:
        found.append(
            f"{plural(unusable, 'painted spot')} without counts or coordinates: not modelled, empty in the result."
        )
    if unusable < len(what_if.rows) and not prediction.region_change(what_if.rows)["change"].any():
        found.append("The painted spots already are what they were set to: nothing changes.")
    return found


def area_unit(slide: Slide) -> tuple[float, str]:
    """Return the factor from squared coordinate units to the unit that areas are told in, and that unit."""
    return (1 / UM2_PER_MM2, "mm²") if slide.units.name == "µm" else (1.0, f"{slide.units.name}²")


def area_text(slide: Slide, patch: Patch) -> str:
    """Return a patch's area in words."""
    scale, unit = area_unit(slide)
    return f"{slide.area(patch.spots) * scale:.3g} {unit}"


def target_text(patch: Patch) -> str:
    """Return a patch's target in words."""
    return ", ".join(f"{name} {value}" for name, value in patch.target.items())
