"""What a saved model says of itself beside its weights, and the table of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_concert.model import runtime
from napari_concert.model.config import Epoch
from napari_concert.patches import WhatIf
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert.core import Concert

MEANING = "The model's extrapolation from how states differ across this tissue, not a proven cause."


def as_told(slide: Slide) -> tuple[float | None, bool]:
    """Return what files like this one don't say: µm per unit where the user set it; whether sections share a frame."""
    return slide.units.um_per_unit if slide.units.is_chosen else None, slide.registered


def trained_with(model: Concert, max_epochs: int) -> dict[str, Any]:
    """Return all that a training of the model depends on beside its config, as JSON values."""
    return {
        **model.settings,
        "max_epochs": max_epochs,
        "seed": model.seed,
        "device": model.device,
        "slides": [_as_read(slide) for slide in model.slides],
        "machine": runtime.machine(),
        "versions": runtime.versions(),
    }


def _as_read(slide: Slide) -> dict[str, Any]:
    """Return which slide it is, and how its file was read."""
    return {
        "slide": slide.name,
        "slide_path": None if slide.path is None else str(slide.path),
        "slide_fingerprint": slide.fingerprint,
        "slide_contents": slide.contents,
        "columns": asdict(slide.columns),
        "unit": slide.units.name,
        "um_per_unit": slide.units.um_per_unit,
        "registered": slide.registered,
        "stack": None if slide.stack is None else slide.stack.to_json(),
        "counts_source": slide.counts_source,
    }


def provenance_of(model: Concert, what_if: WhatIf, slide: Slide) -> dict[str, Any]:
    """Return what is needed to repeat a prediction: the slide as read, the what-if, and how the model was made."""
    return {
        "meaning": MEANING,
        **_as_read(slide),
        "what_if": what_if.to_json(),
        "seed": model.seed,
        "model_hash": model.hash,
        "training": {**model.settings, "config": model.config.to_json()},
        "machine": runtime.machine(),
        "versions": runtime.versions(),
    }


def record_of(model: Concert, epochs: Sequence[Epoch]) -> dict[str, Any]:
    """Return the record of a model, as JSON values; ``Concert.load`` takes it up again."""
    return {
        "columns": model.columns,
        "pitch": model.scale.pitch,
        "unit": model.scale.unit,
        "um_per_unit": model.um_per_unit,
        "registered": model.registered,
        "training": model.settings,
        "seen_pairs": sorted([list(pair) for pair in model.seen_pairs], key=str),
        "history": [epoch.to_json() for epoch in epochs],
    }


def history_of(epochs: Sequence[Epoch]) -> pd.DataFrame:
    """Return one row an epoch; ``kept`` marks the one whose weights the model has."""
    columns = ["index", "train_loss", "heldout_loss", "seconds"]
    table = pd.DataFrame([asdict(epoch) for epoch in epochs], columns=columns).set_index("index")
    best = [epoch.index for epoch in epochs if epoch.best]
    table["kept"] = table.index == best[-1] if best else False
    return table
