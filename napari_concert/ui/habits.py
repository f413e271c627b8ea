"""Which widgets of the dock the user's choices live in: set at the start, taken note of when they change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.utils.events import EventEmitter
from psygnal import SignalInstance

from napari_concert.selection import Mode
from napari_concert.ui.gene_plots import Plot
from napari_concert.ui.tools import Tool
from napari_concert.ui.widgets import follow

if TYPE_CHECKING:
    from napari_concert.ui.dock import ConcertDock


@dataclass(frozen=True)
class Habit:
    """One choice: its name in the session's preferences, how the dock has it and takes it, and what tells of it.

    Attributes
    ----------
    changed
        A signal of psygnal, Qt or napari.
    """

    name: str
    get: Callable[[], Any]
    set: Callable[[Any], Any]
    changed: Any


class Habits:
    """Keeps a dock and the preferences of its session alike; those that the session itself reads are not its own."""

    def __init__(self, dock: ConcertDock) -> None:
        self.dock, self.session = dock, dock.session
        self._awaits_slide = True
        self.habits = habits_of(dock)
        self._set_all()
        for habit in self.habits:
            _connect(dock, habit.changed, self._note(habit))
        dock.steps.currentChanged.connect(self._on_step)
        follow(dock, self.session.choices_forgotten, self._set_all)
        follow(dock, self.session.slide_changed, self._come_back)
        self._come_back()

    def _set_all(self) -> None:
        """Let the dock be as the preferences say; they are read first, as each habit that is set is noted."""
        preferences = self.session.preferences
        for habit in self.habits:
            with suppress(ValueError, KeyError):  # a file of another version may name what is not there
                habit.set(getattr(preferences, habit.name))

    def _note(self, habit: Habit) -> Callable[..., None]:
        return lambda *_: self.session.prefer(**{habit.name: habit.get()})

    # -- the step -----------------------------------------------------------------------------------------------------

    def _on_step(self, *_: object) -> None:
        self._awaits_slide = False
        self.session.prefer(step=self.dock.step)

    def _come_back(self) -> None:
        """Open the step of last time with a first slide that was worked on before; a new one begins with the first."""
        current = self.session.current
        if current is None or not self._awaits_slide:
            return
        self._awaits_slide = False
        if current.own_model is not None or len(current.painting.patches):
            self.dock.step = self.session.preferences.step


def habits_of(dock: ConcertDock) -> tuple[Habit, ...]:
    """Return where each choice lives."""
    brush, paint, genes = dock.brush, dock.paint_panel, dock.genes_panel
    lesion, select, training = paint.tools.lesion, paint.select, dock.model_panel.settings
    only_sure, plot, bar = genes.list.only_sure, genes.plots.choice, brush.viewer.canvas.overlays.scale_bar
    return (
        Habit("shows_scale_bar", lambda: bool(bar.visible), partial(_show_scale_bar, dock), bar.events.visible),
        Habit("tool", lambda: str(brush.tool), lambda name: brush.set_tool(Tool(name)), brush.tool_changed),
        Habit("mode", lambda: str(brush.mode), lambda name: brush.set_mode(Mode(name)), brush.tool_changed),
        Habit("lesion", lesion.lasting, brush.set_lesion, brush.tool_changed),
        Habit("selects_unfolded", lambda: not select.body.isHidden(), select.unfold, select.unfolded),
        Habit("region", lambda: genes.region.value, genes.region.choose, genes.region.chosen),
        Habit("lists", lambda: genes.mode.value, genes.mode.choose, genes.mode.chosen),
        Habit("plot", lambda: plot.value.value, lambda name: plot.choose(Plot(name)), plot.chosen),
        Habit("only_sure", only_sure.isChecked, only_sure.setChecked, only_sure.toggled),
        Habit("training", training.lasting, training.set_lasting, training.changed),
    )


def _show_scale_bar(dock: ConcertDock, shown: bool) -> None:
    if dock.brush.layers.scene is not None:  # without a slide there is nothing to measure
        dock.brush.viewer.canvas.overlays.scale_bar.visible = shown


def _connect(dock: ConcertDock, signal: Any, slot: Callable[..., None]) -> None:
    if isinstance(signal, SignalInstance):
        follow(dock, signal, slot)
    else:
        signal.connect(slot)
    if isinstance(signal, EventEmitter):  # the viewer may outlive the dock
        dock.destroyed.connect(lambda: signal.disconnect(slot))
