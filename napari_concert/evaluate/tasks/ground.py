"""Where tasks can be built on a slide: spots by state and tissue, who borders on whom, compact places."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.evaluate.tasks.task import Rows
from napari_concert.selection.neighbours import groups, links
from napari_concert.slide import Slide

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

CHOICE = 3  # one in so many places is near enough to what is compared with
FAR = 100.0  # slide widths between places
STEP = 1.5  # pitches: six neighbours of a hexagonal grid, eight of a square one


class Ground:
    """The usable spots of a slide, by what its labels and coordinates say; counts are never looked at.

    Parameters
    ----------
    slide
        A slide with states.
    """

    def __init__(self, slide: Slide) -> None:
        self.slide, self.coords = slide, _apart(slide)
        self.states, self.tissues = slide.states, slide.tissues

    @cached_property
    def pairs(self) -> tuple[Rows, Rows]:
        """Neighbours, each pair once: rows of ones and of others."""
        slide, found = self.slide, []
        for place in np.unique(slide.places[slide.usable]):
            rows = np.flatnonzero(slide.usable & (slide.places == place))
            found.append([rows[ends] for ends in links(self.coords[rows], STEP * slide.pitch)])
        one, other = (np.concatenate(ends) for ends in zip(*found, strict=True))
        return one, other

    def spots(self, state: str, tissue: str | None) -> Mask:
        """Return the usable spots in a state, and in a tissue where there is one."""
        inside = self.slide.usable & (self.slide.state_of == state)
        return np.asarray(inside if tissue is None else inside & (self.slide.tissue_of == tissue))

    def share(self, chosen: Mask) -> Floats:
        """Return the share (n_spots,) of each spot's neighbours that is chosen; 0 without neighbours."""
        both = np.concatenate([*self.pairs]), np.concatenate([*self.pairs[::-1]])
        n = self.slide.n_spots
        near, all_near = np.bincount(both[0], chosen[both[1]], n), np.bincount(both[0], minlength=n)
        return np.asarray(near / np.maximum(all_near, 1), dtype=np.float64)

    @cached_property
    def at_border(self) -> Mask:
        """Which spots have a neighbour of another tissue; of another state where no column tells tissues."""
        labels = self.slide.tissue_of if self.tissues else self.slide.state_of
        known = np.array([label is not None for label in labels], dtype=bool)
        one, other = self.pairs
        differ = (labels[one] != labels[other]) & known[one] & known[other]
        found = np.zeros(self.slide.n_spots, dtype=bool)
        found[one[differ]] = found[other[differ]] = True
        return found

    def compact(self, pool: Mask, size: int, beside: Mask, rng: np.random.Generator) -> Rows | None:
        """Return ``size`` spots of a pool that hang together, around a random one of those nearest to other spots.

        None where there is no room.
        """
        one, other = self.pairs
        inside = pool[one] & pool[other]
        group = groups(self.slide.n_spots, (one[inside], other[inside]))
        roomy = pool & (np.bincount(group[pool], minlength=group.max() + 1)[group] >= size)
        if not roomy.any():
            return None
        middle = rng.choice(self._nearest_to(roomy, beside))
        return self.nearest(roomy & (group == group[middle]), self.coords[middle], size)

    def _nearest_to(self, pool: Mask, beside: Mask) -> Rows:
        """Return the third of a pool that is nearest to some spots."""
        rows = np.flatnonzero(pool)
        away = cKDTree(self.coords[beside]).query(self.coords[rows])[0]
        return rows[np.argsort(away, kind="stable")[: -(-len(rows) // CHOICE)]]

    def nearest(self, pool: Mask, point: Floats, count: int) -> Rows:
        """Return the ``count`` spots of a pool nearest to a point, in ascending order."""
        rows = np.flatnonzero(pool)
        away = np.linalg.norm(self.coords[rows] - point, axis=1)
        return np.sort(rows[np.argsort(away, kind="stable")[:count]])

    def middle(self, rows: Rows) -> Floats:
        """Return the centre (d,) of some spots."""
        return np.asarray(self.coords[rows].mean(axis=0), dtype=np.float64)

    def around(self, rows: Rows) -> Mask:
        """Return the neighbours of some spots, without these."""
        inside = np.zeros(self.slide.n_spots, dtype=bool)
        inside[rows] = True
        return np.asarray((self.share(inside) > 0) & ~inside)


def _apart(slide: Slide) -> Floats:
    """Return coordinates in which places that share no frame lie far from each other, whatever their own say."""
    coords = slide.coords.copy()
    extent = float(np.ptp(coords[slide.usable, 0])) if slide.usable.any() else 0.0
    coords[:, 0] += FAR * (extent + slide.pitch) * slide.places
    return coords
