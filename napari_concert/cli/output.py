"""What goes where: results to stdout, everything else to stderr; JSON without NaN."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

PROGRAM = "napari-concert"


def complain(message: str) -> None:
    """Print one line on stderr."""
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)


def note(message: str) -> None:
    """Print a line on stderr that is no error."""
    print(message, file=sys.stderr)


def emit(report: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(plain(report), indent=1, allow_nan=False))


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: numpy's numbers as Python's, NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float) and not math.isfinite(number):
        return None
    return number if isinstance(number, (bool, int, float)) else str(number)


def plural(count: int, word: str) -> str:
    """Return a count with its word: "1 spot", "20 spots"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
