"""Whether the effects of a slide's regions agree with spots that the model never saw.

    python benchmarks/state_effects.py FOLDER [NAME ...] [--genes 1000] [--splits 5]

For every ``.h5ad`` with regions, the spots of each region are halved at random. The model is trained on one half with
its default settings, the regions being states and the largest the control. What it says that states do between the
spots of a region and those of the control (their own effects, and the spill-over of all), and the same difference from
pseudo-bulks (log of mean counts at the median library size, + 0.05) of the same half, are correlated across genes with
the pseudo-bulks of the other half; so is the own effect alone. Regions of few spots say little: their held-out half is
mostly noise, for both.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from real_slides import asked_for, states_of

import napari_concert
from napari_concert import Concert, WhatIf
from napari_concert.io import from_anndata
from napari_concert.slide import Slide

PSEUDO = 0.05  # of a count at the median library size
FEWEST = 10  # spots of a region

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def main() -> None:
    """Print a line for each region."""
    paths, args = asked_for(__doc__, "splits")
    print("PCC across genes with the held-out half: mean over splits; ratio: model over pseudo-bulk of the same half")
    for path in paths:
        slide = states_of(napari_concert.read(path))
        if len(slide.states) > 1:
            report(slide, args.genes, args.splits)


def report(slide: Slide, n_genes: int, n_splits: int) -> None:
    """Print how the effects of one slide's states agree."""
    found = [agreement(slide, n_genes, seed) for seed in range(n_splits)]
    for state in found[0]:
        own, whole, bulk = np.mean([split[state] for split in found], axis=0)
        spots = int((slide.usable & (slide.state_of == state)).sum())
        print(
            f"{slide.name}, {state} ({spots} spots): own effect {own:.3f} (ratio {own / bulk:.2f}), with spill-over "
            f"{whole:.3f} (ratio {whole / bulk:.2f}), pseudo-bulk {bulk:.3f}",
            flush=True,
        )


def agreement(slide: Slide, n_genes: int, seed: int) -> dict[str, tuple[float, float, float]]:
    """Return each state's PCC with the held-out half: own effect, with spill-over, pseudo-bulk."""
    train, held_out = halves(slide, seed)
    part = from_anndata(slide.adata[train].copy(), name=slide.name).with_columns(slide.columns)
    model = Concert(part, n_genes=n_genes, seed=seed).train()
    rows, undone = without_states(model, part)
    control, columns = slide.columns.control[0], slide.genes.get_indexer(list(model.genes))
    result = {}
    for state in slide.states:
        spots = (slide.state_of == state) & slide.usable
        if state in (control, *slide.columns.unknown) or spots.sum() < FEWEST:
            continue
        truth = bulk_change(slide, held_out, state, columns)
        known = bulk_change(slide, train, state, columns)
        own = model.learned.effects(state)["own"].to_numpy()
        result[state] = tuple(_pcc(values, truth) for values in (own, between(part, state, rows, undone), known))
    return result


def without_states(model: Concert, part: Slide) -> tuple[Rows, Floats]:
    """Return the usable rows (n,), and their change (n, G) where all spots are set to control."""
    usable = np.flatnonzero(part.usable)
    others = np.flatnonzero((part.state_of != part.columns.control[0]) & part.usable)
    nowhere = model.predict(WhatIf((others, {"perturbation": part.columns.control[0]})))
    return usable, nowhere.changes(usable).change


def between(part: Slide, state: str, rows: Rows, undone: Floats) -> Floats:
    """Return what states do between the spots of one and those of control (G,): what goes where there are none."""
    mine, control = (undone[part.state_of[rows] == name].mean(axis=0) for name in (state, part.columns.control[0]))
    return control - mine


def halves(slide: Slide, seed: int) -> tuple[Rows, Rows]:
    """Return the rows of two halves, each with half of every state's spots."""
    rng = np.random.default_rng(seed)
    one: list[int] = []
    for state in slide.states:
        rows = rng.permutation(np.flatnonzero((slide.state_of == state) & slide.usable))
        one.extend(rows[: (len(rows) + 1) // 2])
    first = np.sort(np.array(one, dtype=np.int64))
    return first, np.setdiff1d(np.flatnonzero(slide.usable), first)


def bulk_change(slide: Slide, rows: Rows, state: str, columns: Rows) -> Floats:
    """Return the log fold change (G,) of a state's pseudo-bulk against control's, over some rows."""
    size = slide.totals / slide.median_total
    means = []
    for label in (state, slide.columns.control[0]):
        chosen = rows[slide.state_of[rows] == label]
        means.append(slide.counts[chosen][:, columns].sum(axis=0).A1 / size[chosen].sum())
    return np.log(means[0] + PSEUDO) - np.log(means[1] + PSEUDO)


def _pcc(one: Floats, other: Floats) -> float:
    return float(np.corrcoef(one, other)[0, 1])


if __name__ == "__main__":
    main()
