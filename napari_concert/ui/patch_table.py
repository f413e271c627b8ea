"""The list of patches: shown or hidden, locked or not, colour, name, size, what each becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QColorDialog, QHeaderView, QTableView

from napari_concert.ui.captions import format_area

if TYPE_CHECKING:
    from napari_concert.patches import Patch
    from napari_concert.session import Session

Index: TypeAlias = QModelIndex | QPersistentModelIndex

SHOWN, LOCKED, COLOUR, NAME, SPOTS, AREA, BECOMES = range(7)
HEADERS = ("", "", "", "patch", "spots", "area", "becomes")
TIPS = (
    "Shown: the patch is drawn and part of the what-if. Hidden: it is left out of both.",
    "Locked: no tool changes its spots.",
    "Colour of its rings: double-click to choose another.",
    "Name: double-click to change it.",
    "Spots of the patch. In brackets: those that a later patch of the list takes, as the later one wins.",
    "Area of its spots.",
    "What its spots become. Choose it below the list.",
)
NARROW, LONGEST = 26, 7  # pixels of a column of ticks; most rows before the list scrolls
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
        return HEADERS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        _, patch, covered = self.rows[index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[column]
        if role == Qt.ItemDataRole.DecorationRole and column == COLOUR:
            return QColor(patch.color)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (SHOWN, LOCKED):
            return Qt.AlignmentFlag.AlignCenter
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._text(patch, covered).get(column)
        return None

    def _text(self, patch: Patch, covered: int) -> Mapping[int, str]:
        slide = self.session.slide
        return {
            SHOWN: "○" if patch.hidden else "●",
            LOCKED: "🔒" if patch.locked else "·",
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
        self.setShowGrid(False)
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(NARROW)
        for column in range(len(HEADERS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        for column in (SHOWN, LOCKED, COLOUR):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, NARROW)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
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
        if active in keys and active not in self.keys:
            self.selectRow(keys.index(active))
        self._follows = False
        row = self.verticalHeader().defaultSectionSize()
        shown = min(max(len(keys), 1), LONGEST)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown * row + 2 * self.frameWidth())

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
