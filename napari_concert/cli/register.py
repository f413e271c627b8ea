"""``napari-concert register``: sections of one tissue brought into one frame."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_concert.cli.columns import SLIDE, SPACING, ColumnOptions, with_columns
from napari_concert.cli.output import emit, note, plural
from napari_concert.cli.parser import names, positive
from napari_concert.cli.paths import require_writable_file
from napari_concert.cli.progress import Line, duration
from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands
    from napari_concert.registration import Registration
    from napari_concert.slide import Slide, Stack

ABOUT = "Bring the sections of a stack into one frame, by expression and shape. Several files become one stack."


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("register", help="align the sections of a stack", description=ABOUT)
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help=SLIDE)
    parser.add_argument("--out", metavar="OUT.h5ad", type=Path, required=True, help="file to write")
    parser.add_argument("--section", metavar="COL", help="section id; guessed by default ('info' shows how)")
    parser.add_argument("--order", metavar="A,B", type=names, help="sections from the lowest to the highest")
    parser.add_argument("--z-spacing", metavar="UM", type=positive, help=SPACING)
    parser.add_argument("--reference", metavar="NAME", help="section that stays as it lies; the middle one by default")
    parser.add_argument("--mirror", action="store_true", help="sections may have been mounted the other way up")
    parser.add_argument("--um-per-unit", metavar="X", type=positive, help="µm of a coordinate unit")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Register, write, and report."""
    _check(args)
    from napari_concert.io import write_registered

    started = time.perf_counter()
    slide = _slide(args)
    found = _registered(slide, args)
    registered = found.apply(slide)
    write_registered(args.out, registered)
    _tell(found, registered, args, time.perf_counter() - started)
    return 0


def _check(args: Namespace) -> None:
    require_writable_file(args.out, (".h5ad",))
    if args.out.exists() and any(path.exists() and args.out.samefile(path) for path in args.paths):
        raise ConcertError(f"{args.out} is the slide itself; give --out another name.")


def _slide(args: Namespace) -> Slide:
    """Return the slide with its sections in the order and at the heights that were asked for."""
    from napari_concert.io import read, read_stack
    from napari_concert.slide.sections import stack_of

    if len(args.paths) > 1:
        slide = read_stack(args.paths, section=args.section, um_per_unit=args.um_per_unit)
    else:
        options = ColumnOptions(section=args.section)
        slide = with_columns([read(args.paths[0], um_per_unit=args.um_per_unit)], options)[0]
    for text in slide.notes:
        note(f"note: {text}")
    return slide.with_stack(_ordered(stack_of(slide), args.order, args.z_spacing))


def _ordered(stack: Stack, order: tuple[str, ...] | None, spacing: float | None) -> Stack:
    from napari_concert.slide import Stack

    if order is not None:
        for name in order:
            stack.position(name)
        left = [name for name in stack.order if name not in order]
        if left:
            raise ConcertError(f"--order leaves out {', '.join(left)}; name every section once.")
        stack = Stack.spaced(order, stack.spacing or 1.0, assumed=True).moved(stack.moves)
    return stack if spacing is None else stack.respaced(spacing)


def _registered(slide: Slide, args: Namespace) -> Registration:
    from napari_concert.registration import registering

    line = Line()
    work = registering(slide, reference=args.reference, mirror=args.mirror)
    try:
        while True:
            step = next(work)
            line.show(f"{step.text} … {step.done / step.total:.0%}")
    except StopIteration as end:
        found: Registration = end.value
        return found
    finally:
        line.close()


def _tell(found: Registration, slide: Slide, args: Namespace, seconds: float) -> None:
    for text in found.notes:
        note(f"note: {text}")
    if args.json:
        emit(_report(found, slide, args, seconds))
        return
    from napari_concert.registration import table

    if found.scores:
        print("\n".join(table(found.scores)))
    heights = ", ".join(f"{name} {z:g}" for name, z in zip(found.stack.order, found.stack.heights, strict=True))
    guess = " (a guess; say --z-spacing)" if found.stack.assumed else ""
    print(f"Reference {found.reference}. Heights in {slide.units.name}{guess}: {heights}.")
    print(f"{plural(len(found.stack.order), 'section')} in {duration(seconds)}. Written to {args.out}.")


def _report(found: Registration, slide: Slide, args: Namespace, seconds: float) -> dict[str, Any]:
    return {
        "out": str(args.out),
        "reference": found.reference,
        "sections": list(found.stack.order),
        "heights": list(found.stack.heights),
        "heights_assumed": found.stack.assumed,
        "unit": slide.units.name,
        "moves": {name: asdict(found.stack.move_of(name)) for name in found.stack.order},
        "scores": [score.to_json() for score in found.scores],
        "notes": [*slide.notes, *found.notes],
        "seconds": round(seconds, 2),
    }
