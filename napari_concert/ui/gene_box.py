"""The searchable box of genes and obs columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal
from qtpy.QtCore import QStringListModel, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QCompleter, QLineEdit

from napari_concert.errors import UnknownName, match_names
from napari_concert.session import Colour
from napari_concert.session.shown import CUT_OFF
from napari_concert.ui.theme import popup_style
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import follow

if TYPE_CHECKING:
    from napari_concert.session import Session

MOST_MATCHES = 40
LEADING_GENES = 12
MOST_SETS = 10
KINDS = {"set": "gene set"}  # how a kind of choice is listed, if otherwise


class GeneBox(QLineEdit):
    """Type a few letters of a gene or an obs column; nearest names are suggested for a misspelling.

    Where a model knows how far the painted state reaches, its cut-off is offered as well.

    Attributes
    ----------
    failed
        Emitted with one line when what was typed names nothing.
    """

    failed = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._names: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._offered: dict[str, Colour] = {}
        self.matches = QStringListModel(self)
        self.setObjectName("concert_gene_box")
        self.setPlaceholderText("Search genes and columns …")
        self.setToolTip(TIPS["gene"])
        self.setClearButtonEnabled(True)
        self._make_popup()
        self.textEdited.connect(self._suggest)
        self.returnPressed.connect(self._take_typed)
        follow(self, session.slide_changed, self._on_slide)
        follow(self, session.columns_changed, self._on_slide)
        follow(self, session.shown_changed, self._show_current)
        self._on_slide()

    def _make_popup(self) -> None:
        """Let Qt pop up our own matches, unfiltered: ours know misspellings."""
        completer = QCompleter(self.matches, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setMaxVisibleItems(14)
        # queued, because the line edit itself first takes the row's text, which for a column says "column" as well
        completer.activated[str].connect(self._take_chosen, Qt.ConnectionType.QueuedConnection)
        self.setCompleter(completer)

    def _on_slide(self) -> None:
        slide = self.session.slide
        self._names = tuple(slide.genes) if slide is not None else ()
        self._columns = (*slide.categorical_columns, *slide.continuous_columns) if slide is not None else ()
        self._columns = tuple(dict.fromkeys(self._columns))
        self.setEnabled(slide is not None)
        self._show_current()

    def _show_current(self) -> None:
        colour = self.session.colour
        self.setText(colour.name if colour is not None else "")

    # -- suggestions --------------------------------------------------------------------------------------------------

    def _suggest(self, text: str) -> None:
        """List what the letters may mean, at each keystroke."""
        query = text.strip()
        found = self._found(query) if query else self._first_choices()
        self._offered = {_text(colour): colour for colour in found}
        self.matches.setStringList(list(self._offered))

    def _found(self, query: str) -> list[Colour]:
        columns = [name for name in self._columns if query.lower() in name.lower()]
        genes = match_names(query, self._names, MOST_MATCHES)
        learned = [colour for colour in self._learned() if query.lower() in colour.name]
        sets = [name for name in self.session.gene_sets if query.lower() in name.lower()][:MOST_SETS]
        return [
            *(Colour("column", name) for name in columns),
            *learned,
            *(Colour("gene", name) for name in genes),
            *(Colour("set", name) for name in sets),
        ]

    def _learned(self) -> list[Colour]:
        """Return what the model learned of every spot."""
        return [] if self.session.no_reach else [CUT_OFF]

    def _first_choices(self) -> list[Colour]:
        """Return what an empty box offers: columns, what was learned, the genes that change most or the first ones."""
        result = self.session.result
        ranked = result.patch_genes if result is not None else None
        genes = [str(name) for name in ranked.index[:LEADING_GENES]] if ranked is not None else []
        genes = genes or list(self._names[:LEADING_GENES])
        columns = [Colour("column", name) for name in self._columns]
        return [*columns, *self._learned(), *(Colour("gene", name) for name in genes)]

    def focusInEvent(self, event: Any) -> None:
        """Offer first choices, and let typing replace the shown name."""
        super().focusInEvent(event)
        self.completer().popup().setStyleSheet(popup_style())  # the theme may be another one by now
        if event.reason() != Qt.FocusReason.PopupFocusReason:  # the list closing gives the focus back as well
            self.selectAll()
            self._suggest("")

    def keyPressEvent(self, event: Any) -> None:
        """Pass undo and redo on to the painting, unless a name is being typed."""
        is_ours = self._shows_current()
        if is_ours and event.matches(QKeySequence.StandardKey.Undo):
            self.session.undo()
        elif is_ours and event.matches(QKeySequence.StandardKey.Redo):
            self.session.redo()
        else:
            super().keyPressEvent(event)

    def _shows_current(self) -> bool:
        colour = self.session.colour
        return colour is not None and self.text() == colour.name

    def mousePressEvent(self, event: Any) -> None:
        """Open the list of choices on a click."""
        super().mousePressEvent(event)
        self.selectAll()
        self._suggest("")
        self.completer().complete()

    # -- choices ------------------------------------------------------------------------------------------------------

    def _take_chosen(self, text: str) -> None:
        if text in self._offered:
            self.choose(self._offered[text])

    def _take_typed(self) -> None:
        """Take what was typed if it names something (whatever its case); else say what is nearest."""
        text = self.text().strip()
        if not text:
            self._show_current()
            return
        if text in self._offered:  # a row of the list that the arrow keys reached
            self.choose(self._offered[text])
            return
        learned = tuple(colour.name for colour in self._learned())
        kinds = {"column": self._columns, "learned": learned, "gene": self._names, "set": tuple(self.session.gene_sets)}
        for kind, names in kinds.items():
            exact = [name for name in names if name == text] or [name for name in names if name.lower() == text.lower()]
            if exact:
                self.choose(Colour(kind, exact[0]))
                return
        self.failed.emit(str(UnknownName("gene or column", text, (*self._columns, *self._names))))

    def choose(self, colour: Colour) -> None:
        """Show a gene, a gene set or a column."""
        self.completer().popup().hide()
        if colour.kind == "gene":
            self.session.show_gene(colour.name)
        elif colour.kind == "set":
            self.session.show_set(colour.name)
        elif colour == CUT_OFF:
            self.session.show_cut_offs()
        else:
            self.session.show_column(colour.name)
        self.setText(colour.name)
        self.selectAll()


def _text(colour: Colour) -> str:
    """Return how a choice is listed."""
    return colour.name if colour.kind == "gene" else f"{colour.name}  ·  {KINDS.get(colour.kind, colour.kind)}"
