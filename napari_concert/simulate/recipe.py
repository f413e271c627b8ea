"""What a simulated slide is made of: every choice of the generator, with the bundled sample's as defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Literal, TypeAlias

Join: TypeAlias = Literal["nearest", "summed", "saturating"]
Kernel: TypeAlias = Literal["exponential", "gaussian", "cauchy", "step"]
Nodules: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]

CONTROL = "control"
REGIONS = ("normal lung", "invasive tumour", "stroma", "lymphoid tissue")  # the first is the control
NODULES: Nodules = (
    ("Jak2", (24, 20, 16)),
    ("Tgfbr2", (22, 18)),
    ("Ifngr2", (20, 14)),
    (CONTROL, (40, 34, 28, 24)),
)


@dataclass(frozen=True)
class Reach:
    """How the spots of a state act on their neighbours.

    Attributes
    ----------
    join
        What several sources come to: the "nearest" alone, "summed" (scaled so that a spot near a nodule of 20 gets
        what the nearest alone would give it), or "saturating" (1 − Π (1 − k)).
    kernel
        Decay of one source's effect with distance over range.
    ratio, angle
        How much farther it reaches along its long axis than across it, and that axis's angle to x in degrees.
    border_pass
        Share that passes where source and receiving spot are of different tissues.
    """

    join: Join = "nearest"
    kernel: Kernel = "exponential"
    ratio: float = 1.0
    angle: float = 0.0
    border_pass: float = 1.0


@dataclass(frozen=True)
class Example:
    """The patch that is painted: ``spots`` spots of the largest nodule (or region) in ``source`` become ``target``."""

    source: str = CONTROL
    target: str = "Jak2"
    spots: int = 20


@dataclass(frozen=True)
class Arrangement:
    """Where spots lie and what they are.

    Attributes
    ----------
    spots
        A "hexagonal" grid, or scattered at "random" like cells, no two nearer than 0.7 pitches.
    holes
        How many holes the tissue has; with any, its outline is ragged as well.
    states
        "nodules" in lung, or "regions": a few large territories that fill the slide, as a pathologist draws them.
    nodules
        Spots of each nodule of each state, for 1,903 spots; fewer on smaller slides.
    ragged
        Whether nodules have an irregular outline.
    tissues
        Tissues that follow the "nodules" and their rims, or "bands" that cross them.
    abroad
        States whose nodules lie in the periphery's tissue and never in the tumour's.
    at_edge
        Whether the example patch lies at the edge of the slide.
    """

    spots: Literal["hexagonal", "random"] = "hexagonal"
    holes: int = 0
    states: Literal["nodules", "regions"] = "nodules"
    nodules: Nodules = NODULES
    ragged: bool = False
    tissues: Literal["nodules", "bands"] = "nodules"
    abroad: tuple[str, ...] = ()
    at_edge: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """States, the control first."""
        if self.states == "regions":
            return REGIONS
        return (CONTROL, *(name for name, _ in self.nodules if name != CONTROL))


@dataclass(frozen=True)
class CellState:
    """A latent state of each spot, with a programme of its own; effects on the spot are (1 + strength c_i)-fold.

    Attributes
    ----------
    strength
        0 leaves it out altogether.
    smooth
        Share of its variance that is smooth over the tissue; the rest is each spot's own.
    programme
        Standard deviation of its genes' weights (natural log).
    separate
        Whether the interaction has genes of its own instead of those of the effects.
    """

    strength: float = 0.0
    smooth: float = 0.5
    programme: float = 0.2
    separate: bool = False


@dataclass(frozen=True)
class Observation:
    """What comes between the truth and the file; the truth of a what-if has none of it but the batch.

    Attributes
    ----------
    bleed
        Least and largest share of a spot's expected counts that are found at its neighbours instead.
    mixed
        Largest share of a spot beside another state that is that neighbour's; at least half of it.
    batch_sd
        Standard deviation (natural log) of genes' offsets in the second of two sections; 0 makes one section.
    slide_sd
        The same on the second slide of a pair.
    mislabelled
        Share of the spots in nodules (or of all, in regions) that carry another state's label; none of the patch.
    """

    bleed: tuple[float, float] = (0.0, 0.0)
    mixed: float = 0.0
    batch_sd: float = 0.0
    slide_sd: float = 0.0
    mislabelled: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """Parameters of the generator.

    Attributes
    ----------
    depth
        Median total count of a spot before any effect; with them it is up to a fifth more.
    affected, spilled
        Share of genes with an own effect, and with a spill-over, of each state.
    own_sd, spill_sd
        Standard deviations of those effects (natural log).
    shared
        Share of the spill-over that falls on genes with an own effect; 0 makes both sets of genes independent.
    dense
        Whether every gene has a small Gaussian effect of either kind instead.
    balanced
        Whether rises and falls of a state's effects add up to none in counts. Else its spots have more counts in all,
        and as a library size is not told from that, every gene's change is off by as much.
    tissue_share
        Share of the spill-over's variance that each tissue has for itself.
    tissue_multipliers
        Factors of the spill-over, dealt out to the tissues at random; () multiplies nothing.
    range_pitches
        Length-scale ℓ of each state's spill-over, in turn.
    factors, factor_pitches, factor_sd
        Smooth spatial factors, their length-scale, and the standard deviation of genes' weights.
    reach, layout, example, cells, observation
        The rest, by what it is about.
    """

    depth: float = 4900.0
    affected: float = 0.15
    spilled: float = 0.12
    own_sd: float = 0.8
    spill_sd: float = 0.6
    shared: float = 0.5
    dense: bool = False
    balanced: bool = False
    tissue_share: float = 0.0
    tissue_multipliers: tuple[float, ...] = ()
    range_pitches: tuple[float, ...] = (2.0, 2.5, 3.0)
    factors: int = 6
    factor_pitches: float = 6.0
    factor_sd: float = 0.14
    reach: Reach = field(default_factory=Reach)
    layout: Arrangement = field(default_factory=Arrangement)
    example: Example = field(default_factory=Example)
    cells: CellState = field(default_factory=CellState)
    observation: Observation = field(default_factory=Observation)

    @property
    def states(self) -> tuple[str, ...]:
        """States, the control first."""
        return self.layout.names

    @property
    def ranges(self) -> tuple[float, ...]:
        """Length-scale of each state in pitches, 0 for the control."""
        return (0.0, *islice(cycle(self.range_pitches), len(self.states) - 1))
