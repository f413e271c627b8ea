"""Which measured spots to hide, so that what is predicted of them can be held against what they count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.slide import Slide

Rows = npt.NDArray[np.int64]

SHARE, HOLE, STRIPE = 0.1, 40, 4.0  # defaults: of the spots; spots of each hole; pitches
MOST = 0.5  # of the spots that may be hidden at random or in holes
SCHEMES = {
    "random": "single spots drawn at random",
    "holes": "round holes of neighbouring spots",
    "stripe": "a stripe across the middle of each section",
    "every second": "every second spot along both axes, as in a checkerboard",
    "section": "all spots of a section",
    "painted": "the painted spots",
}


@dataclass(frozen=True)
class Hiding:
    """A way to hide spots.

    Attributes
    ----------
    scheme
        A key of ``SCHEMES``.
    share
        Of the usable spots: "random" and "holes".
    hole
        Spots of each hole.
    width
        Of the stripe, in pitches.
    section
        Name of the section: "section".
    seed
        Draws spots and places: the same ones in any order of rows.
    """

    scheme: str = "random"
    share: float = SHARE
    hole: int = HOLE
    width: float = STRIPE
    section: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises
        ------
        ConcertError
            If one is out of range.
        UnknownName
            If there is no such scheme.
        """
        if self.scheme not in SCHEMES:
            raise UnknownName("way to hide spots", self.scheme, SCHEMES)
        if not 0 < self.share <= MOST:
            raise ConcertError(f"The share of hidden spots is {self.share:g}; give more than 0 and at most {MOST:g}.")
        if self.hole < 1 or not self.width > 0:
            raise ConcertError(
                f"A hole of {self.hole} spots or a stripe of {self.width:g} pitches; give at least 1 of each."
            )

    def rows(self, slide: Slide, painted: npt.ArrayLike = ()) -> Rows:
        """Return the rows of the spots to hide.

        Parameters
        ----------
        painted
            Rows of painted spots: "painted".

        Raises
        ------
        ConcertError
            If no usable spot would be hidden, or too few be left.
        """
        usable = _canonical(slide)
        ways: dict[str, Callable[[], Rows]] = {
            "random": lambda: self._random(usable),
            "holes": lambda: self._holes(slide, usable),
            "stripe": lambda: self._stripe(slide, usable),
            "every second": lambda: _every_second(slide, usable),
            "section": lambda: self._section(slide, usable),
            "painted": lambda: np.asarray(painted, dtype=np.int64),
        }
        found: Rows = ways[self.scheme]()
        hidden = np.sort(found[slide.usable[found]])
        if not len(hidden):
            raise ConcertError(f"No usable spot is hidden ({SCHEMES[self.scheme]}); {_advice(self.scheme)}.")
        if len(hidden) > len(usable) - 1:
            raise ConcertError("All usable spots would be hidden: leave some to predict by.")
        return hidden

    def _random(self, usable: Rows) -> Rows:
        count = max(1, round(self.share * len(usable)))
        return np.random.default_rng(self.seed).choice(usable, count, replace=False)

    def _holes(self, slide: Slide, usable: Rows) -> Rows:
        """Return holes around middles that are drawn one by one, each apart from those before."""
        tree, rng = cKDTree(_apart(slide)[usable]), np.random.default_rng(self.seed)
        size = min(self.hole, max(1, int(MOST * len(usable))))
        hidden = np.zeros(len(usable), dtype=bool)
        for middle in rng.permutation(len(usable)):
            if hidden.any() and hidden.sum() + size > max(size, round(self.share * len(usable))):
                break
            near = np.atleast_1d(tree.query(_apart(slide)[usable[middle]], k=size)[1])
            if not hidden[near].any():
                hidden[near] = True
        inside: Rows = usable[hidden]
        return inside

    def _stripe(self, slide: Slide, usable: Rows) -> Rows:
        """Return the spots that lie within half the width of the middle of their section, along x."""
        across, places = slide.coords[usable, 0], slide.places[usable]
        middle = np.zeros(len(usable))
        for place in np.unique(places):
            here = across[places == place]
            middle[places == place] = (here.min() + here.max()) / 2
        inside: Rows = usable[np.abs(across - middle) <= self.width * slide.pitch / 2]
        return inside

    def _section(self, slide: Slide, usable: Rows) -> Rows:
        names = slide.sections
        if self.section is None or not names:
            raise ConcertError("Which section is hidden? Name one; the slide needs a section column.")
        if self.section not in names:
            raise UnknownName("section", self.section, names)
        labels = slide.adata.obs[slide.columns.section].astype(str).to_numpy()
        inside: Rows = usable[labels[usable] == self.section]
        return inside


def _every_second(slide: Slide, usable: Rows) -> Rows:
    """Return spots in every second step along both axes: half of them, each with measured neighbours."""
    steps = np.round((slide.coords[usable, :2] - slide.coords[usable, :2].min(axis=0)) / slide.pitch)
    other: Rows = usable[steps.sum(axis=1) % 2 == 1]
    return other


def _canonical(slide: Slide) -> Rows:
    """Return the usable rows, by position."""
    rows = np.flatnonzero(slide.usable)
    return rows[np.lexsort((*slide.coords[rows].T, slide.places[rows]))]


def _apart(slide: Slide) -> npt.NDArray[np.float64]:
    """Return positions with places far from each other."""
    extent = float(np.nanmax(slide.coords) - np.nanmin(slide.coords)) + slide.pitch
    return np.column_stack([slide.coords, slide.places * 4 * extent])


def _advice(scheme: str) -> str:
    return "paint some first" if scheme == "painted" else "hide more of them"
