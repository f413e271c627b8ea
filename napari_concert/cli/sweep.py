"""Options of the commands that do many jobs: where they run, and whether one goes on where it was cut short."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from napari_concert.cli.output import note
from napari_concert.cli.parser import at_least
from napari_concert.cli.paths import require_writable_folder
from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from napari_concert.evaluate.ledger import Sweep

J = TypeVar("J")
R = TypeVar("R")


class Words(NamedTuple):
    """What is said of a result, and what is written of all so far."""

    of: Callable[[Any], str]
    write: Callable[[Any], None]


def add_sweep_options(parser: ArgumentParser) -> None:
    """Add ``--scheduler``, ``--workers`` and ``--resume``."""
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a running Dask scheduler, such as tcp://host:8786; it must see the files",
    )
    parser.add_argument(
        "--workers", metavar="N", type=at_least(1), help="jobs at a time on this machine (default: one for two cores)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="keep what --out holds of an earlier run and do the rest alone"
    )


def require_sweep(args: Namespace) -> None:
    """Check the options, before anything takes long.

    Raises
    ------
    ConcertError
        If the folder can't be written, both a scheduler and workers of this machine are asked for, or there is nothing
        to resume.
    """
    if args.scheduler is not None and args.workers is not None:
        raise ConcertError("--workers are those of this machine; a scheduler has its own. Give one of the two.")
    if args.resume and args.out is None:
        raise ConcertError("--resume goes on with the results of an earlier run: say where they are with --out DIR.")
    if args.out is not None:
        require_writable_folder(args.out)


def swept(jobs: Sequence[J], sweep: Sweep[J, R], args: Namespace, words: Words) -> tuple[list[R], bool]:
    """Do jobs; return what they came to, in their order, and whether Ctrl+C cut that short."""
    ledger = None if args.out is None else sweep.ledger(args.out, afresh=not args.resume)
    done: dict[int, R] = {}
    try:
        for found in sweep.runs(jobs, ledger, scheduler=args.scheduler, workers=args.workers):
            done[jobs.index(found.job)] = found  # type: ignore[attr-defined]  # whichever was done first
            note(f"[{len(done)}/{len(jobs)}] {words.of(found)}")
            if args.out is not None:
                words.write(_ordered(done))
    except KeyboardInterrupt:
        return _ordered(done), True
    return _ordered(done), False


def _ordered(done: dict[int, R]) -> list[R]:
    return [done[at] for at in sorted(done)]
