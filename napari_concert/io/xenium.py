"""Patches as selections of Xenium Explorer (.csv): corners in µm, or cells. Loupe Browser's lists are read too.

A selection is one outline, so a patch in several parts becomes several selections: "name", "name (part 2)" …
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError
from napari_concert.io.colours import as_hex
from napari_concert.io.columns import distinct
from napari_concert.io.outlines import outlines_by_plane, ring_of
from napari_concert.patches import DEFAULT_COLOR, Patch
from napari_concert.slide import Slide

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

CELLS = ("cell id", "cell_id", "barcode")
LABELS = ("selection", "group")
_NAME = re.compile(r"#\s*selection name:(.*)", re.IGNORECASE)
_PART = re.compile(r" \(part (\d+)\)$")
_MARKS = ",;\t"


@dataclass
class _Selection:
    """What the lines of one selection say."""

    where: str
    colour: str | None = None
    section: str | None = None
    corners: list[tuple[float, float]] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


# -- in ---------------------------------------------------------------------------------------------------------------


def patches_of_selections(text: str, name: str, slide: Slide) -> list[Patch]:
    """Return the patches of a .csv of selections.

    Parameters
    ----------
    text
        What the file holds: lines that begin with ``#``, among them ``#Selection name:``, then a table with the columns
        ``X`` and ``Y`` (corners in µm) or ``Cell ID``, and perhaps ``Selection``, ``Color`` and ``Section``. Loupe
        Browser's ``Barcode`` and one more column, and ``cell_id,group,color``, are read as lists of cells. Columns may
        be separated by commas, semicolons (then numbers may have commas) or tabs.
    name
        Of the file, for messages; a selection without a name is called as the file without its ending.
    slide
        Whose spots are meant. A cell is looked up among the names of spots, then in an obs column ``cell_id``; cells
        that the slide lacks, such as those that were filtered out, are left out.

    Returns
    -------
    list of Patch
        One a selection; parts of one patch are joined.

    Raises
    ------
    ConcertError
        If it is no such table, no cell is the slide's, or the slide's µm per unit is not known.
    """
    selections = _selections(text, name)
    listed = [cell for selection in selections.values() for cell in selection.cells]
    rows_of_cell = _rows_of_cells(listed, name, slide) if listed else {}
    index = SpotIndex(slide.coords[:, :2], slide.places)
    found: dict[str, list[Rows]] = {}
    colours: dict[str, str] = {}
    for label, selection in selections.items():
        whole = _PART.sub("", label)
        key = whole if whole in selections else label
        cells = np.array([rows_of_cell[cell] for cell in selection.cells if cell in rows_of_cell], dtype=np.int64)
        found.setdefault(key, []).extend([cells, _inside(selection, index, slide)])
        colours.setdefault(key, selection.colour or DEFAULT_COLOR)
    return [Patch(np.concatenate(rows), name=key, color=colours[key]) for key, rows in found.items()]


def _selections(text: str, name: str) -> dict[str, _Selection]:
    """Return what a file says of each selection."""
    selections: dict[str, _Selection] = {}
    for label, where, row in _lines(text, name):
        if not label:
            continue  # a cell that is in no group
        selection = selections.setdefault(label, _Selection(where))
        selection.colour = selection.colour or as_hex(row.get("color"))
        selection.section = selection.section or row.get("section")
        cell = next((row[column] for column in CELLS if column in row), None)
        if cell is None:
            selection.corners.append((_number(row["x"], where), _number(row["y"], where)))
        elif cell:
            selection.cells.append(cell)
    return selections


def _lines(text: str, name: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield, for each line of a table, the selection it belongs to, where it stands, and its values by column."""
    title, header, mark = re.sub(r"\.csv$", "", name, flags=re.IGNORECASE), list[str](), ","
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip().strip(_MARKS + ' "')  # spreadsheets quote lines with commas, and fill them up
        if not bare:
            continue
        said = _NAME.match(bare)
        if said:  # files may be joined, one selection after another
            title, header = said[1].strip() or title, []
        if said or (bare.startswith("#") and not header):
            continue
        where = f"{name}, line {number}"
        if not header:
            mark = max(_MARKS, key=line.count)
            header = _header(next(csv.reader([line], delimiter=mark)), where)
            continue
        values = [value.strip() for value in next(csv.reader([line], delimiter=mark))]
        if len(values) < len(header):
            raise ConcertError(f"{where} has {len(values)} values for {len(header)} columns. Export it again.")
        row = dict(zip(header, values, strict=False))
        if "x" in row and mark == ";":
            row |= {axis: row[axis].replace(",", ".") for axis in ("x", "y")}
        label = next((column for column in LABELS if column in row), None)
        if label is None and header[0] == "barcode" and len(header) > 1:
            label = header[1]
        yield (title if label is None else row[label]), where, row


def _header(titles: Sequence[str], where: str) -> list[str]:
    header = [title.strip().lower() for title in titles]
    if {"x", "y"} <= set(header) or set(CELLS) & set(header):
        return header
    raise ConcertError(
        f"{where} has the columns {', '.join(titles)[:80]}, but neither X and Y nor Cell ID. Export the coordinates "
        "or the cells of a selection from Xenium Explorer."
    )


def _number(said: str, where: str) -> float:
    try:
        number = float(said)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise ConcertError(f"{where} has {said!r} where a number of µm should be. Export it again.")
    return number


def _rows_of_cells(cells: Sequence[str], name: str, slide: Slide) -> dict[str, int]:
    """Return the rows of the cells that the slide has."""
    names = [slide.spot_names]
    if "cell_id" in slide.adata.obs:
        names.append(pd.Index(slide.labels("cell_id")))
    for known in names:
        row_of = {str(cell): row for row, cell in enumerate(known)}
        if any(cell in row_of for cell in cells):
            return row_of
    raise ConcertError(
        f"{name} lists {len(cells)} cells, {cells[0]!r} and so on, but {slide.name} has none of them: its first is "
        f"{slide.spot_names[0]!r}. Is it a selection of another slide?"
    )


def _inside(selection: _Selection, index: SpotIndex, slide: Slide) -> Rows:
    if not selection.corners:
        return np.zeros(0, np.int64)
    if slide.units.um_per_unit is None:
        raise ConcertError(
            f"{selection.where} is in µm, but the µm per unit of {slide.name} is not known; set it first."
        )
    rows = index.spots_in_polygon(selection.corners)
    if selection.section is not None and slide.columns.section is not None:
        rows = rows[slide.labels(slide.columns.section)[rows] == selection.section]
    return rows[np.isfinite(slide.coords[rows]).all(axis=1)]


# -- out --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Outline:
    """One selection to be written; corners in µm, area in µm²."""

    name: str
    colour: str
    section: str | None
    corners: Floats
    area: float


def as_selections(slide: Slide, patches: Sequence[Patch]) -> str:
    """Return patches as the text of a .csv of corners in µm.

    Its columns are ``Selection,X,Y,Class,Color``, and ``Section`` where the slide has several. A hole is cut open: the
    outline runs to it, around it, and back. Targets are not written.

    Raises
    ------
    ConcertError
        If the slide's µm per unit is not known, or the outlines can't tell a patch's spots from others.
    """
    if slide.units.um_per_unit is None:
        raise ConcertError(
            f"Xenium Explorer's selections are in µm, but the µm per unit of {slide.name} is not known. Set it first, "
            "or save as .geojson."
        )
    # a name of one's own that looks like a part would be joined to another patch
    names = distinct(_PART.sub(r", part \1", patch.name.strip()) for patch in patches)
    outlines = [one for patch, name in zip(patches, names, strict=True) for one in _outlines(slide, patch, name)]
    text = _table(outlines)
    back = {patch.name: patch.spots for patch in patches_of_selections(text, "selections.csv", slide)}
    for patch, name in zip(patches, names, strict=True):
        _check(patch, back.get(name, np.zeros(0, np.int64)), slide)
    return text


def _outlines(slide: Slide, patch: Patch, name: str) -> Iterator[_Outline]:
    um, section_of, part = slide.units.factor, slide.columns.section, 0
    sections = None if section_of is None else slide.labels(section_of)
    for spots, polygons in outlines_by_plane(slide, patch.spots):
        section = None if sections is None else sections[spots[0]]
        for polygon in polygons:
            part += 1
            called = name if part == 1 else f"{name} (part {part})"
            yield _Outline(called, patch.color, section, ring_of(polygon) * um, polygon.area * um**2)


def _table(outlines: Sequence[_Outline]) -> str:
    names, areas = ", ".join(one.name for one in outlines), ", ".join(f"{one.area:.2f}" for one in outlines)
    many = "" if len(outlines) == 1 else "s"
    has_sections = any(one.section is not None for one in outlines)
    out = StringIO()
    out.write(f"#Selection name{many}: {names}\n#Area{many} (µm^2): {areas}\n")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["Selection", "X", "Y", "Class", "Color", *(["Section"] if has_sections else [])])
    for one in outlines:
        more = [one.section] if has_sections else []
        table.writerows([one.name, f"{x:.4f}", f"{y:.4f}", "Unclassified", one.colour, *more] for x, y in one.corners)
    return out.getvalue()


def _check(patch: Patch, back: Rows, slide: Slide) -> None:
    wrong = np.setxor1d(patch.spots, back)
    if wrong.size:
        raise ConcertError(
            f"An outline can't tell the spots of {patch.name!r} from others: spot {slide.spot_names[wrong[0]]!r} has "
            "no coordinates, or lies where another one does. Save as .geojson, which lists the spots."
        )
