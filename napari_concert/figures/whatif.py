"""The figure of a what-if: what was observed, what is predicted, what changes, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from napari_concert.brush import SpotIndex
from napari_concert.figures.charts import change_by_distance, gene_bars
from napari_concert.figures.layout import Box, FlatLayout, lay_out
from napari_concert.figures.limits import Limits, change_limits, level_limits, sd_limits
from napari_concert.figures.maps import spot_map
from napari_concert.figures.sheet import Sheet
from napari_concert.figures.style import CHANGE, LEVELS, MEANING, UNCERTAINTY
from napari_concert.patches import Patch, WhatIf
from napari_concert.prediction import GenePrediction, Prediction
from napari_concert.slide import Slide

Floats: TypeAlias = npt.NDArray[np.float64]
Draw: TypeAlias = Callable[[Axes], object]

LEVEL_LABEL = "counts at the median library size"
CHANGE_LABEL = "change (natural log)"
SD_LABEL = "sd of the change (natural log)"
RING_PITCHES = 2.0  # what counts as a patch's surroundings


def whatif_figure(
    slide: Slide,
    prediction: Prediction,
    gene: str,
    *,
    truth: npt.ArrayLike | None = None,
    baseline: bool = True,
    close_up: float | None = 8.0,
    n_genes: int = 12,
) -> Figure:
    """Make the figure of a what-if for one gene.

    Maps of observed, baseline and predicted expression share their limits; the change (and, on simulated slides, the
    true one) is centred at 0; the uncertainty is the sd of the change. Beside them: the change against the distance
    from the patch, and the genes that change most in the patch and in its surroundings. Warnings stand on the figure.

    Parameters
    ----------
    truth
        (n_spots, G) true natural log fold changes, in the order of ``prediction.genes``.
    baseline
        Whether to show the model's denoised expression as well.
    close_up
        Pitches around the patch that the maps of change and uncertainty show; None shows the whole slide.
    n_genes
        How many leading genes to list.

    Raises
    ------
    UnknownName
        If the gene is not modelled.
    """
    story = _Story(
        slide, prediction, gene, None if truth is None else np.asarray(truth, dtype=np.float64), close_up, n_genes
    )
    sheet = Sheet(title=story.title, subtitle=story.subtitle, warnings=prediction.warnings, footer=story.footer)
    return sheet.draw(list(story.maps(baseline)), list(story.charts()), story.layout.aspect)


@dataclass(frozen=True, eq=False)
class _Story:
    """What the panels of one figure have in common."""

    slide: Slide
    prediction: Prediction
    gene: str
    truth: Floats | None
    close_up: float | None
    n_genes: int

    # -- panels -----------------------------------------------------------------------------------------------------

    def maps(self, baseline: bool) -> Iterator[Draw]:
        """Yield the maps in reading order."""
        values = self.values
        levels = level_limits(values.observed, values.baseline, values.predicted)
        yield self._level("observed", values.observed, levels)
        if baseline:
            yield self._level("baseline (denoised)", values.baseline, levels)
        yield self._level("predicted", values.predicted, levels)
        true = self.true_change
        changes = change_limits(self.change) if true is None else change_limits(self.change, true)
        yield self._close_up("predicted change", self.change, CHANGE_LABEL, CHANGE, changes)
        if true is not None:
            yield self._close_up("true change (simulated)", true, CHANGE_LABEL, CHANGE, changes)
        sd = np.where(self.prediction.reach | np.isnan(values.sd), values.sd, 0.0)
        yield self._close_up("uncertainty", sd, SD_LABEL, UNCERTAINTY, sd_limits(sd))

    def _level(self, title: str, values: Floats, limits: Limits) -> Draw:
        return self._map(values, title=title, label=LEVEL_LABEL, cmap=LEVELS, limits=limits, close_up=self.box)

    def _close_up(self, title: str, values: Floats, label: str, cmap: str | Colormap, limits: Limits) -> Draw:
        return self._map(values, title=title, label=label, cmap=cmap, limits=limits, window=self.box)

    def _map(self, values: Floats, **look: Any) -> Draw:
        outlines = [patch.spots for patch in self.patches]
        targets = [_target(patch) for patch in self.patches] if len(self.patches) > 1 else []
        return lambda ax: spot_map(ax, self.slide, values, outlines=outlines, names=targets, layout=self.layout, **look)

    def charts(self) -> Iterator[Draw]:
        """Yield the charts in reading order."""
        yield lambda ax: change_by_distance(ax, self.slide, self.prediction, self.gene, truth=self.true_change)
        yield self._bars("leading genes, patch", self.rows)
        reach = f"{RING_PITCHES * self.slide.pitch:.3g} {self.slide.units.name}"
        yield self._bars(f"leading genes, within {reach} of it", self.ring)

    def _bars(self, title: str, rows: npt.NDArray[np.int64]) -> Draw:
        table = self.prediction.top_genes(rows, self.n_genes)
        truth = None
        if self.truth is not None and len(rows):
            columns = np.array([self.prediction.index_of(str(name)) for name in table.index])
            truth = self.truth[np.ix_(rows, columns)].mean(axis=0)
        return lambda ax: gene_bars(ax, table, title=title, truth=truth)

    # -- numbers ----------------------------------------------------------------------------------------------------

    @cached_property
    def values(self) -> GenePrediction:
        return self.prediction.gene(self.gene)

    @cached_property
    def change(self) -> Floats:
        """The change, exactly 0 at spots that the what-if hardly reaches (kernel weight below 1 %)."""
        return np.where(self.prediction.reach | np.isnan(self.values.change), self.values.change, 0.0)

    @property
    def true_change(self) -> Floats | None:
        return None if self.truth is None else self.truth[:, self.prediction.index_of(self.gene)]

    @cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        return np.flatnonzero(self.prediction.painted)

    @cached_property
    def ring(self) -> npt.NDArray[np.int64]:
        return SpotIndex(self.slide.coords, self.slide.places).ring(self.rows, RING_PITCHES * self.slide.pitch)

    @cached_property
    def patches(self) -> tuple[Patch, ...]:
        saved = self.prediction.provenance.get("what_if")
        return WhatIf.from_json(saved).patches if saved else (Patch(self.rows),)

    # -- where ------------------------------------------------------------------------------------------------------

    @cached_property
    def layout(self) -> FlatLayout:
        return lay_out(self.slide)

    @cached_property
    def box(self) -> Box | None:
        """Corners of the close-up, or None for the whole slide."""
        return None if self.close_up is None else self.layout.window(self.rows, self.close_up * self.slide.pitch)

    # -- words ------------------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        became = " and ".join(_became(self.slide, patch) for patch in self.patches)
        return f"What if {became}?"

    @property
    def subtitle(self) -> str:
        outlined = "patch outlined" if len(self.patches) == 1 else "patches outlined"
        return f"{self.slide.name} · {self.gene} · {len(self.prediction.genes):,} genes modelled · {outlined}"

    @property
    def footer(self) -> str:
        provenance = self.prediction.provenance
        versions = provenance.get("versions", {})
        facts = (
            f"napari-concert {versions['napari-concert']}" if "napari-concert" in versions else "",
            f"seed {provenance['seed']}" if "seed" in provenance else "",
            f"model {str(provenance['model_hash'])[:10]}" if "model_hash" in provenance else "",
        )
        return "  ·  ".join([str(provenance.get("meaning", MEANING)), *(fact for fact in facts if fact)])


def _became(slide: Slide, patch: Patch) -> str:
    spots = "1 spot" if len(patch) == 1 else f"{len(patch)} spots"
    return f"{spots} ({area_text(slide, patch.spots)}) became {_target(patch) or 'another state'}"


def _target(patch: Patch) -> str:
    given = patch.target.items()
    return " and ".join(
        str(value) if name in ("perturbation", "tissue") else f"{name} {value}" for name, value in given
    )


def area_text(slide: Slide, rows: npt.ArrayLike) -> str:
    """Return the area of some spots in words: mm² where the units are known."""
    area = slide.area(rows)
    return f"{area / 1e6:.2g} mm²" if slide.units.name == "µm" else f"{area:.3g} {slide.units.name}²"
