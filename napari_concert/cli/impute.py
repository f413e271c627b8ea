"""``napari-concert impute``: expression at positions that were never measured."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_concert.cli.columns import ROLES, SLIDE, add_coordinate_options, add_spacing_option
from napari_concert.cli.output import emit, note, plural
from napari_concert.cli.parser import NewPatch, SetTarget, at_least, names
from napari_concert.cli.predict import SPOTS_HELP, check, read_slide, what_if_of
from napari_concert.errors import ConcertError, UnknownName

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_concert.cli.parser import Commands
    from napari_concert.concert import Concert
    from napari_concert.concert.imputation import Imputation
    from napari_concert.slide import Slide
    from napari_concert.slide.filling import Places

AT_HELP = "positions: columns x, y[, z] in the slide's units, section where there are several, and attributes if known"
SECTION_HELP = "a whole section at this z between two of a registered stack, in the slide's units (µm where known)"
HOLE_HELP = (
    "a hole: spots as for --spots, or an outline (.geojson), which may hold no spot. New spots continue the slide's "
    "lattice in it; spots in it are not trusted: their counts are left out, and they are predicted anew"
)
GAPS_HELP = "with --fill-hole: trust the measured spots in the hole, and fill only the gaps between them"
DENSE_HELP = "the whole tissue, so many times as dense; 3, 4, 7 or 9 keep measured spots in a hexagonal lattice"
JOIN_HELP = "write the measured slide, too, with the new spots after its own (obs: measured)"
SET_HELP = "what all new spots are, e.g. tissue=tumour; after a --spots, what that patch becomes; may repeat"


def add(commands: Commands) -> None:
    """Add the command."""
    about = "Predict expression at positions that were never measured. What is not known of them is inferred."
    parser = commands.add_parser("impute", help="predict at positions that were never measured", description=about)
    parser.add_argument("path", metavar="PATH", type=Path, help=SLIDE)
    parser.add_argument("--model", metavar="DIR", type=Path, required=True, help="folder of the trained model")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--at", metavar="COORDS.csv", type=Path, help=AT_HELP)
    where.add_argument("--fill-hole", metavar="PATCH", help=HOLE_HELP)
    where.add_argument("--densify", metavar="K", type=at_least(2), help=DENSE_HELP)
    where.add_argument("--section-at", metavar="Z", type=float, help=SECTION_HELP)
    parser.add_argument("--gaps-only", action="store_true", help=GAPS_HELP)
    parser.add_argument("--spots", metavar="SPOTS", dest="patches", action=NewPatch, help=SPOTS_HELP)
    parser.add_argument("--set", metavar="ATTRIBUTE=VALUE", dest="patches", action=SetTarget, help=SET_HELP)
    parser.add_argument("--out", metavar="OUT.h5ad", type=Path, required=True, help="file to write")
    parser.add_argument("--join", action="store_true", help=JOIN_HELP)
    parser.add_argument("--only-genes", metavar="A,B", type=names, help="genes to write; all modelled ones by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_coordinate_options(parser)
    add_spacing_option(parser)
    parser.set_defaults(run=run, patches=[("", {})])  # a --set before any --spots is about the new spots


def run(args: Namespace) -> int:
    """Predict at new positions, write, and report."""
    (_, given), *patches = args.patches
    check(args, patches)
    if args.gaps_only and args.fill_hole is None:
        raise ConcertError("--gaps-only says how a hole is filled: give one with --fill-hole PATCH.")
    from napari_concert.concert import Concert
    from napari_concert.io import read_positions, write_imputation
    from napari_concert.slide.filling import Places

    table = None if args.at is None else read_positions(args.at)  # before the slow part: it may have errors
    model = Concert.load(args.model)
    slide = read_slide(args, model)
    places, said = (Places(slide, table), {"positions": str(args.at)}) if table is not None else _places(slide, args)
    what_if, genes = what_if_of(patches, slide, model), _genes(args.only_genes, model, slide)
    found = model.impute(_with_given(places.table, given, model), places.slide, what_if, genes)
    record = {**found.provenance, **said, "command": args.command_line, "model": str(args.model)}
    report = {**_report(found, places), **said}
    join = places.slide if args.join else None
    write_imputation(args.out, replace(found, provenance=record), join=join)
    _tell(report, args)
    return 0


def _places(slide: Slide, args: Namespace) -> tuple[Places, dict[str, Any]]:
    """Return where to predict, and what is reported of it."""
    from napari_concert.io import read_areas
    from napari_concert.slide.filling import densify, fill_hole

    if args.densify is not None:
        return densify(slide, args.densify), {"densified": args.densify}
    if args.fill_hole is None:
        return _section(slide, args.section_at)
    places = fill_hole(slide, read_areas(args.fill_hole, slide), gaps_only=args.gaps_only)
    left_out = slide.spot_names[places.slide.left_out].astype(str).tolist()
    return places, {"hole": args.fill_hole, "gaps_only": args.gaps_only, "left_out": left_out}


def _section(slide: Slide, z: float) -> tuple[Places, dict[str, Any]]:
    """Return the positions of a section at a height, and what is reported of it."""
    from pandas import DataFrame

    from napari_concert.slide.between import positions_between
    from napari_concert.slide.filling import Places

    gap, places = positions_between(slide, z)
    between = [{"section": gap.lower, "z": gap.below}, {"section": gap.upper, "z": gap.above}]
    said = {"z": gap.z, "unit": slide.units.name, "between": between}
    return Places(slide, DataFrame(places, columns=["x", "y", "z"])), {"predicted_section": said}


def _with_given(table: DataFrame, given: Mapping[str, str], model: Concert) -> DataFrame:
    """Return the table with what ``--set`` says of all new spots."""
    learned = {"perturbation": model.states, "tissue": model.tissues, "section": model.columns["section"]}
    roles = [role for role in ROLES if learned[role]]
    known = [*roles, *(model.columns[role] for role in roles), *model.vocabulary.continuous]
    for name in given:
        if name not in known:
            raise UnknownName("attribute (for --set)", name, dict.fromkeys(known))
        if name in table:
            raise ConcertError(f"Both --set and a column of the positions say {name!r}; keep one.")
    return table.assign(**given)


def _genes(wanted: tuple[str, ...] | None, model: Concert, slide: Slide) -> list[str]:
    """Return the genes to predict, in the order of the slide.

    Raises
    ------
    UnknownName
        If one is not modelled.
    """
    for gene in wanted or ():
        if gene not in model.genes:
            raise UnknownName("modelled gene", gene, model.genes)
    kept = set(wanted or model.genes)
    return [gene for gene in slide.genes if gene in kept]


def _report(found: Imputation, places: Places) -> dict[str, Any]:
    """Return what was predicted, as JSON values."""
    slide = places.slide
    return {
        "new_spots": len(found),
        "measured_spots": int(slide.usable.sum()),
        "predicted_anew": places.anew,
        "genes": len(found.genes),
        "value_unit": "counts at the median library size",
        "median_library_size": slide.median_total,
        "inferred": {role: _inferred(found, role, getattr(slide.columns, role)) for role in found.probabilities},
        "farthest": float(found.obs["distance_to_measured"].max()),
        "farthest_unit": slide.units.name,
        "least_spatial_known": float(found.obs["spatial_known"].min()),
        "calibration": dict(found.provenance["calibration"]),
        "warnings": list(found.warnings),
    }


def _inferred(found: Imputation, role: str, column: str) -> dict[str, Any]:
    """Return at how many spots a label was inferred, and how many of these are expected to have which."""
    missing = found.obs[column].isna()
    return {"spots": int(missing.sum()), "expected": found.probabilities[role][missing].sum().to_dict()}


def _tell(report: Mapping[str, Any], args: Namespace) -> None:
    for text in report["warnings"]:
        note(f"warning: {text}")
    if args.json:
        emit({"out": str(args.out), "model": str(args.model), **report})
        return
    print(f"{plural(report['new_spots'], 'new spot')} × {plural(report['genes'], 'gene')}")
    if report["predicted_anew"]:
        print(f"{report['predicted_anew']} of them are spots of the slide whose counts were left out")
    if section := report.get("predicted_section"):
        low, high = (f"{each['section']} (z {each['z']:g})" for each in section["between"])
        print(f"a predicted section at z {section['z']:g} {section['unit']}, between {low} and {high}")
    for role, inferred in report["inferred"].items():
        if inferred["spots"]:
            print(f"{role} inferred at {plural(inferred['spots'], 'spot')}; spots expected: {_counts(inferred)}")
    print(report["calibration"]["said"])
    print(f"Written to {args.out}.")


def _counts(inferred: Mapping[str, Any]) -> str:
    return ", ".join(f"{label} {count:.1f}" for label, count in inferred["expected"].items())
