"""A prediction with random numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from napari_concert import Prediction

SPOTS, FEATURES, GENES = 30, 6, 9
MISSING = (4, 17)


def make_prediction(seed: int = 0, **changes: object) -> Prediction:
    """Return 30 spots, two not modelled, and 9 genes; 5 painted spots, 3 more that feel it, 1 that hardly does."""
    rng = np.random.default_rng(seed)
    rows = np.setdiff1d(np.arange(SPOTS), MISSING)
    before = np.column_stack([np.ones(len(rows)), rng.normal(size=(len(rows), FEATURES - 1))])
    after = before.copy()
    after[:5, 2] = 1.3
    after[:8, 4] += rng.uniform(0.1, 0.6, 8)
    after[8, 4] += 0.004
    alone = before[:9].copy()
    alone[:5, 2] = 1.3
    factor = rng.normal(0, 0.2, (GENES, FEATURES, FEATURES))
    painted = np.zeros(SPOTS, dtype=bool)
    painted[[*rows[:5], MISSING[0]]] = True
    counts = rng.poisson(3.0, (SPOTS, GENES)).astype(float)
    counts[list(MISSING)] = 0
    arguments = {
        "genes": tuple(f"g{i}" for i in range(GENES)),
        "spot_names": np.array([f"spot {i}" for i in range(SPOTS)]),
        "rows": rows,
        "baseline_features": before,
        "affected": np.arange(9),
        "whatif_features": after[:9],
        "alone_features": alone,
        "weights": rng.normal(0, 0.5, (FEATURES, GENES)),
        "covariance": np.einsum("gab,gcb->gac", factor, factor),
        "observed": sparse.csc_matrix(counts),
        "totals": np.where(np.isin(np.arange(SPOTS), MISSING), 0, counts.sum(1) + 50),
        "median_total": 80.0,
        "dispersion": np.full(GENES, 4.0),
        "coords": rng.uniform(0, 9, (SPOTS, 2)),
        "n_spots": SPOTS,
        "painted": painted,
        "obs": pd.DataFrame({"tissue": ["in"] * SPOTS}, index=[f"spot {i}" for i in range(SPOTS)]),
        "provenance": {"seed": 3, "versions": {"numpy": "2"}},
        "warnings": ("never seen here",),
    }
    return Prediction(**{**arguments, **changes})


@pytest.fixture
def prediction() -> Prediction:
    """Return one."""
    return make_prediction()


@pytest.fixture
def make() -> Callable[..., Prediction]:
    """Return the factory."""
    return make_prediction
