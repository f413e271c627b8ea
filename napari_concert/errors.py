"""Errors a user can act on: what is wrong, what was seen, what to do next."""

from __future__ import annotations

from collections.abc import Iterable


class ConcertError(ValueError):
    """Bad input. The message is one line that a biologist can act on."""


class UnknownName(ConcertError):  # noqa: N818 - reads as the sentence it raises
    """A name that is not there, with the nearest ones that are.

    Parameters
    ----------
    kind
        What was named: "gene", "state", "column" …
    name
        As it was given.
    known
        Names that exist.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = tuple(known)
        self.suggestions = nearest_names(name, known)
        hint = (
            f"Did you mean {', '.join(self.suggestions)}?"
            if self.suggestions
            else f"There are {len(known)} to choose from."
        )
        super().__init__(f"There is no {kind} called {name!r}. {hint}")


def nearest_names(name: str, known: Iterable[str], n: int = 5) -> tuple[str, ...]:
    """Return the ``n`` names most like ``name``, best first, whatever the case.

    Fast enough for 30,000 names at a keystroke.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import JaroWinkler

    found = process.extract(
        name, list(known), scorer=JaroWinkler.normalized_similarity, processor=str.lower, limit=n, score_cutoff=0.6
    )
    return tuple(str(match[0]) for match in found)
