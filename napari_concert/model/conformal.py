"""Intervals of counts that hold what they promise: split conformal prediction on spots that were hidden.

Where the predictive distribution ``F`` of a count is right, its randomised probability integral transform (PIT)
``u ~ U(F(x-1), F(x))`` is uniform. Within each bin of expected counts, the score ``|u - ½|`` of hidden spots says which
central part of ``F`` holds a share ``q`` of them (split conformal prediction of a distribution; Vovk et al. 2005,
Chernozhukov et al. 2021)::

    c_b(τ) = mean over the bin of P(|u - ½| ≤ (1 - τ)/2)               exact: the mean over u, nothing is drawn
    τ_b(q) = c_b⁻¹(q (1 + 1/n))                                        two-sided tail; 1 - q where F is right
    interval at level q = F⁻¹(τ/2) … F⁻¹(1 - τ/2)                      whole counts, so that it holds q or more

It makes intervals wider or narrower, and moves no expectation. It is fitted to *expression* alone: what a what-if
changes is never measured, so that its interval is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_concert.model.mixture import Mixture, distribution, moments, quantiles

Floats = NDArray[np.float64]

EDGES = np.array([0.1, 0.3, 1.0, 3.0, 10.0, 30.0])  # of the bins, in expected counts
BINS = len(EDGES) + 1
LEVELS = np.linspace(0.0, 1.0, 101)
TAILS = np.concatenate([np.linspace(1.0, 0.12, 23), np.geomspace(0.1, 1e-7, 60)])  # where coverage is worked out
FEWEST = 300  # entries of a bin; one with fewer is calibrated with its neighbours
MOST = 5_000  # entries of a bin that are looked at: a level is then off by 0.3 % at most, and the fit takes 0.1 s
NARROWEST = 1e-12


@dataclass(frozen=True, eq=False)
class Pit:
    """Where counts lie in their predictive distributions: ``F(x-1)``, ``F(x)`` and expected counts, (E,) each."""

    below: Floats
    upto: Floats
    expected: Floats

    @classmethod
    def of(cls, mixed: Mixture, counts: Floats) -> Pit:
        """Return those of counts (n, G)."""
        at = (distribution(mixed, counts - 1), distribution(mixed, counts), moments(mixed)[0])
        return cls(*(np.asarray(part, dtype=np.float64).ravel() for part in at))

    @classmethod
    def joined(cls, parts: Sequence[Pit]) -> Pit:
        """Return all entries of some."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("below", "upto", "expected")))

    @property
    def bins(self) -> NDArray[np.int64]:
        """Bin (E,) of each entry."""
        return bin_of(self.expected)

    def among(self, chosen: NDArray[np.bool_]) -> Pit:
        """Return some entries."""
        return Pit(self.below[chosen], self.upto[chosen], self.expected[chosen])

    def coverage(self, tails: Floats) -> Floats:
        """Return the share of randomised PITs in the central part that leaves ``tails`` (T,) out.

        ``tails`` may also be of each entry, (T, E).
        """
        wide = np.maximum(self.upto - self.below, NARROWEST)
        half = np.asarray(tails, dtype=np.float64) / 2
        half = half[:, None] if half.ndim == 1 else half
        held = np.minimum(self.upto, 1 - half) - np.maximum(self.below, half)
        return np.asarray(np.clip(held / wide, 0, 1).mean(axis=1))


def bin_of(expected: Floats) -> NDArray[np.int64]:
    """Return the bins of expected counts."""
    return np.asarray(np.searchsorted(EDGES, expected, side="right"), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Bands:
    """What part of a predictive distribution an interval leaves out.

    Attributes
    ----------
    tails
        (BINS, LEVELS): two-sided tail for each bin of expected counts and each level.
    entries
        Hidden counts (BINS,) that each bin was calibrated on; 0 throughout if none was.
    """

    tails: Floats
    entries: Floats

    @classmethod
    def plain(cls) -> Bands:
        """Return bands that trust the predictive distribution."""
        return cls(np.tile(1 - LEVELS, (BINS, 1)), np.zeros(BINS))

    @classmethod
    def fit(cls, pit: Pit) -> Bands:
        """Calibrate on hidden counts; bins with few take in their neighbours, and few in all calibrate nothing."""
        if len(pit.expected) < FEWEST:
            return cls.plain()
        size = np.bincount(pit.bins, minlength=BINS)
        tails = np.stack([_tails(pit.among(np.isin(pit.bins, _around(size, b)))) for b in range(BINS)])
        return cls(tails, np.array([size[_around(size, b)].sum() for b in range(BINS)], dtype=np.float64))

    def no_narrower(self, than: Bands) -> Bands:
        """Return bands that widen intervals where that is needed, and narrow none but those that others narrow."""
        return Bands(np.minimum(self.tails, np.maximum(than.tails, 1 - LEVELS)), self.entries)

    @property
    def is_calibrated(self) -> bool:
        """Whether they were calibrated on anything."""
        return bool(self.entries.any())

    def tail(self, expected: Floats, level: float) -> Floats:
        """Return the two-sided tail (…) to leave out where these counts are expected."""
        each = np.array([np.interp(level, LEVELS, row) for row in self.tails])
        return np.asarray(each[bin_of(expected)])

    def interval(self, mixed: Mixture, level: float) -> tuple[Floats, Floats]:
        """Return the bounds (n, G) of counts at a level."""
        return self.intervals(mixed, [level])[0]

    def intervals(self, mixed: Mixture, levels: Sequence[float]) -> list[tuple[Floats, Floats]]:
        """Return the bounds at some levels, which costs little more than at one."""
        expected = moments(mixed)[0]
        tails = np.stack([self.tail(expected, level) for level in levels])
        bounds = quantiles(mixed, np.concatenate([tails / 2, 1 - tails / 2]))
        return list(zip(bounds[: len(levels)], bounds[len(levels) :], strict=True))

    def held(self, level: float) -> Floats:
        """Return the share (BINS,) of hidden counts that plain intervals at a level hold, by randomised PIT."""
        return np.array([np.interp(level, 1 - row, LEVELS) for row in self.tails])


def _around(size: NDArray[np.int64], one: int) -> NDArray[np.int64]:
    """Return a bin, and the nearest ones around it that it takes to have enough entries."""
    order = np.argsort(np.abs(np.arange(BINS) - one), kind="stable")
    enough = int(np.searchsorted(size[order].cumsum(), FEWEST))
    return order[: enough + 1]


def _tails(pit: Pit) -> Floats:
    """Return the tails (LEVELS,) whose central part holds each level of the entries, or of some of very many."""
    each = -(-len(pit.expected) // MOST)
    some = Pit(*(part[::each] for part in (pit.below, pit.upto, pit.expected)))
    covered = some.coverage(TAILS)
    wanted = np.minimum(LEVELS * (1 + 1 / len(some.expected)), 1.0)
    found = np.exp(np.interp(wanted, covered, np.log(TAILS)))
    found[0], found[-1] = 1.0, 0.0
    return np.asarray(np.minimum.accumulate(found))
