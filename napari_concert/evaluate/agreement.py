"""The truth of simulated slides, and how well a prediction agrees with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError
from napari_concert.evaluate.baselines import mean_shift, nearest_in_target
from napari_concert.evaluate.scores import score_change, scored_rows
from napari_concert.patches import WhatIf
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.simulate import TrueChange

Rows = npt.NDArray[np.int64]

SIMULATED = "perturbation"  # column of the states on simulated slides


@dataclass(frozen=True)
class Agreement:
    """Scores of the predicted change in one region, over all modelled genes; NaN where a score is not defined.

    Only spots count that are modelled and whose truth is known: those with coordinates.

    Attributes
    ----------
    region, spots
        "patch" or "surroundings", and how many of its spots count.
    genes_pcc
        Pearson correlation across genes of the change averaged over the region.
    entries_pcc, slope
        Pearson correlation, and Σ d·t / Σ t², over all spots × genes.
    mean_shift_pcc, nearest_pcc
        ``genes_pcc`` of two baselines that know no spill-over: all spots in the target state, and the six nearest.
        NaN around the patch, where they predict no change.
    """

    region: str
    spots: int
    genes_pcc: float
    entries_pcc: float
    slope: float
    mean_shift_pcc: float = float("nan")
    nearest_pcc: float = float("nan")

    def to_json(self) -> dict[str, Any]:
        """Return plain values (NaN is left)."""
        return asdict(self)


def known_truth(slide: Slide) -> bool:
    """Whether a slide is simulated and its what-ifs switch the states that it was simulated with."""
    from napari_concert.simulate import has_truth

    return has_truth(slide.adata) and slide.columns.perturbation in (None, SIMULATED)


def true_change(slide: Slide, what_if: WhatIf) -> TrueChange | None:
    """Return the true change under a what-if, from which that of any gene is read; None where it is not known.

    On 20,000 spots it takes half a second, each gene next to nothing.
    """
    from napari_concert import simulate

    if not known_truth(slide):
        return None
    try:
        return simulate.true_change(slide.adata, what_if)
    except ConcertError:  # a table that was edited, or a label that the simulation does not know
        return None


def agreement(
    slide: Slide, what_if: WhatIf, prediction: Prediction, ring: Rows, truth: TrueChange | None
) -> tuple[Agreement, ...]:
    """Score patch and surroundings against the truth; empty where the truth is not known.

    Parameters
    ----------
    ring
        Rows of the surroundings.
    truth
        What is true (see :func:`true_change`).
    """
    if truth is None or what_if.is_empty:
        return ()
    true = truth.of(prediction.genes)
    patch = _score("patch", prediction, what_if.rows, true, _baselines(slide, what_if, prediction.genes))
    return (patch, _score("surroundings", prediction, ring, true)) if len(ring) else (patch,)


def _score(
    region: str,
    prediction: Prediction,
    rows: Rows,
    true: npt.NDArray[np.float64],
    baselines: tuple[npt.NDArray[np.float64] | None, ...] = (None, None),
) -> Agreement:
    rows = scored_rows(prediction, rows, true)
    score = score_change(prediction.changes(rows).change, true[rows])
    simple = (float("nan") if b is None else score_change(b, true[rows]).genes_pcc for b in baselines)
    return Agreement(region, score.spots, score.genes_pcc, score.entries_pcc, score.slope, *simple)


def _baselines(
    slide: Slide, what_if: WhatIf, genes: Sequence[str]
) -> tuple[npt.NDArray[np.float64] | None, npt.NDArray[np.float64] | None]:
    """Return both baselines where the what-if has one patch; several have no common answer."""
    if len(what_if.patches) != 1:
        return None, None
    patch = what_if.patches[0]
    return mean_shift(slide, patch, genes), nearest_in_target(slide, patch, genes)
