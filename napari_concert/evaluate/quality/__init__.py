"""Quality control by hiding: how well measured spots are predicted where they are hidden.

What needs torch is imported when it is first used, so that a window can offer a check at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_concert.evaluate.quality.hiding import SCHEMES, Hiding
from napari_concert.evaluate.quality.lights import GENE_RULE, LIGHTS, SPOT_RULE
from napari_concert.evaluate.quality.words import SEEN, held, in_short, verdict

if TYPE_CHECKING:
    from napari_concert.evaluate.quality.checking import Check, Step, check
    from napari_concert.evaluate.quality.comparing import MEANING, Quality, checks
    from napari_concert.evaluate.quality.files import summary, write_check

__all__ = [
    "GENE_RULE",
    "LIGHTS",
    "MEANING",
    "SCHEMES",
    "SEEN",
    "SPOT_RULE",
    "Check",
    "Hiding",
    "Quality",
    "Step",
    "check",
    "checks",
    "held",
    "in_short",
    "summary",
    "verdict",
    "write_check",
]

_HOME = {
    **dict.fromkeys(("Check", "Step", "check"), "checking"),
    **dict.fromkeys(("MEANING", "Quality", "checks"), "comparing"),
    **dict.fromkeys(("summary", "write_check"), "files"),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
