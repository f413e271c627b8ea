"""What a training is asked for, and what it tells of itself beside its epochs: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Order:
    """All that a training needs beside its slides; see :class:`napari_concert.Concert`.

    Attributes
    ----------
    n_genes, also_genes, seed
        As in :class:`napari_concert.Concert`.
    device
        Of the machine that trains; "auto" takes its GPU where it has one.
    max_epochs
        Most epochs; None takes the config's.
    config
        What differs from the usual :class:`napari_concert.ModelConfig`, by name.
    """

    n_genes: int = 2000
    also_genes: tuple[str, ...] = ()
    seed: int = 0
    device: str = "auto"
    max_epochs: int | None = None
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """What a training is at before its first epoch.

    Attributes
    ----------
    device
        Where it runs, in words; "" until that is known.
    doing
        What goes on, in words.
    """

    device: str
    doing: str
