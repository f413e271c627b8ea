"""Options of the commands that do many jobs: where they run, and whether one goes on where it was cut short."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from napari_concert.cli.parser import at_least
from napari_concert.errors import ConcertError


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


def over(args: Namespace) -> dict[str, Any]:
    """Return where the jobs run.

    Raises
    ------
    ConcertError
        If both a scheduler and workers of this machine are asked for, or there is nothing to resume.
    """
    if args.scheduler is not None and args.workers is not None:
        raise ConcertError("--workers are those of this machine; a scheduler has its own. Give one of the two.")
    if args.resume and args.out is None:
        raise ConcertError("--resume goes on with the results of an earlier run: say where they are with --out DIR.")
    return {"scheduler": args.scheduler, "workers": args.workers}
