"""Why a what-if can't be asked, and what to doubt about one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from napari_concert.session.workspace import Workspace

if TYPE_CHECKING:
    from napari_concert.concert import Concert

NO_COLUMN = (
    "What-ifs are off: no perturbation column is chosen. Choose one in the Slide step (any column of labels will do), "
    "or paint labels into a new one."
)


def blocker(workspace: Workspace | None, model: Concert | None) -> str:
    """Return why what-ifs are off, "" if they are on."""
    if workspace is None:
        return "Open a slide first."
    slide = workspace.slide
    if slide.columns.perturbation is None:
        return NO_COLUMN
    if len(slide.states) < 2:
        only = ", ".join(slide.states) or "none"
        return (
            f"What-ifs are off: {slide.columns.perturbation!r} has one known state ({only}), so there is nothing to "
            "switch to. Choose another column in the Slide step."
        )
    if model is not None and not model.states:
        return "What-ifs are off: this model was trained without a perturbation. Train again in the Model step."
    return ""


def model_problem(workspace: Workspace | None, model: Concert | None) -> str:
    """Return why a model can't be used on a slide, "" if it can or there is none."""
    if workspace is None or model is None:
        return ""
    found = model.mismatches(workspace.slide) or list(_read_otherwise(workspace, model))
    return "; ".join(found)


def _read_otherwise(workspace: Workspace, model: Concert) -> Iterator[str]:
    """Yield where the model was trained with other columns than the slide is read with now."""
    now = asdict(workspace.slide.columns)
    for role in ("perturbation", "tissue", "section"):
        if model.columns.get(role) != now[role]:
            then = _named(model.columns.get(role))
            yield f"the model was trained with {role} {then}, the slide is read with {_named(now[role])}"
    if model.states and set(model.controls) != set(workspace.slide.columns.control) & set(model.states):
        yield f"the model was trained with control {_named(', '.join(model.controls))}"


def _named(name: object) -> str:
    return f"{name!r}" if name else "none"


def extrapolation(workspace: Workspace, model: Concert | None) -> str:
    """Return which states the current what-if puts into tissue where they were never measured; "" if none."""
    if workspace.what_if.is_empty:
        return ""
    from napari_concert.concert.checks import unseen  # brings torch, which the window must not wait for

    slide = workspace.slide
    pairs = model.seen_pairs if model is not None else workspace.pairs
    columns = {"perturbation": slide.columns.perturbation, "tissue": slide.columns.tissue}
    return " ".join(unseen(workspace.what_if, slide, pairs, columns))


def target_warning(workspace: Workspace, model: Concert | None) -> str:
    """Return what to doubt about the current what-if: extrapolations, spots that are in the target state already."""
    if workspace.what_if.is_empty:
        return ""
    return " ".join(part for part in (extrapolation(workspace, model), *_already(workspace)) if part)


def _already(workspace: Workspace) -> Iterator[str]:
    for patch in workspace.what_if.patches:
        target = patch.target.get("perturbation")
        count = int((workspace.slide.state_of[patch.spots] == target).sum()) if target is not None else 0
        if count and len(patch.target) == 1:
            yield f"{patch.name}: {count} of {len(patch)} spots are {target} already and do not change."
