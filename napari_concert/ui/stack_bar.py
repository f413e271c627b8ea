"""The row that a stack adds to the strip: one section, side by side or 3D, and which sections are in view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from napari_concert.errors import ConcertError
from napari_concert.session.stack_view import MOST_STRETCH, StackMode
from napari_concert.ui.choice import Choice
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import follow

if TYPE_CHECKING:
    from napari_concert.session import Session

MODES = {
    StackMode.ONE: ("Section", TIPS["stack_one"]),
    StackMode.GRID: ("Side by side", TIPS["stack_grid"]),
    StackMode.SPACE: ("3D", TIPS["stack_space"]),
}


class StackBar(QWidget):
    """How a stack is shown; not there where the slide is none."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.mode = Choice(MODES)
        self.neighbours, self.stretch = QCheckBox("Neighbours"), QDoubleSpinBox()
        self.sections = SectionMenu(session)
        self._lay_out()
        self.mode.chosen.connect(lambda mode: session.show_stack(mode=mode))
        self.neighbours.clicked.connect(lambda on: session.show_stack(neighbours=bool(on)))
        self.stretch.valueChanged.connect(lambda value: session.show_stack(stretch=value))
        for signal in (session.slide_changed, session.columns_changed, session.stack_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        self.neighbours.setToolTip(TIPS["neighbours"])
        self.stretch.setPrefix("z × ")
        self.stretch.setRange(1, MOST_STRETCH)
        self.stretch.setDecimals(0)
        self.stretch.setMinimumWidth(95)
        self.stretch.setToolTip(TIPS["stretch"])
        self.stretch.setKeyboardTracking(False)
        for made in self.mode.buttons.values():
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # Space goes on to the canvas
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(QLabel("View"))
        row.addWidget(self.mode)
        for part in (self.neighbours, self.stretch):
            row.addWidget(part)
        row.addStretch()
        row.addWidget(self.sections)

    def _refresh(self, *_: object) -> None:
        levels, view = self.session.levels, self.session.stack_view
        self.setVisible(levels is not None and len(levels) > 1)
        self.mode.set_value(view.mode)
        self.neighbours.setVisible(view.mode is StackMode.ONE)
        self.neighbours.setChecked(view.neighbours)
        self.neighbours.setEnabled(levels is not None and not levels.are_apart)
        self.stretch.setVisible(view.mode is StackMode.SPACE)
        blocked = self.stretch.blockSignals(True)
        self.stretch.setValue(self.session.stretch)
        self.stretch.blockSignals(blocked)
        self.sections.refresh()


class SectionMenu(QPushButton):
    """Says how many sections are in view; a click lists all of them, to be hidden or shown."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setToolTip(TIPS["sections"])
        self.names = _LastingMenu(self)
        self.setMenu(self.names)
        self.names.aboutToShow.connect(self._fill)

    def refresh(self) -> None:
        """Count the sections in view."""
        levels, hidden = self.session.levels, self.session.hidden_levels
        count = 0 if levels is None else len(levels)
        self.setText(f"{count - len(hidden)} of {count}" if hidden else f"All {count}")

    def _fill(self) -> None:
        self.names.clear()
        levels, hidden = self.session.levels, self.session.hidden_levels
        self.names.addAction("Show all", lambda: self._hide(()))
        self.names.addSeparator()
        for level, name in enumerate(levels.names if levels is not None else ()):
            action = self.names.addAction(name)
            action.setCheckable(True)
            action.setChecked(level not in hidden)
            action.triggered.connect(self._ticked)

    def _ticked(self) -> None:
        self._hide(a.text() for a in self.names.actions() if a.isCheckable() and not a.isChecked())

    def _hide(self, names: Any) -> None:
        try:
            self.session.hide_sections(names)
        except ConcertError as error:
            self.session.notified.emit("info", str(error))
        hidden = self.session.current.hidden_sections if self.session.current is not None else ()
        for action in self.names.actions():
            if action.isCheckable():
                action.setChecked(action.text() not in hidden)


class _LastingMenu(QMenu):
    """A menu that stays open while entries are ticked."""

    def event(self, event: Any) -> bool:
        """Tick the entry under the mouse without closing."""
        if event.type() == QEvent.Type.MouseButtonRelease:
            action = self.actionAt(event.pos())
            if action is not None and action.isCheckable():
                action.trigger()
                return True
        return bool(super().event(event))
