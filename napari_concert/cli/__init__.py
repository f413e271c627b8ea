"""The command line, ``napari-concert``: open, simulate, describe, train, predict. Heavy libraries load when used."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from napari_concert.cli.output import complain
from napari_concert.cli.parser import parse
from napari_concert.errors import ConcertError

__all__ = ["main"]

BAD_INPUT, CANCELLED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return 0 on success, 2 on bad input (with one line on stderr), 130 when cancelled."""
    words = sys.argv[1:] if argv is None else list(argv)
    _print_anything()
    try:
        args = parse(words)
        status: int = args.run(args)
        sys.stdout.flush()
    except ConcertError as error:
        complain(str(error))
        return BAD_INPUT
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{error.strerror or error}. Check the path, your permissions and the free disk space.")
        return BAD_INPUT
    except KeyboardInterrupt:
        complain("Cancelled.")
        return CANCELLED
    return status


def _print_anything() -> None:
    """Never fail on a terminal that lacks a letter such as µ."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
