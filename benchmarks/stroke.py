"""Lesions of many sizes on the sham brain of a simulated stroke, against the truth.

    python benchmarks/stroke.py [--sections 8] [--spots 2400] [--genes 2000] [--seed 0]

A model is trained on sham and lesioned sections together, with default settings. Each lesion, compact or of random
spots, in cortex or striatum, becomes ischaemic core. The predicted change is scored in three regions: the painted
spots (core), those within 200 µm of them in the same section (ring), and those within 200 µm in the sections above and
below (z). Beside it stand baselines from the measured spots of the core, which say that nothing around changes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert import Concert, WhatIf
from napari_concert.brush import SpotIndex
from napari_concert.evaluate.baselines import mean_shift, nearest_in_target
from napari_concert.evaluate.scores import score_change
from napari_concert.io import from_anndata
from napari_concert.model.runtime import machine, peak_memory_bytes
from napari_concert.prediction import Prediction
from napari_concert.simulate import lesion, stroke, truth
from napari_concert.simulate.brain import CORE
from napari_concert.simulate.lesions import FORMS, SIZES
from napari_concert.simulate.stroke_genes import RESPONSES
from napari_concert.slide import Slide

REGIONS = ("cortex", "striatum")
WITHIN = 200.0  # µm
SAID = ("Gm42418", "Lcn2", "Spp1")

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Case(NamedTuple):
    """A painted lesion: the model's answer, the true change of all its genes, and the rows of the scored regions."""

    what_if: WhatIf
    prediction: Prediction
    true: Floats
    regions: dict[str, Rows]


def main() -> None:
    """Print what training took, what was learned, and the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("sections", 8), ("spots", 2400), ("genes", 2000), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    slide = from_anndata(stroke(args.sections, args.spots, args.genes, args.seed), name="stroke")
    before = peak_memory_bytes()
    model = trained(slide, args.seed)
    print(f"{machine()}; peak memory {peak_memory_bytes() / 1e9:.2f} GB (of the simulation {before / 1e9:.2f})")
    print(model.learned.scopes().T.to_string())
    records = [record for case, said in cases(model, slide) for record in scores(case, slide, said)]
    table = pd.DataFrame(records)
    print(table.groupby(["form", "lesion", "region"], sort=False).mean(numeric_only=True).round(3).to_string())
    print(table.groupby(["region"], sort=False).mean(numeric_only=True).round(3).to_string())


def trained(slide: Slide, seed: int) -> Concert:
    """Train, and print the time that took."""
    wall, cpu = time.perf_counter(), time.process_time()
    model = Concert(slide, seed=seed).train()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    size = f"{slide.n_spots:,} spots × {len(model.genes):,} genes"
    print(f"{size}: {len(model.history)} epochs, {wall:.0f} s ({cpu:.0f} s of processor time)", flush=True)
    return model


def cases(model: Concert, slide: Slide) -> Iterator[tuple[Case, dict[str, Any]]]:
    """Yield every lesion that fits its region, and what it is called."""
    index, section = SpotIndex(slide.coords, slide.places), slide.labels("section")
    for form in FORMS:
        for size in SIZES:
            for region in REGIONS:
                rows = lesion(slide.adata, region, size, form)
                what_if = WhatIf((rows, {"perturbation": CORE}))
                prediction = model.predict(what_if)
                true = truth(slide, what_if, prediction.genes).change
                ring, here = index.ring(rows, WITHIN), section == section[rows[0]]
                parts = {"core": rows, "ring": ring[here[ring]], "z": ring[~here[ring]]}
                yield Case(what_if, prediction, true, parts), {"form": form, "lesion": size}


def scores(case: Case, slide: Slide, said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a record of each region."""
    patch, genes = case.what_if.patches[0], case.prediction.genes
    placed = places(case)
    for region, rows in case.regions.items():
        found = case.prediction.changes(rows)
        score = score_change(found.change, case.true[rows], (found.lower, found.upper))
        record = {"region": region, "spots": len(rows), "affected": score.affected_pcc, "all": score.genes_pcc}
        record |= {
            "slope": score.slope,
            "rms": score.rms,
            "no change rms": rms(case.true[rows]),
            "cover": score.coverage,
        }
        for name, method in (("mean shift", mean_shift), ("6 nearest", nearest_in_target)):
            shift = method(slide, patch, genes) if region == "core" else None
            record[name] = np.nan if shift is None else score_change(shift, case.true[rows]).affected_pcc
            record[f"{name} slope"] = np.nan if shift is None else score_change(shift, case.true[rows]).slope
        yield said | record | (placed if region == "core" else {})


def rms(true: Floats) -> float:
    """Return the error of who says that nothing changes."""
    return float(np.sqrt(np.mean(true**2)))


def places(case: Case) -> dict[str, float]:
    """Return which share of the known genes that truly are largest in core, or in the ring, is said to be."""
    told = {name: case.prediction.changes(case.regions[name]).change.mean(axis=0) for name in ("core", "ring")}
    true = {name: case.true[case.regions[name]].mean(axis=0) for name in ("core", "ring")}
    found = {}
    for where, other, names in (("core", "ring", "core"), ("ring", "core", "ring")):
        genes = [i for i, gene in enumerate(case.prediction.genes) if gene in RESPONSES[names].split()]
        known = [i for i in genes if true[where][i] > true[other][i]]
        found[f"{where} genes placed"] = float(np.mean(told[where][known] > told[other][known]))
    for gene in SAID:
        i = case.prediction.genes.index(gene)
        found |= {f"{gene} {name}": float(told[name][i]) for name in told}
    return found


if __name__ == "__main__":
    main()
