"""What a user is used to: choices that hold on every slide, and the file that keeps them for the next start."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from napari_concert.errors import ConcertError
from napari_concert.io import write_json
from napari_concert.selection import Depth, Lesion
from napari_concert.session import autosave
from napari_concert.session.results import Region
from napari_concert.session.shown import Scaling
from napari_concert.session.stack_view import MOST_STRETCH, StackMode, StackView
from napari_concert.session.training import DEVICES, LIMITS, TrainingSettings

FORMAT = 1
LESION = Lesion("disc", spots=20)
MOST_SPOTS = 100_000  # of a lesion
MOST_SECTIONS = 1000  # above or below the brush
OPACITY = 0.7  # of an image: the spots' colours are what a slide is looked at for, the tissue is where they are
BRUSH, WIDEST_BRUSH = 1.5, 120.0  # radius in pitches: until it is set, and the largest

Value = TypeVar("Value")
Bounds = tuple[float, float]


def default_file() -> Path:
    """Return where the app keeps choices: beside unsaved work."""
    return autosave.default_folder().with_name("preferences.json")


# -- how each kind of value is read: a ValueError or the like where it is not one -------------------------------------


def _is(kind: type[Value]) -> Callable[[Any], Value]:
    def read(stored: Any) -> Value:
        if type(stored) is not kind:
            raise TypeError(stored)
        return stored

    return read


def _number(stored: Any, bounds: Bounds) -> float:
    if isinstance(stored, bool) or not bounds[0] <= stored <= bounds[1]:
        raise ValueError(stored)
    return float(stored)


def _scaling(stored: Any) -> Scaling:
    low, high = (_number(edge, (0, 100)) for edge in stored.get("clip", Scaling().clip))
    if low >= high:
        raise ValueError(stored)
    return Scaling((low, high), _is(bool)(stored.get("log2", True)))


def _lesion(stored: Any) -> Lesion:
    lesion = replace(LESION, **stored)
    _is(int)(lesion.seed)
    if lesion.spots is not None:
        _number(_is(int)(lesion.spots), (1, MOST_SPOTS))
    return lesion


def _training(stored: Any) -> TrainingSettings:
    known: dict[str, Any] = {name: _is(int)(stored[name]) for name in LIMITS if name in stored}
    for name, value in known.items():
        _number(value, LIMITS[name])
    device = DEVICES[DEVICES.index(stored.get("device", DEVICES[0]))]
    all_slides, scheduler = _is(bool)(stored.get("all_slides", False)), _is(str)(stored.get("scheduler", ""))
    return replace(TrainingSettings(), **known, device=device, all_slides=all_slides, scheduler=scheduler)


def _stack(stored: Any) -> StackView:
    usual, stretch = StackView(), stored.get("stretch")
    return StackView(
        StackMode(stored.get("mode", usual.mode)),
        None if stretch is None else _number(stretch, (1, MOST_STRETCH)),
        _is(bool)(stored.get("neighbours", usual.neighbours)),
    )


def _depth(stored: Any) -> Depth:
    depth = replace(Depth(), **stored)
    _number(_is(int)(depth.sections), (1, MOST_SECTIONS))
    return depth


def _texts(stored: Any) -> dict[str, str]:
    return {_is(str)(name): _is(str)(text) for name, text in stored.items()}


# of the other choices, any value of the default's type is one
READERS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "brush": lambda stored: _number(stored, (0.1, WIDEST_BRUSH)),
        "lesion": _lesion,
        "stack": _stack,
        "depth": _depth,
        "scaling": _scaling,
        "image_opacity": lambda stored: _number(stored, (0, 1)),
        "region": Region,
        "training": _training,
        "folders": _texts,
    }
)


# -- the choices ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preferences:
    """Choices that hold on every slide. What belongs to one slide is kept with its work instead.

    Attributes
    ----------
    step
        Name of the step that was last open, "" for the first.
    tool, mode, brush, lesion
        Tool in hand and what it does, radius of the brush in pitches, the lesion that is stamped. A lesion's area is in
        µm²; where the size of a unit is not known, a lesion is kept as so many spots.
    stack, depth
        How stacks of sections are shown, and how deep the brush reaches into them.
    selects_unfolded
        Whether the ways to select without the mouse are in sight.
    scaling
        How values become colours.
    shows_reach, shows_scale_bar, shows_image, image_opacity
        What else is drawn, and how opaque the image of a newly opened slide is.
    region, lists, plot, only_sure
        What the tables and plots of genes are about.
    training
        Settings of a training. Genes to model in any case belong to a slide, and are not among them.
    folders
        Folder in which each kind of file was last looked for.
    """

    step: str = ""
    tool: str = "brush"
    mode: str = "add"
    brush: float = BRUSH
    lesion: Lesion = LESION
    stack: StackView = field(default_factory=StackView)
    depth: Depth = field(default_factory=Depth)
    selects_unfolded: bool = False
    scaling: Scaling = field(default_factory=Scaling)
    shows_reach: bool = True
    shows_scale_bar: bool = True
    shows_image: bool = True
    image_opacity: float = OPACITY
    region: Region = Region.PATCH
    lists: str = "genes"
    plot: str = "distance"
    only_sure: bool = False
    training: TrainingSettings = field(default_factory=TrainingSettings)
    folders: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults: better defaults of a later version then reach who never chose."""
        return {"format": FORMAT, **_changed(self, Preferences())}

    @classmethod
    def from_json(cls, stored: Any) -> Preferences:
        """Return what was kept; what can't be read, or has another format, is as at first."""
        made = cls()
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            return made
        for each in fields(cls):
            with suppress(ValueError, TypeError, AttributeError, OverflowError, KeyError, ConcertError):
                read = READERS.get(each.name, _is(type(getattr(made, each.name))))
                made = replace(made, **{each.name: read(stored[each.name])})
        return made


def _changed(value: Any, default: Any) -> dict[str, Any]:
    both = ((each.name, getattr(value, each.name), getattr(default, each.name)) for each in fields(value))
    return {name: _changed(new, old) if is_dataclass(new) else new for name, new, old in both if new != old}


def read(path: Path) -> Preferences:
    """Return the choices that a file keeps; the defaults where it is missing or can't be read."""
    try:
        return Preferences.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return Preferences()


def write(path: Path, preferences: Preferences) -> None:
    """Keep choices in a file, atomically; the defaults need none.

    Raises
    ------
    ConcertError, OSError
        If it can't be written.
    """
    if preferences == Preferences():
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, preferences.to_json())
