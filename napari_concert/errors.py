"""Errors a user can act on (what is wrong, what was seen, what to do next), and the search for names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

MOST_ALIKE = 10  # near misses listed below the matches of a search
ALIKE = 0.6  # Jaro-Winkler similarity from which a name may be what was meant


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
        super().__init__(f"There is no {kind} called {name!r}. {self._hint(known)}")

    def _hint(self, known: tuple[str, ...]) -> str:
        if self.suggestions:
            return f"Did you mean {', '.join(self.suggestions)}?"
        if len(known) <= MOST_ALIKE:
            return f"There is {', '.join(known)}." if known else "There is none."
        return f"There are {len(known)} to choose from."


def nearest_names(name: str, known: Iterable[str], n: int = 5) -> tuple[str, ...]:
    """Return the ``n`` names most like ``name``, best first, whatever the case."""
    return _alike(name.lower(), tuple(known), n)


def match_names(query: str, names: Sequence[str], limit: int = 50) -> tuple[str, ...]:
    """Return the names a searchable box lists for what was typed so far, whatever the case.

    Fast enough to be called at every keystroke on 30,000 names (a few ms).

    Parameters
    ----------
    query
        As typed; with nothing typed, the first names are listed.
    names
        All names. A tuple that stays the same object costs least: its lower-cased form is kept.
    limit
        Names to list at most.

    Returns
    -------
    tuple of str
        Names that begin with the query (the shortest first), then those that contain it, then up to ten that are
        spelled much like it.
    """
    known, wanted = tuple(names), query.strip().lower()
    if not wanted:
        return known[:limit]
    lowered = _lowered(known)
    hits = [i for i, name in enumerate(lowered) if wanted in name]
    hits.sort(key=lambda i: (not lowered[i].startswith(wanted), len(lowered[i]), lowered[i]))
    found = [known[i] for i in hits[:limit]]
    near = _alike(wanted, known, min(limit - len(found), MOST_ALIKE)) if len(found) < limit else ()
    return tuple(dict.fromkeys([*found, *near]))


@lru_cache(maxsize=8)
def _lowered(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _alike(wanted: str, known: tuple[str, ...], n: int) -> tuple[str, ...]:
    from rapidfuzz import process
    from rapidfuzz.distance import JaroWinkler

    similarity = JaroWinkler.normalized_similarity
    found = process.extract(wanted, _lowered(known), scorer=similarity, limit=n, score_cutoff=ALIKE)
    return tuple(known[match[2]] for match in found)
