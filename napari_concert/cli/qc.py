"""``napari-concert qc``: hide measured spots, predict them, and say which genes and regions can be trusted."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_concert.cli.columns import SLIDE, add_coordinate_options, add_spacing_option
from napari_concert.cli.output import emit, note
from napari_concert.cli.parser import at_least, positive
from napari_concert.cli.paths import require_writable_folder
from napari_concert.cli.predict import SPOTS_HELP, read_slide
from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands
    from napari_concert.concert import Concert
    from napari_concert.evaluate.quality import Check, Hiding
    from napari_concert.slide import Slide

WAYS = ("holes", "random", "stripe", "every-second", "section", "painted")
HIDE_HELP = (
    "round holes (the default), single spots at random, a stripe across the middle, every second spot, a whole "
    "section, or painted spots (--spots)"
)
TRAIN_HELP = "train a model without the hidden spots first, as the saved one was; it stays as it is"


def add(commands: Commands) -> None:
    """Add the command."""
    about = "Hide measured spots, predict them from the rest, and say which genes and regions can be trusted."
    parser = commands.add_parser("qc", help="which genes and regions to trust, by hiding spots", description=about)
    parser.add_argument("path", metavar="PATH", type=Path, help=SLIDE)
    parser.add_argument("--model", metavar="DIR", type=Path, required=True, help="folder of the trained model")
    parser.add_argument("--hide", choices=WAYS, help=HIDE_HELP)
    parser.add_argument("--share", metavar="S", type=share, help="of the spots: random and holes (default 0.1)")
    parser.add_argument("--hole", metavar="N", type=at_least(1), help="spots of each hole (default 40)")
    parser.add_argument("--width", metavar="W", type=positive, help="of the stripe, in spot distances (default 4)")
    parser.add_argument("--section", metavar="NAME", help="the section to hide")
    parser.add_argument("--spots", metavar="SPOTS", help=SPOTS_HELP.partition("; begins a patch")[0])
    parser.add_argument("--seed", metavar="N", type=at_least(0), default=0, help="draws what is hidden (default 0)")
    parser.add_argument("--train", action="store_true", help=TRAIN_HELP)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder to write")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_coordinate_options(parser)
    add_spacing_option(parser)
    parser.set_defaults(run=run)


def share(text: str) -> float:
    """Read a share of the spots."""
    number = positive(text)
    if number >= 1:
        raise ArgumentTypeError(f"{text} is not a share; give a number between 0 and 1, such as 0.1")
    return number


def run(args: Namespace) -> int:
    """Check, write, and report."""
    hiding = hiding_of(args)
    require_writable_folder(args.out)
    from napari_concert.concert import Concert
    from napari_concert.evaluate.quality import summary, write_check
    from napari_concert.io import read_spots

    model = Concert.load(args.model)
    slide = read_slide(args, model)
    painted = read_spots(args.spots, slide) if args.spots else ()
    done = _check(slide, model, hiding, painted, args)
    found = summary(done, args.command_line)
    write_check(args.out, done, args.command_line)
    if args.json:
        emit({"out": str(args.out), "model": str(args.model), **found})
        return 0
    if found["caution"]:
        note(f"caution: {found['caution']}")
    print("\n".join((found["verdict"], found["held"], found["calibration"], f"Written to {args.out}.")))
    return 0


def hiding_of(args: Namespace) -> Hiding:
    """Return what to hide; what one way alone needs may name it.

    Raises
    ------
    ConcertError
        If what is given does not go together.
    """
    from napari_concert.evaluate.quality import Hiding

    named = {"section": args.section, "painted": args.spots, "stripe": args.width}
    meant = [way for way, given in named.items() if given is not None]
    way = args.hide or (meant[0] if len(meant) == 1 else "holes")
    for other in meant:
        if other != way:
            option = {"section": "--section", "painted": "--spots", "stripe": "--width"}[other]
            raise ConcertError(f"{option} goes with --hide {other}, not with --hide {way}; keep one of them.")
    if way == "painted" and args.spots is None:
        raise ConcertError("--hide painted needs the spots: give --spots SPOTS.")
    chosen = {name: getattr(args, name) for name in ("share", "hole", "width") if getattr(args, name) is not None}
    return Hiding(way.replace("-", " "), section=args.section, seed=args.seed, **chosen)


def _check(slide: Slide, model: Concert, hiding: Hiding, painted: Any, args: Namespace) -> Check:
    """Drive the check, with its steps on stderr."""
    from napari_concert.cli.progress import Line
    from napari_concert.evaluate.quality import check

    line, steps = Line(), check(slide, model, hiding, painted, anew=args.train)
    try:
        while True:
            step = next(steps)
            line.show(f"{step.doing} …{'' if step.share is None else f' {step.share:.0%}'}")
    except StopIteration as end:
        done: Check = end.value
        return done
    finally:
        line.close()
