"""How well expression of hidden spots is predicted on real slides, and whether seeds give the same picture.

    python benchmarks/real_slides.py FOLDER [NAME ...] [--genes 1000] [--seeds 5]

For every ``.h5ad`` in the folder a fifth of the spots is hidden, the model is trained on the rest with its default
settings, and the hidden spots are predicted from position and labels. Beside the model: the same without spatial and
intrinsic factors, the slide's mean and the mean of the 6 nearest spots. Then one patch of 20 spots is painted with
models of several seeds.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import nbinom

import napari_concert
from napari_concert import Concert, WhatIf
from napari_concert.concert.imputation import Imputation
from napari_concert.io import from_anndata
from napari_concert.model.config import ModelConfig
from napari_concert.slide import Slide

HIDDEN, NEAREST, PATCH, WITHOUT = 0.2, 6, 20, 12


def states_of(slide: Slide) -> Slide:
    """Return the slide with its regions as states, the largest one as control; as it is without regions."""
    if "region" not in slide.adata.obs:
        return slide
    regions = slide.adata.obs["region"].astype(str)
    control = str(regions.value_counts().index[0])
    return slide.with_columns(replace(slide.columns, perturbation="region", control=(control,), tissue=None))


def main() -> None:
    """Print one line a slide."""
    paths, args = asked_for(__doc__, "seeds")
    print("log likelihood: nats per count (one spot, one gene); PCC: of log1p counts, mean over genes")
    for path in paths:
        hidden_spots(path, args.genes)
        stability(path, args.genes, args.seeds)


def asked_for(about: str | None, repeats: str) -> tuple[list[Path], argparse.Namespace]:
    """Return the files of the folder that the command line names, and what else it says; so many repeats."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--genes", type=int, default=1000)
    parser.add_argument(f"--{repeats}", type=int, default=5)
    args = parser.parse_args()
    found = sorted(args.folder.glob("*.h5ad"))
    return [path for path in found if not args.names or any(name in path.name for name in args.names)], args


def hidden_spots(path: Path, n_genes: int) -> None:
    """Hide a fifth of the spots and print how well each method predicts them."""
    slide = states_of(napari_concert.read(path))
    usable = np.flatnonzero(slide.usable)
    hidden = np.sort(np.random.default_rng(0).permutation(usable)[: int(HIDDEN * len(usable))])
    shown = np.setdiff1d(usable, hidden)
    kept = from_anndata(slide.adata[shown].copy(), name=slide.name).with_columns(slide.columns)
    started = time.perf_counter()
    model = Concert(kept, n_genes=n_genes).train()
    seconds = time.perf_counter() - started
    columns = slide.genes.get_indexer(list(model.genes))
    size = slide.totals / slide.median_total
    level = slide.counts[:, columns].toarray() / np.maximum(size, 1e-9)[:, None]
    at = slide.adata.obs.iloc[hidden][[c for c in (slide.columns.perturbation,) if c]].copy()
    for axis, name in enumerate("xyz"[: slide.coords.shape[1]]):
        at[name] = slide.coords[hidden, axis]
    bare = Concert(kept, n_genes=n_genes, config=ModelConfig(warm_up=WITHOUT)).train(WITHOUT)  # no latents start
    found, without = model.impute(at, kept), bare.impute(at, kept)
    near = cKDTree(slide.coords[shown]).query(slide.coords[hidden], k=NEAREST)[1]
    methods = {
        "model": _told(found),
        "without factors": (without.predicted, bare.network.log_theta.exp().numpy()),
        "slide mean": _fitted(np.tile(level[shown].mean(axis=0), (len(hidden), 1)), level[shown]),
        "6 nearest": _fitted(level[shown][near].mean(axis=1), level[shown]),
    }
    counts = slide.counts[hidden][:, columns].toarray()
    print(f"{path.stem}: {len(shown)} + {len(hidden)} spots × {len(columns)} genes, trained in {seconds:.0f} s")
    for name, (mean, theta) in methods.items():
        expected = np.maximum(mean, 1e-3) * size[hidden, None]
        likelihood = nbinom.logpmf(counts, theta, theta / (theta + expected)).mean()
        print(f"  {name:15s} log likelihood {likelihood:.4f}  PCC {_by_gene(mean, level[hidden]):.3f}", flush=True)


def _told(found: Imputation) -> tuple[np.ndarray, np.ndarray]:
    """Return means, and the dispersion that gives each count the predicted standard deviation."""
    spread = np.maximum(np.square(found.predicted_sd) - found.predicted, 1e-6)
    return found.predicted, np.square(found.predicted) / spread


def _fitted(mean: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means with the dispersion of each gene by moments."""
    average, variance = level.mean(axis=0), level.var(axis=0)
    theta = np.square(average) / np.maximum(variance - average, 1e-3 * np.maximum(average, 1e-3))
    return mean, np.broadcast_to(np.clip(theta, 1e-2, 1e3), mean.shape)


def _by_gene(predicted: np.ndarray, found: np.ndarray) -> float:
    one, other = np.log1p(predicted), np.log1p(found)
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    size = np.sqrt(np.square(one).sum(axis=0) * np.square(other).sum(axis=0))
    pcc = np.divide((one * other).sum(axis=0), size, out=np.zeros(len(size)), where=size > 0)
    return float(pcc[np.square(other).sum(axis=0) > 0].mean())


def stability(path: Path, n_genes: int, n_seeds: int) -> None:
    """Print how alike the changes are that models of several seeds predict for one patch."""
    slide = states_of(napari_concert.read(path))
    if len(slide.states) < 2:
        return
    control, target = slide.states[:2]
    rows = np.flatnonzero((slide.state_of == control) & slide.usable)
    patch = rows[np.argsort(np.linalg.norm(slide.coords[rows] - slide.coords[rows[len(rows) // 2]], axis=1))[:PATCH]]
    what_if = WhatIf((patch, {"perturbation": target}))
    changes = [
        Concert(slide, n_genes=n_genes, seed=seed).train().predict(what_if).changes(patch).change.mean(axis=0)
        for seed in range(n_seeds)
    ]
    alike = np.corrcoef(changes)[np.triu_indices(n_seeds, 1)]
    print(
        f"  {control} → {target}, {n_seeds} seeds: PCC of the change {alike.min():.3f} to {alike.max():.3f}", flush=True
    )


if __name__ == "__main__":
    main()
