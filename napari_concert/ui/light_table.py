"""Tables with a traffic light: genes and regions of a quality check."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from qtpy.QtCore import QModelIndex, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPixmap

from napari_concert.evaluate.quality import LIGHTS
from napari_concert.ui.gene_table import GeneTable
from napari_concert.ui.plots import MUTED
from napari_concert.ui.rank_columns import Column, Values, Write
from napari_concert.ui.rank_model import RankModel

# read on dark and on light; the word beside the dot tells them apart for every eye
COLOURS = {"green": "#2fa866", "amber": "#e69f00", "red": "#d9433b", "grey": MUTED}
DOT = 9  # pixels
DECORATION = Qt.ItemDataRole.DecorationRole


def _decimal(field: str, sign: str = "") -> Write:
    return lambda values, row, _: _or_dash(values[field][row], lambda value: f"{value:{sign}.2f}")


def _whole(field: str) -> Write:
    return lambda values, row, _: f"{values[field][row]:,.0f}"


def _or_dash(value: float, write: Any) -> str:
    return str(write(value)) if np.isfinite(value) else "–"


def _light(values: Values, row: int, _decimals: int) -> str:
    return LIGHTS[int(values["light"][row])]


LIGHT = Column("light", "Whether to trust it; the rule is below the table.", "light", _light, "amber ●")
SPREAD = Column(
    "spread\nof z",
    "Spread of z = (count − expected) / sd: 1 where intervals are right, more where too narrow, near 0 where too wide.",
    "z_sd",
    _decimal("z_sd"),
    "10.25",
    falls=True,
)
GENES = (
    Column("gene", "Click a row to see the gene in the hidden spots."),
    LIGHT,
    Column(
        "R²\nmodel",
        "Share of the variance of the hidden counts that the prediction explains; 0 is what the slide's mean does.",
        "explained",
        _decimal("explained"),
        "−0.25",
        falls=True,
    ),
    Column(
        "R² of 6\nnearest",
        "The same of the mean of the 6 nearest spots that were not hidden.",
        "explained_nearest",
        _decimal("explained_nearest"),
        "−0.25",
        falls=True,
    ),
    SPREAD,
    Column(
        "pattern\nleft",
        "Moran's I of z: 0 where no pattern in space is left over, above 0 where neighbours are off alike.",
        "moran",
        _decimal("moran", "+"),
        "+0.25",
        falls=True,
    ),
    Column("counts", "Counts in all hidden spots together.", "counts", _whole("counts"), "12,345", falls=True),
)
REGIONS = (
    Column("region", "Hidden spots by their label."),
    LIGHT,
    Column("spots", "Hidden spots in the region.", "spots", _whole("spots"), "12,345", falls=True),
    Column(
        "error",
        "Mean absolute error over spots and genes, of log(1 + count at median depth).",
        "error",
        _decimal("error"),
        "10.25",
        falls=True,
    ),
    SPREAD,
)


class LightModel(RankModel):
    """Rows with a light: the dot beside its word; green ones are the sure ones."""

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a table of ranks does, and the dot of the light."""
        if self.columns[index.column()] is LIGHT:
            if role == DECORATION:
                return dot(LIGHTS[int(self._values["light"][self.shown[index.row()]])])
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return super().data(index, role)

    def _sure(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self._values["light"] == LIGHTS.index("green"))

    def _ink(self, row: int, _column: Column) -> QColor | None:
        return QColor(MUTED) if LIGHTS[int(self._values["light"][row])] == "grey" else None


class LightTable(GeneTable):
    """A sortable table of genes or regions."""

    def __init__(self) -> None:
        super().__init__(LightModel)

    def show_lights(self, frame: pd.DataFrame | None, columns: tuple[Column, ...]) -> None:
        """Show rows: by light, and within one those that are explained best, or have most spots, first."""
        self.show_rows(None if frame is None else ranked(frame), 1.0, "", columns)

    def shown_rows(self) -> pd.DataFrame:
        """Return the rows as shown, filtered and sorted."""
        rows = self.genes.frame.iloc[self.genes.shown]
        return rows.assign(light=[LIGHTS[code] for code in rows["light"]])


def ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with lights as their position, sorted by them and by how well a row is explained."""
    best = -frame["explained"] if "explained" in frame else frame["z_sd"]
    codes = pd.Categorical(frame["light"], LIGHTS).codes.astype(np.int64)
    return frame.assign(light=codes).iloc[np.lexsort((best, codes))]


def dot(light: str) -> QPixmap:
    """Return a disc in the colour of a light."""
    picture = QPixmap(DOT, DOT)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(COLOURS[light]))
    painter.drawEllipse(QRectF(0.5, 0.5, DOT - 1, DOT - 1))
    painter.end()
    return picture
