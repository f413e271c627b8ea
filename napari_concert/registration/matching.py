"""Spot-to-spot matches of two sections by optimal transport, and the movement that they give."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from napari_concert.registration.procrustes import fit
from napari_concert.registration.sampling import spread_out
from napari_concert.registration.tissue import Tissue
from napari_concert.slide import Rigid

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST_MATCHED = 250  # spots of each section, spread evenly: seconds would become minutes with thousands
NEAR = 2.0  # pitches: spots farther from the other section at the first pose are not matched
SHAPE_SHARE = 0.5  # of distances within sections, beside expression, in what a match costs
MOST_STEPS = 30
TOLERANCE = 1e-4


def rematched(lower: Tissue, upper: Tissue, pose: Rigid) -> list[Rigid]:
    """Return the movement by matches between the spots that overlap at a pose; none where too few do.

    Fused Gromov-Wasserstein transport (Vayer et al., ICML 2019) matches spots of like expression that lie alike
    within their sections, as PASTE does (Zeira et al., Nat. Methods 19, 2022). It starts from the matches that the
    pose gives, because from uniform ones it may end in a section turned round.
    """
    a, b = _overlapping(lower.points, upper.points, pose)
    if min(len(a), len(b)) < 3:
        return []
    ones, others = lower.points[a], upper.points[b]
    plan = _plan(ones, others, cdist(lower.features[a], upper.features[b]) ** 2, pose.apply(others))
    return [fit(ones, others, plan, mirrored=pose.mirrored)]


def _overlapping(ones: Floats, others: Floats, pose: Rigid) -> tuple[Rows, Rows]:
    moved = pose.apply(others)
    a = np.flatnonzero(np.isfinite(cKDTree(moved).query(ones, distance_upper_bound=NEAR)[0]))
    b = np.flatnonzero(np.isfinite(cKDTree(ones).query(moved, distance_upper_bound=NEAR)[0]))
    return a[spread_out(ones[a], MOST_MATCHED)], b[spread_out(others[b], MOST_MATCHED)]


def _plan(ones: Floats, others: Floats, unlike: Floats, moved: Floats) -> Floats:
    """Return how much of each spot (n) goes to each other one (m)."""
    from ot import emd, unif
    from ot.gromov import fused_gromov_wasserstein

    p, q = unif(len(ones)), unif(len(others))
    within = cdist(ones, ones)
    scale = within.mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a plan that is not quite the best is good enough to start from
        plan = fused_gromov_wasserstein(
            unlike / max(float(unlike.mean()), 1e-300),
            within / scale,
            cdist(others, others) / scale,
            p,
            q,
            alpha=SHAPE_SHARE,
            G0=emd(p, q, cdist(ones, moved) ** 2),
            max_iter=MOST_STEPS,
            tol_rel=TOLERANCE,
            tol_abs=TOLERANCE,
        )
    return np.asarray(plan, dtype=np.float64)
