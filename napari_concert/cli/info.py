"""``napari-concert info``: what is in a slide."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from napari_concert.cli.columns import SLIDE
from napari_concert.cli.output import emit

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands

SHOWN_VALUES = 12


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("info", help="what is in a slide", description="Describe a slide.")
    parser.add_argument("path", metavar="PATH", help=SLIDE)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Describe a slide."""
    from napari_concert.io import read

    found = read(args.path).describe()
    if args.json:
        emit(found)
    else:
        print("\n".join(f"{name:<14} {text}" for name, text in lines(found)))
    return 0


def lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a slide's description as names and texts."""
    unit = found["units"]
    yield "slide", found["name"]
    yield "spots", f"{found['spots']:,} ({found['usable_spots']:,} with counts and coordinates)"
    yield "genes", f"{found['genes']:,} ({found['empty_genes']:,} without counts)"
    yield "counts", f"raw, from {found['counts_source']}; median {found['median_counts']:,.0f} a spot"
    yield "coordinates", f"{found['dimensions']}D, in {unit} ({found['units_source']})"
    yield "lattice", f"{found['lattice']}, spot pitch {found['pitch']:g} {unit}"
    yield "sections", ", ".join(found["sections"]) or "one"
    if found["sections"]:
        yield "", "registered: one frame" if found["registered"] else "not registered: sections are kept apart"
    yield "perturbation", _column(found["perturbation"], "none guessed; give --perturbation COL for what-ifs")
    if found["perturbation"]:
        yield "control", ", ".join(found["control"]) or "none guessed; give --control STATE"
    yield "unknown", ", ".join(found["unknown"]) or "none"
    yield "tissue", _column(found["tissue"], "none guessed")
    yield "continuous", ", ".join(found["continuous"]) or "none guessed"
    yield "label columns", ", ".join(found["categorical_columns"]) or "none"
    yield "image", found["image"] or "none"
    for note in found["notes"]:
        yield "note", note


def _column(column: Mapping[str, Any] | None, otherwise: str) -> str:
    if column is None:
        return otherwise
    values = [f"{label} {count:,}" for label, count in column["values"].items()]
    more = f", … ({len(values)} labels)" if len(values) > SHOWN_VALUES else ""
    return f"{column['column']}: {', '.join(values[:SHOWN_VALUES])}{more}"
