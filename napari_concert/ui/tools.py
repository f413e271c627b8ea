"""The tools by which spots are selected: names, keys, and what they say of themselves.

The keys are letters that napari 0.9 leaves free in every kind of layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tool(StrEnum):
    """How the mouse selects spots."""

    BRUSH = "brush"
    LASSO = "lasso"
    POLYGON = "polygon"
    RECTANGLE = "rectangle"
    SPOT = "spot"
    REGION = "region"
    LESION = "lesion"


@dataclass(frozen=True)
class About:
    """A tool's name on its button, its key, and its tooltip."""

    name: str
    key: str
    tip: str


ABOUT = {
    Tool.BRUSH: About(
        "Brush", "B", "Drag over the slide to select spots within the radius. [ and ] or Shift and the wheel change it."
    ),
    Tool.LASSO: About("Lasso", "F", "Draw around spots with the mouse held down."),
    Tool.POLYGON: About(
        "Polygon", "G", "Click corners around spots; a double click or Enter closes it, Escape gives it up."
    ),
    Tool.RECTANGLE: About("Rectangle", "U", "Drag from one corner to the opposite one."),
    Tool.SPOT: About("Spot", "K", "Click a spot to add it, or to take it away if it is in the patch."),
    Tool.REGION: About(
        "Region",
        "W",
        "Click a spot to select all spots with its label that are connected to it. The label is that of the column "
        "that colours the spots, else the state.",
    ),
    Tool.LESION: About(
        "Lesion", "J", "Click to stamp a lesion of the size set below, or drag from its centre to size it."
    ),
}


def tip(tool: Tool) -> str:
    """Return a tool's tooltip with its key."""
    return f"{ABOUT[tool].tip}\nKey {ABOUT[tool].key}; once more puts the tool away."
