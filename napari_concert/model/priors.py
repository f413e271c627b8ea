"""What a weight may be before its gene is looked at: learned from all genes, row by row of the decoder."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from napari_concert.model.decoder import WeightPosterior, WeightPriors, cavity
from napari_concert.model.exchange import Smooth, common, common_of_each, exchanged, joined
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.shrinkage import Components, around_shares, around_zero, learned_prior
from napari_concert.model.steps import Steps


class PriorFit:
    """Learns the priors of a network's weights by adaptive shrinkage.

    Parameters
    ----------
    network
        Its weights are what is estimated; what all genes share moves to its ``size_shift``.
    posterior
        The estimates.
    place
        Variance (own + states, G) that not knowing the place's part adds to own effects and spill-overs.
    smooth
        Spatial factors, which take what effects have of them; None before there are any.
    """

    def __init__(
        self, network: ConcertNetwork, posterior: WeightPosterior, place: Tensor, smooth: Smooth | None = None
    ) -> None:
        self.network, self.posterior, self.place, self.smooth = network, posterior, place, smooth
        self.first_own = network.attributes.blocks.slice_of("own").start
        self.lost: dict[int, Tensor] = {}

    def refresh(self, priors: WeightPriors, n_rows: int) -> Steps[None]:
        """Move the priors of the first ``n_rows`` rows (the intercept has none) towards what their estimates say."""
        for pair in self._pairs():
            self._give_together(*pair)
            yield 0.0
        for row in range(1, n_rows):
            estimate, error = self._estimate(row)
            priors.move(row, learned_prior(estimate, error, self._components(row)))
            yield row / n_rows

    def _estimate(self, row: int) -> tuple[Tensor, Tensor]:
        """Return estimates and standard errors (G,) of a row, free of what belongs to size or factors."""
        if not self._is_swapped(row):
            return cavity(self.posterior, row)
        estimate, error = self._swapped(row)
        lost = self._give(row, estimate, error)
        self._lower(row, lost)
        return estimate - lost, error

    def _swapped(self, row: int) -> tuple[Tensor, Tensor]:
        """Return estimates and standard errors (G,) of an effect of a state, place's part in them."""
        estimate, error = cavity(self.posterior, row)
        error = (error.square() + self.place[row - self.first_own]).sqrt()
        return (estimate - self.lost[row] if row in self.lost else estimate), error

    def _lower(self, row: int, lost: Tensor) -> None:
        """Take from a row's weights what their estimates lose: the posterior mean at the lower estimate."""
        kept = 1 - self.posterior.priors.precision[row] * self.posterior.variance[row]
        self.network.weights[row] -= kept * lost

    def _pairs(self) -> Iterator[tuple[Smooth, int, int]]:
        """Yield the rows of own effects and spill-overs that give at once what belongs to factors."""
        smooth = self.smooth
        for spill, own in self.network.attributes.own_row.items():
            if smooth is not None and smooth.told[own - self.first_own]:
                yield smooth, own, spill

    def _give_together(self, smooth: Smooth, own: int, spill: int) -> None:
        """Give factors what belongs to them of an own effect and its spill-over at once."""
        pair = self._swapped(own), self._swapped(spill)
        estimates, errors = (torch.stack(part) for part in zip(*pair, strict=True))
        around, follower = smooth.directions_together(own, spill)
        amount = exchanged(estimates, errors, joined(common_of_each(errors), around))[2:]
        smooth.take(amount, follower)
        for row, lost in zip((own, spill), (amount @ around.loadings).view_as(estimates), strict=True):
            self.lost[row] = lost
            self._lower(row, lost)

    def _give(self, row: int, estimate: Tensor, error: Tensor) -> Tensor:
        """Give spot sizes and factors what belongs to them of an effect; return what it loses (G,)."""
        directions, smooth = common(error), self.smooth
        if smooth is not None and row in self.network.attributes.own_row:
            around, follower = smooth.directions(row)
            directions = joined(directions, around)
        amount = exchanged(estimate, error, directions)
        self.network.size_shift[row] += amount[0]
        if smooth is not None and len(amount) > 1:
            smooth.take(amount[1:], follower)
        return amount @ directions.loadings

    def _components(self, row: int) -> Components:
        """Return what a row's weights may be: a spill-over may resemble the own effect of its state."""
        own = self.network.attributes.own_row.get(row)
        if own is None:
            return around_zero(self.posterior.mean.device)
        return around_shares(self.network.weights[own], self.posterior.variance[own])  # less its common centre

    def _is_swapped(self, row: int) -> bool:
        rows = self.network.attributes.swapped
        return bool(rows.start <= row < rows.stop)
