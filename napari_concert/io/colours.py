"""Colours as other tools write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEX = re.compile(r"#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?")


def as_hex(said: object) -> str | None:
    """Return a colour as ``#rrggbb`` in small letters, None if it is none.

    Parameters
    ----------
    said
        ``#rrggbb``, ``#rrggbbaa``, three numbers from 0 to 255, or QuPath's single number, of which the lowest 24 bits
        are red, green and blue.
    """
    if isinstance(said, str):
        return said[:7].lower() if _HEX.fullmatch(said) else None
    if isinstance(said, int) and not isinstance(said, bool):
        return f"#{said & 0xFFFFFF:06x}"
    if not isinstance(said, Sequence) or len(said) != 3 or not all(part in range(256) for part in said):
        return None
    return "#" + bytes(int(part) for part in said).hex()


def as_rgb(colour: str) -> list[int] | None:
    """Return ``#rrggbb`` as red, green and blue from 0 to 255, None if it is written otherwise."""
    found = as_hex(colour)
    return None if found is None else list(bytes.fromhex(found[1:]))
