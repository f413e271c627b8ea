"""What a trained model learned, as tables: reach, effects, what can be told from place, and plain words on them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from napari_concert.concert.dataset import Scale
from napari_concert.concert.reach import Reach
from napari_concert.errors import UnknownName
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.scope import cut_off_errors, half_outline, scope_errors, scopes
from napari_concert.prediction.posterior import SURE, Z_95, false_sign_rate

Floats = npt.NDArray[np.float64]

LENGTHS = ["range_long", "range_short"]
CORNERS = 72  # of an outline
CLOSE = 2.0  # pitches: a reach within which mRNA that bled from its spot looks like a spill-over
TOLD, HALF_TOLD = 0.35, 0.8  # place's sd over the size of the effects: below, state and place can be told apart
NEGLIGIBLE = 1e-3  # natural log
FEW = 0.002  # share of genes with a sure spill-over below which there is none: chance alone gives as many


class Learned:
    """Tables of what a network learned.

    Parameters
    ----------
    network, scale
        Trained network, and the pitch in the slides' unit.
    """

    def __init__(self, network: ConcertNetwork, scale: Scale) -> None:
        self.network, self.scale, self.vocabulary = network, scale, network.vocabulary

    def scopes(self) -> pd.DataFrame:
        """Return how far each state's effect on its surroundings reaches.

        Returns
        -------
        DataFrame
            Indexed by propagating state. ``range_long``, ``range_short``: distance from one perturbed spot at which its
            influence has fallen to half of that at one pitch, along the axis on which it reaches farthest and least
            far, each with ``_lower`` and ``_upper`` (95 %, given the other parts of the model); ``cut_off``: distance
            at which it ends (median over tissues); all in the unit of the slides' coordinates (µm where known).
            ``anisotropy``: range_long / range_short. ``passes_border``: share that crosses a tissue border, 0 to 1.
            ``sources``: exponent that joins several sources, 1 for their sum, large for the nearest alone. ``angle``:
            direction within the x–y plane in which it reaches farthest, in degrees from x towards y, 0 to 180 (NaN
            where all are alike).
        """
        field = self.network.attributes.field
        found, error = scopes(field), scope_errors(field)
        columns = {name: values.numpy() for name, values in found._asdict().items()}
        for name in LENGTHS:
            sd = getattr(error, name).numpy()
            columns[f"{name}_lower"] = columns[name] * np.exp(-Z_95 * sd)
            columns[f"{name}_upper"] = columns[name] * np.exp(Z_95 * sd)
        columns["anisotropy"] = columns["range_long"] / columns["range_short"]
        for name in ("cut_off", *(f"{length}{part}" for length in LENGTHS for part in ("", "_lower", "_upper"))):
            columns[name] = columns[name] * self.scale.pitch
        return pd.DataFrame(columns, index=pd.Index(self.vocabulary.propagating, name="state", dtype=object))

    def cut_offs(self) -> pd.DataFrame:
        """Return the cut-off (states × tissues) of spots of each tissue, in the unit of the slides' coordinates."""
        values = self.network.attributes.field.cut_offs.numpy() * self.scale.pitch
        names = [*self.vocabulary.tissues, "unknown tissue"]
        return pd.DataFrame(values, index=list(self.vocabulary.propagating), columns=names)

    def reach(self, state: str) -> Reach:
        """Return how far one state reaches, with its outline in the x–y plane and the cut-off in each tissue.

        Raises
        ------
        UnknownName
            If no such state propagates.
        """
        if state not in self.vocabulary.propagating:
            raise UnknownName("state that reaches its surroundings", state, self.vocabulary.propagating)
        return self.reaches()[self.vocabulary.propagating.index(state)]

    def reaches(self) -> tuple[Reach, ...]:
        """Return how far each propagating state reaches; worked out once."""
        return self._reaches

    @cached_property
    def _reaches(self) -> tuple[Reach, ...]:
        degrees = np.linspace(0, 360, CORNERS + 1)
        away = half_outline(self.network.attributes.field, degrees).numpy() * self.scale.pitch
        toward = np.column_stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
        rows = self.scopes().to_dict("records")
        states = enumerate(self.vocabulary.propagating)
        return tuple(self._reach(p, state, rows[p], toward * away[p][:, None]) for p, state in states)

    def _reach(self, p: int, state: str, row: dict[Hashable, Any], outline: Floats) -> Reach:
        long, short = ((row[name], row[f"{name}_lower"], row[f"{name}_upper"]) for name in LENGTHS)
        return Reach(
            state=state,
            unit=self.scale.unit,
            long=long,
            short=short,
            angle=row["angle"],
            cut_off=row["cut_off"],
            passes_border=row["passes_border"],
            outline=outline,
            cut_offs=self._cut_offs_of(p),
            farthest=self.network.attributes.field.reach * self.scale.pitch,
            is_found=self._spills_over(state),
        )

    def _cut_offs_of(self, p: int) -> pd.DataFrame:
        """Return one state's cut-off in each tissue, with its interval on the scale that it was learned on."""
        field, table = self.network.attributes.field, self.cut_offs()
        error, share = cut_off_errors(field)[p].numpy(), field.cut_offs[p].numpy() / field.reach
        logit = np.log(share / (1 - share))
        lower, upper = (field.reach * self.scale.pitch * expit(logit + end * error) for end in (-Z_95, Z_95))
        prior = field.prior_sd[-len(error) :].numpy()
        columns = {"cut_off": table.iloc[p], "lower": lower, "upper": upper, "told": 1 - np.square(error / prior)}
        return pd.DataFrame(columns, index=table.columns)

    def effects(self, state: str) -> pd.DataFrame:
        """Return what a state does to its own spots and to a spot one pitch away.

        Returns
        -------
        DataFrame
            Indexed by gene, natural log fold changes: ``own``, ``own_sd``, ``own_lfsr``; ``spill_over``,
            ``spill_over_sd``, ``spill_over_lfsr`` (zero, and NaN, for controls); ``own_share``: |own| / (|own| +
            |spill_over|), NaN where both are negligible.

        Raises
        ------
        UnknownName
            If no such state was learned, or it is the reference.
        """
        if state not in self.vocabulary.own:
            raise UnknownName("state with an effect", state, self.vocabulary.own)
        own = self._row("own", self.vocabulary.own.index(state))
        spreads = state in self.vocabulary.propagating
        near = self._row("field", self.vocabulary.propagating.index(state)) if spreads else _nothing(len(own[0]))
        size = np.abs(own[0]) + np.abs(near[0])
        share = np.divide(np.abs(own[0]), size, out=np.full(len(size), np.nan), where=size > NEGLIGIBLE)
        columns = {"own": own, "spill_over": near}
        table = {f"{n}{part}": v[i] for n, v in columns.items() for i, part in enumerate(("", "_sd", "_lfsr"))}
        return pd.DataFrame({**table, "own_share": share}, index=pd.Index(self.vocabulary.genes, name="gene"))

    def latent_split(self) -> pd.DataFrame:
        """Return how much of each gene's variation the latent cell state explains, smooth in space and of single spots.

        Returns
        -------
        DataFrame
            Indexed by gene: ``spatial_sd``, ``intrinsic_sd``: standard deviation over spots (natural log) from the
            spatial and from the intrinsic factors; ``spatial_share``: spatial variance over both, NaN where both are
            negligible.
        """
        weights = self.network.latent_weights.square().numpy()
        spatial, own = (part.sum(axis=0) for part in np.split(weights, [self.network.config.spatial_factors]))
        both = spatial + own
        share = np.divide(spatial, both, out=np.full(len(both), np.nan), where=both > NEGLIGIBLE**2)
        columns = {"spatial_sd": np.sqrt(spatial), "intrinsic_sd": np.sqrt(own), "spatial_share": share}
        return pd.DataFrame(columns, index=pd.Index(self.vocabulary.genes, name="gene"))

    def identifiability(self) -> pd.DataFrame:
        """Return how well the effect of each state can be told from the place where its spots lie.

        Returns
        -------
        DataFrame
            Indexed by state. ``effect``: root mean square of its own effects over genes; ``place_sd``: that of the sd
            with which place alone may make such differences (both natural log); ``reading``: in plain words.
        """
        blocks = self.network.attributes.blocks
        effect = np.sqrt(np.square(self.network.unshrunk[blocks.slice_of("own")].numpy()).mean(axis=1))
        place = np.sqrt(self.network.place_variance[: blocks.own].numpy().mean(axis=1))
        ratio = place / np.maximum(effect, 1e-9)
        readings = [_reading(float(r)) for r in ratio]
        index = pd.Index(self.vocabulary.own, name="state", dtype=object)
        return pd.DataFrame({"effect": effect, "place_sd": place, "reading": readings}, index=index)

    def findings(self) -> tuple[str, ...]:
        """Return what to know of each state before trusting a what-if with it; worked out once."""
        return self._findings

    @cached_property
    def _findings(self) -> tuple[str, ...]:
        return tuple(self._doubts())

    def _doubts(self) -> Iterator[str]:
        for state, row in self.identifiability().to_dict("index").items():
            if row["place_sd"] > TOLD * row["effect"]:
                yield f"{state}: its effect {row['reading']}."
        half_away = scopes(self.network.attributes.field).range_long.tolist()  # in pitches
        for state, pitches in zip(self.vocabulary.propagating, half_away, strict=True):
            if not self._spills_over(state):
                yield f"{state}: no spill-over was found; around a patch nothing changes surely."
            elif pitches <= CLOSE:
                yield f"{state}: its spill-over reaches 1–2 spots only, which may be mRNA that bled from its spot."

    def _spills_over(self, state: str) -> bool:
        """Return whether a state surely changes genes around it: more of them than chance alone gives."""
        sure = int((self.effects(state)["spill_over_lfsr"] < SURE).sum())
        return sure > FEW * len(self.vocabulary.genes)

    def _row(self, block: str, position: int) -> tuple[Floats, Floats, Floats]:
        """Return mean, sd and local false sign rate (G,) of one row of weights."""
        q = self.network.attributes.blocks.slice_of(block).start + position
        mean = self.network.weights[q].numpy()
        sd = np.sqrt(self.network.covariance[:, q, q].numpy().astype(np.float64))
        return mean, sd, false_sign_rate(mean, sd)


def _nothing(n_genes: int) -> tuple[Floats, Floats, Floats]:
    return np.zeros(n_genes), np.zeros(n_genes), np.full(n_genes, np.nan)


def _reading(ratio: float) -> str:
    if ratio < TOLD:
        return "can be told from place"
    if ratio < HALF_TOLD:
        return "can be told from place only in part: its spots lie together, and intervals are wider for it"
    return "can't be told from place: its spots lie together, and their surroundings say little of what place does"
