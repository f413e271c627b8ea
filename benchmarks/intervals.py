"""What intervals of counts hold on spots that nothing has seen, on real slides and simulated ones.

    python benchmarks/intervals.py FOLDER [NAME ...] [--genes 1000] [--seeds 3]

For every ``.h5ad`` in the folder a tenth of the spots is hidden, one by one and in holes of 40; a model is trained on
the rest, and the hidden spots are predicted from position and labels. For each bin of expected counts: what the 95 %
interval of whole counts holds (*held*), what that would be were the distribution right (*ideal*), and the coverage by
randomised PIT before and after calibration, which is 0.95 where all is well.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from real_slides import asked_for, states_of

import napari_concert
from napari_concert import Concert
from napari_concert.evaluate.quality import Hiding
from napari_concert.evaluate.quality.coverage import COLUMNS, coverage_curve

LEVEL, HOLE, SHARE = 0.95, 40, 0.1


def main() -> None:
    """Print a table a slide and way to hide."""
    paths, args = asked_for(__doc__, "seeds")
    for path in paths:
        for scheme in ("random", "holes"):
            tables = [covered(path, scheme, seed, args.genes) for seed in range(args.seeds)]
            print(f"\n{path.stem}, {scheme}, {args.seeds} seeds\n{pooled(tables).to_string()}", flush=True)


def covered(path: Path, scheme: str, seed: int, n_genes: int) -> pd.DataFrame:
    """Return what intervals hold at 95 %, a row a bin."""
    slide = states_of(napari_concert.read(path))
    rows = Hiding(scheme, share=SHARE, hole=min(HOLE, slide.n_spots // 12), seed=seed).rows(slide)
    rest = slide.without(rows)
    hidden = Concert(rest, n_genes=n_genes, seed=seed).train().withhold(rows, rest)
    *_, curve = coverage_curve(hidden, [LEVEL])
    assert curve is not None
    return curve.set_index("expected_counts")


def pooled(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Return means over seeds, by how many counts each has, and the range of the calibrated coverage."""
    every = pd.concat(tables)
    groups = every.groupby(level=0, sort=False)
    mean = groups.apply(
        lambda part: pd.Series(np.average(part[list(COLUMNS)], axis=0, weights=part["counts"]), COLUMNS)
    )
    low, high = groups["pit"].min(), groups["pit"].max()
    counts = groups["counts"].sum()
    return pd.DataFrame({"counts": counts, **mean, "pit_low": low, "pit_high": high}).round(3)


def weighted(part: pd.DataFrame) -> pd.Series:
    """Return means by how many counts each seed has."""
    return pd.Series(np.average(part[list(COLUMNS)], axis=0, weights=part["counts"]), COLUMNS)


if __name__ == "__main__":
    main()
