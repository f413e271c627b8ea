"""What a saved model says of itself beside its weights, and the table of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_concert.model import runtime
from napari_concert.model.config import Epoch
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert.core import Concert


def as_told(slide: Slide) -> tuple[float | None, bool]:
    """Return what files like this one don't say: µm per unit where the user set it; whether sections share a frame."""
    return slide.units.um_per_unit if slide.units.is_chosen else None, slide.registered


def record_of(model: Concert, epochs: Sequence[Epoch]) -> dict[str, Any]:
    """Return the record of a model, as JSON values; ``Concert.load`` takes it up again."""
    return {
        "columns": model.columns,
        "pitch": model.scale.pitch,
        "unit": model.scale.unit,
        "um_per_unit": model.um_per_unit,
        "registered": model.registered,
        "seed": model.seed,
        "device": model.device,
        "seen_pairs": sorted([list(pair) for pair in model.seen_pairs], key=str),
        "slides": [slide.name for slide in model.slides],
        "versions": runtime.versions(),
        "history": [epoch.to_json() for epoch in epochs],
    }


def history_of(epochs: Sequence[Epoch]) -> pd.DataFrame:
    """Return one row an epoch; ``kept`` marks the one whose weights the model has."""
    columns = ["index", "train_loss", "heldout_loss", "seconds"]
    table = pd.DataFrame([asdict(epoch) for epoch in epochs], columns=columns).set_index("index")
    best = [epoch.index for epoch in epochs if epoch.best]
    table["kept"] = table.index == best[-1] if best else False
    return table
