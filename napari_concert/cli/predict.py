"""``napari-concert predict``: what painted spots become, and what that does around them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_concert.cli.columns import SLIDE, add_coordinate_options, add_spacing_option, as_trained, in_space
from napari_concert.cli.output import emit, note
from napari_concert.cli.parser import NewPatch, SetTarget, names
from napari_concert.cli.paths import require_writable_file
from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands
    from napari_concert.concert import Concert
    from napari_concert.patches import WhatIf
    from napari_concert.prediction import Prediction
    from napari_concert.slide import Slide

SPOTS_HELP = (
    "file of a patch: CONCERT .txt (1-based rows of the file), .geojson, or .csv (selections of Xenium Explorer, in µm "
    "or as cells); or obs:COLUMN (a column of yes or no), or obs:COLUMN=LABEL; begins a patch, may repeat"
)
SET_HELP = "what the patch's spots become, e.g. perturbation=Jak2; may repeat"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "predict", help="predict a what-if with a saved model", description="Predict what painted spots become."
    )
    parser.add_argument("path", metavar="PATH", type=Path, help=SLIDE)
    parser.add_argument("--model", metavar="DIR", type=Path, required=True, help="folder of the trained model")
    parser.add_argument("--spots", metavar="SPOTS", dest="patches", action=NewPatch, required=True, help=SPOTS_HELP)
    parser.add_argument("--set", metavar="ATTRIBUTE=VALUE", dest="patches", action=SetTarget, help=SET_HELP)
    parser.add_argument("--out", metavar="OUT.h5ad", type=Path, required=True, help="file to write")
    parser.add_argument("--only-genes", metavar="A,B", type=names, help="genes to write; all modelled ones by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_coordinate_options(parser)
    add_spacing_option(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Predict, write, and report."""
    check(args, args.patches)
    from napari_concert.cli.report import Report
    from napari_concert.concert import Concert
    from napari_concert.io import write_prediction

    model = Concert.load(args.model)
    slide = read_slide(args, model)
    what_if = what_if_of(args.patches, slide, model)
    prediction = _with_command(_in_slide_order(model.predict(what_if, slide), slide), args)
    for gene in args.only_genes or ():
        prediction.index_of(gene)
    report = Report(slide, what_if, prediction)
    found, lines = (report.to_json(), []) if args.json else ({}, report.lines())  # before there is a file: it may fail
    write_prediction(args.out, replace(prediction, warnings=report.warnings), args.only_genes)
    _tell(found, lines, report.warnings, args)
    return 0


def check(args: Namespace, patches: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    """Check before any work that the result can be written, and that every patch becomes something.

    Raises
    ------
    ConcertError
        If not.
    """
    require_writable_file(args.out, (".h5ad",))
    if args.out.exists() and args.path.exists() and args.out.samefile(args.path):
        raise ConcertError(f"{args.out} is the slide itself; give --out another name.")
    for spots, target in patches:
        if not target:
            raise ConcertError(f"--spots {spots} has no --set; say what they become: --set perturbation=STATE.")


def read_slide(args: Namespace, model: Concert) -> Slide:
    """Read the slide as the model's own were read."""
    from napari_concert.io import read

    um_per_unit = args.um_per_unit if args.um_per_unit is not None else model.um_per_unit
    registered = True if args.registered or model.registered else None
    slide = as_trained(model, read(args.path, um_per_unit=um_per_unit, registered=registered))
    return in_space(slide, args.z_spacing)


def what_if_of(patches: Sequence[tuple[str, Mapping[str, str]]], slide: Slide, model: Concert) -> WhatIf:
    """Return the what-if of patches, each with what its spots become."""
    from napari_concert.io import read_spots
    from napari_concert.patches import Patch, WhatIf

    made = [Patch(read_spots(spots, slide), _target(target, model), name=spots) for spots, target in patches]
    return WhatIf(*made)


def _target(given: Mapping[str, str], model: Concert) -> dict[str, str | float]:
    """Return a target under the attributes' general names, numbers as numbers."""
    general = {model.columns[role]: role for role in ("perturbation", "tissue") if model.columns[role]}
    target: dict[str, str | float] = {}
    for name, value in given.items():
        is_number = name in model.vocabulary.continuous
        target[general.get(name, name)] = _number(name, value) if is_number else value
    return target


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ConcertError(f"{name} is a number, not {value!r}; write --set {name}=3.5.") from None


def _in_slide_order(prediction: Prediction, slide: Slide) -> Prediction:
    """Return the prediction with its genes as this slide has them; the model has them as its first slide did."""
    import numpy as np
    from pandas import Index

    order = np.argsort(slide.genes.get_indexer(Index(prediction.genes)))
    return replace(
        prediction,
        genes=tuple(prediction.genes[g] for g in order),
        weights=prediction.weights[:, order],
        unshrunk=None if prediction.unshrunk is None else prediction.unshrunk[:, order],
        covariance=prediction.covariance[order],
        observed=prediction.observed[:, order],
        dispersion=prediction.dispersion[order],
    )


def _with_command(prediction: Prediction, args: Namespace) -> Prediction:
    """Return the prediction with what was typed in its record."""
    record = {**prediction.provenance, "command": args.command_line, "model": str(args.model)}
    return replace(prediction, provenance=record)


def _tell(found: Mapping[str, object], lines: Sequence[str], warnings: Sequence[str], args: Namespace) -> None:
    for text in warnings:
        note(f"warning: {text}")
    if args.json:
        emit({"out": str(args.out), "model": str(args.model), **found})
    else:
        print("\n".join([*lines, f"Written to {args.out}."]))
