"""How the change of the shown gene or gene set depends on the distance from the patch, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from psygnal import Signal

from napari_concert.prediction import ChangeParts, GeneSet, set_parts, set_profile, set_values
from napari_concert.prediction.genesets import Spelling
from napari_concert.session import View
from napari_concert.session.results import RING_PITCHES
from napari_concert.ui.captions import format_length
from napari_concert.ui.plots import FIRST, FONT_SIZE, MUTED, PLOT_HEIGHT, SECOND, PlotCanvas
from napari_concert.ui.widgets import follow

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.session.results import Result

Rows = npt.NDArray[np.int64]

FARTHEST = 10.0  # pitches
LEAST = 0.005  # of a change: less is written as 0
NO_CHANGE = "Paint spots in step 3: how the change falls off with distance appears here."
NO_GENE = "Click a gene above: how its change falls off with distance appears here."
NO_SET = "Click a gene set above: how its change falls off with distance appears here."


class DistancePlot(PlotCanvas):
    """The mean change at each distance with its 95 % interval, over the spots behind it; the truth where it is known.

    The distance of a spot is that to the nearest spot of the patch, 0 inside it. Spots that other patches change are
    left out: what happens there is not this patch's doing. A mean that mostly comes from neighbours has an open marker.

    Attributes
    ----------
    said
        Where the change comes from, in one line; "" while nothing is plotted.
    says
        Emitted with that line.
    """

    says = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(PLOT_HEIGHT)
        self.session = session
        self._set: GeneSet | None = None
        self._reads_sets = False
        self.said = ""
        for signal in (session.genes_changed, session.shown_changed, session.slide_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def show_gene(self) -> None:
        """Follow the gene that the slide shows."""
        self._read(False, None)

    def show_set(self, gene_set: GeneSet | None) -> None:
        """Plot a gene set; None asks for one."""
        self._read(True, gene_set)

    def _read(self, sets: bool, gene_set: GeneSet | None) -> None:
        if (sets, gene_set) != (self._reads_sets, self._set):
            self._reads_sets, self._set = sets, gene_set
            self._refresh()

    def _refresh(self) -> None:
        if self.isVisible():
            self._draw()

    def showEvent(self, event: Any) -> None:
        """Plot what changed while it could not be seen."""
        super().showEvent(event)
        self._draw()

    def _draw(self) -> None:
        result, what = self.session.result, self._set if self._reads_sets else self._gene()
        self._say("")
        if result is None or result.what_if.is_empty:
            self.tell(NO_CHANGE)
        elif what is None or not Spelling(result.prediction.genes).positions(what.genes).size:
            self.tell(NO_SET if self._reads_sets else NO_GENE)
        else:
            self._draw_profile(result, what)

    def _say(self, text: str) -> None:
        self.said = text
        self.says.emit(text)

    def _gene(self) -> GeneSet | None:
        """Return the shown gene as a set of one, if it is modelled."""
        colour, result = self.session.colour, self.session.result
        if colour is None or colour.kind != "gene" or result is None or colour.name not in result.prediction:
            return None
        return GeneSet(colour.name, (colour.name,))

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _draw_profile(self, result: Result, what: GeneSet) -> None:
        current, scaling = self.session.current, self.session.scaling
        if current is None:
            return
        distance = _own_distance(result, current.index.distance_to(result.patch))
        groups = by_distance(distance, current.slide.pitch)
        genes = [result.prediction.genes[g] for g in Spelling(result.prediction.genes).positions(what.genes)]
        parts, profile = set_parts(result.prediction, what), set_profile(result.prediction, groups, what)
        profile.insert(0, "distance", [float(distance[rows].mean()) for rows in groups])
        profile = profile[profile["spots"] > 0]
        axes = self.begin(
            f"distance to the patch ({current.slide.units.name})", f"{_title(what, len(genes))}: {scaling.change_unit}"
        )
        axes.axhline(0, color=MUTED, linewidth=0.6)
        self._draw_spots(result, what, distance)
        self._draw_means(profile, [_is_own(parts, groups[i]) for i in profile.index])
        self._draw_truth(result, genes, groups, profile)
        self._draw_counts(profile)
        self.end()
        self._say(where_from(result, parts, scaling.change_factor))

    def _draw_spots(self, result: Result, what: GeneSet, distance: npt.NDArray[np.float64]) -> None:
        change = set_values(result.prediction, what).change * self.session.scaling.change_factor
        near = np.isfinite(distance) & np.isfinite(change)
        self.axes.plot(distance[near], change[near], "o", ms=2, mew=0, color=MUTED, alpha=0.45, zorder=1)

    def _draw_means(self, profile: pd.DataFrame, own: list[bool]) -> None:
        factor, at = self.session.scaling.change_factor, profile["distance"]
        self.axes.fill_between(
            at,
            profile["lower"] * factor,
            profile["upper"] * factor,
            color=FIRST,
            alpha=0.3,
            lw=0,
        )
        self.axes.plot(at, profile["change"] * factor, "o-", ms=3.5, lw=1.2, color=FIRST, label="mean change")
        open_ = ~np.array(own, dtype=bool)
        inside = self.axes.figure.get_facecolor()
        self.axes.plot(at[open_], profile["change"][open_] * factor, "o", ms=3.5, mec=FIRST, mfc=inside)

    def _draw_truth(self, result: Result, genes: list[str], groups: list[Rows], profile: pd.DataFrame) -> None:
        if result.truth is not None:
            truth = result.truth.of(genes)
            means = [truth[groups[i]].mean() * self.session.scaling.change_factor for i in profile.index]
            self.axes.plot(profile["distance"], means, "D", ms=3.5, mew=0, color=SECOND, label=str(View.TRUTH))

    def _draw_counts(self, profile: pd.DataFrame) -> None:
        """Write the number of spots behind each mean under it."""
        axes = self.axes
        low, high = axes.get_ylim()
        axes.set_ylim(low - 0.14 * (high - low), high)
        place = axes.get_xaxis_transform()
        for at, spots in zip(profile["distance"], profile["spots"], strict=True):
            axes.text(at, 0.02, f"{spots}", transform=place, ha="center", fontsize=FONT_SIZE - 1, color=MUTED)
        near, far = axes.get_xlim()
        axes.set_xlim(near, far + 0.08 * (far - near))
        axes.text(1, 0.02, "spots", transform=axes.transAxes, ha="right", fontsize=FONT_SIZE - 1, color=MUTED)


def by_distance(distance: npt.NDArray[np.float64], pitch: float) -> list[Rows]:
    """Return the rows of the patch, and of the rings around it, each a pitch wide; without NaN and far ones."""
    with np.errstate(invalid="ignore"):
        ring = np.where(distance == 0, 0, np.maximum(np.rint(distance / pitch), 1))
    found = (np.flatnonzero(ring == number) for number in range(int(FARTHEST) + 1))
    return [rows.astype(np.int64) for rows in found if rows.size]


def _own_distance(result: Result, distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return distances from the patch, NaN where another patch changes the spot or it is too far away."""
    found = distance.copy()
    found[np.setdiff1d(result.what_if.rows, result.patch)] = np.nan
    found[found > FARTHEST * result.slide.pitch] = np.nan
    return found


def _is_own(parts: ChangeParts, rows: Rows) -> bool:
    """Return whether the mean change over some spots is their own response rather than their neighbours' doing."""
    own, neighbours = _mean(parts.own[rows]), _mean(parts.neighbours[rows])
    return abs(own) > abs(neighbours)


def where_from(result: Result, parts: ChangeParts, factor: float) -> str:
    """Say how much of the mean change in patch and ring is the spots' own response, and what comes from neighbours."""
    own, neighbours = (_number(factor * _mean(each[result.patch])) for each in (parts.own, parts.neighbours))
    patch = f"Patch: {own} own response, {neighbours} from neighbours."
    ring = np.setdiff1d(result.ring, result.what_if.rows)  # what else is painted has a response of its own
    if not len(ring):
        return patch
    width = format_length(result.slide, RING_PITCHES * result.slide.pitch)
    return f"{patch} Ring of {width}: {_number(factor * _mean(parts.neighbours[ring]))} from neighbours."


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 0.0


def _number(value: float) -> str:
    return "0" if abs(value) < LEAST else f"{value:+.2f}"


def _title(what: GeneSet, used: int) -> str:
    return what.name if len(what.genes) == 1 else f"{what.name} ({used} genes)"
