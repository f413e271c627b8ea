"""The list of patches: shown or hidden, locked or not, colour, name, size, what each becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from qtpy.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QColorDialog, QHeaderView, QTableView

from napari_concert.ui.captions import format_area
from napari_concert.ui.icons import swatch, theme_icon

if TYPE_CHECKING:
    from napari_concert.patches import Patch
    from napari_concert.session import Session

Index: TypeAlias = QModelIndex | QPersistentModelIndex

SHOWN, LOCKED, COLOUR, NAME, SPOTS, AREA, BECOMES = range(7)
HEADERS = ("", "", "", "patch", "spots", "area", "becomes")
TIPS = (
    "Eye: a patch that is shown is drawn and part of the what-if, a hidden one is neither. Click to change it.",
    "Lock: no tool changes the spots of a locked patch. Click to change it.",
    "Colour of its rings: double-click to choose another.",
    "Name: double-click to change it.",
    "Number of its spots. In brackets: those that a later patch of the list takes, as the later one wins.",
    "Area of its spots.",
    "What its spots become. Choose it below the list.",
)
SIGNS, NUMBERS = (SHOWN, LOCKED), (SPOTS, AREA)
NARROW, ROW, LONGEST = 26, 26, 7  # pixels of a column of signs and of a row; most rows before the list scrolls
FADED = 0.35  # of a sign that says no
OBSERVED = "as observed"


class PatchModel(QAbstractTableModel):
    """The patches of a session's current slide, as Qt reads them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.rows: list[tuple[int, Patch, int]] = []  # key, patch, spots that a later patch takes

    def refresh(self) -> None:
        """Take in the patches as they are now; the layout is reset only where their number changed."""
        current = self.session.current
        painting = current.painting if current is not None else None
        keys = painting.keys if painting is not None else ()
        rows = [(key, painting.patch(key), painting.covered(key)) for key in keys] if painting is not None else []
        if [key for key, *_ in rows] == [key for key, *_ in self.rows]:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(HEADERS) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    # -- Qt's questions -----------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of patches."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's name or its tooltip."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter if section in NUMBERS else _alignment(section)
        return HEADERS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        _, patch, covered = self.rows[index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.ToolTipRole:
            whole = self._text(patch, covered)[column] if column in (NAME, BECOMES) else ""  # it may be cut off
            return f"{whole}\n{TIPS[column]}" if whole else TIPS[column]
        if role == Qt.ItemDataRole.DecorationRole:
            return _sign(patch, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._text(patch, covered).get(column)
        return None

    def _text(self, patch: Patch, covered: int) -> Mapping[int, str]:
        slide = self.session.slide
        return {
            NAME: patch.name,
            SPOTS: f"{len(patch):,}" + (f" ({covered:,})" if covered else ""),
            AREA: format_area(slide, patch.spots) if slide is not None and len(patch) else "–",
            BECOMES: ", ".join(str(value) for value in patch.target.values()) or OBSERVED,
        }

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return that names can be edited."""
        plain = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return plain | Qt.ItemFlag.ItemIsEditable if index.column() == NAME else plain

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Rename a patch."""
        name = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or index.column() != NAME or not name:
            return False
        self.session.restyle_patch(self.rows[index.row()][0], name=name)
        return True


def _sign(patch: Patch, column: int) -> QIcon | None:
    if column == SHOWN:
        return theme_icon("visibility_off", FADED) if patch.hidden else theme_icon("visibility")
    if column == LOCKED:
        return theme_icon("lock") if patch.locked else theme_icon("lock_open", FADED)
    return swatch(patch.color) if column == COLOUR else None


def _alignment(column: int) -> Qt.AlignmentFlag:
    across = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return across | Qt.AlignmentFlag.AlignVCenter


class PatchTable(QTableView):
    """The list of patches; the chosen row is the patch that tools edit.

    Attributes
    ----------
    picked
        Emitted when other rows are selected.
    """

    picked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.patches = PatchModel(session)
        self.setObjectName("concert_patches")
        self.setModel(self.patches)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)  # Tab goes on to the buttons
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setToolTip("The patches of this slide. Where two overlap, the later one of the list wins.")
        header = self.horizontalHeader()
        header.setMinimumSectionSize(NARROW)
        header.setHighlightSections(False)
        for column in range(len(HEADERS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        for column in (SHOWN, LOCKED, COLOUR):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, NARROW)
        for column in (NAME, BECOMES):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.clicked.connect(self._clicked)
        self.doubleClicked.connect(self._double_clicked)
        self.selectionModel().selectionChanged.connect(self._selected)
        self._follows = False
        self.refresh()

    @property
    def keys(self) -> list[int]:
        """Keys of the selected patches, in the list's order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.patches.rows[row][0] for row in rows]

    def refresh(self) -> None:
        """Show the patches as they are now, the active one selected."""
        self._follows = True
        self.patches.refresh()
        current = self.session.current
        active = current.painting.active if current is not None else None
        keys = [key for key, *_ in self.patches.rows]
        another = active is not None and active in keys and active not in self.keys
        if active is not None and another:
            self.setCurrentIndex(self.patches.index(keys.index(active), NAME))  # so that F2 renames it
        self._follows = False
        shown = min(max(len(keys), 1), LONGEST)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown * ROW + 2 * self.frameWidth())
        if another:
            self.scrollTo(self.currentIndex())

    def selectionCommand(self, index: QModelIndex, event: Any = None) -> QItemSelectionModel.SelectionFlag:
        """Leave the chosen patch as it is where only an eye or a lock is clicked."""
        if index.column() in SIGNS:
            return QItemSelectionModel.SelectionFlag.NoUpdate
        return super().selectionCommand(index, event)

    def keyPressEvent(self, event: Any) -> None:
        """Delete the selected patches with the Delete key, and leave letters to the tools."""
        if event.matches(QKeySequence.StandardKey.Delete):
            self.session.remove_patches(self.keys)
        elif event.text().isalpha():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _selected(self, *_: object) -> None:
        if not self._follows:
            keys, current = self.keys, self.session.current
            if len(keys) == 1 and current is not None and current.painting.active != keys[0]:
                self.session.choose_patch(keys[0])
        self.picked.emit()

    def _clicked(self, index: Index) -> None:
        key, patch, _ = self.patches.rows[index.row()]
        if index.column() == SHOWN:
            self.session.restyle_patch(key, hidden=not patch.hidden)
        elif index.column() == LOCKED:
            self.session.restyle_patch(key, locked=not patch.locked)

    def _double_clicked(self, index: Index) -> None:
        key, patch, _ = self.patches.rows[index.row()]
        if index.column() == COLOUR:
            chosen = QColorDialog.getColor(QColor(patch.color), self, f"Colour of {patch.name}")
            if chosen.isValid():
                self.session.restyle_patch(key, color=chosen.name())
