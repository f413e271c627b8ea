"""The first claim: what differs between states belongs to the states, as far as place can't be told from outside.

A smooth factor can imitate the effect of a state whose spots lie together: ``f + c·1[state]`` with ``B - c·w`` explains
the counts just as well, and with thousands of genes a sparse prior on ``B`` would let the factors take it all. So the
mean of every latent over the spots of a state is not left to the counts of that state: it is what the *control* spots
around predict (kriging), where they can tell, and the rest is the state's own effect::

    mean_p f_l = w_pl k_pl + (1 - w_pl) f̄_l        w_pl = (1 - v_pl / TOLD)₊

with ``k`` and ``v`` mean and variance of ``f_l`` over the spots of state ``p`` given the control spots alone, and ``f̄``
its mean over those. Inside a small nodule the surroundings know the factors (``v`` below 0.005 on simulated slides with
nodules of 20 spots); of a large territory they know little (0.04 to 0.5 on slides whose states are annotated regions):
the effect is then the difference between the means. What place may have to do with it belongs to its standard error,
``(v_pl + (k - mean_p f)²) w_lg²``, and to that of the spill-over, whose field is a smooth shape as well.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from napari_concert.model import svgp

TOLD = 0.05  # variance, of a factor's 1, at which the surroundings no longer tell what place has to do with a state
SURELY_TOLD = 0.02  # the same over all factors, below which a state has no need of a claim
FIRM = 1e6  # precision that holds the means against any counts


class Claim(NamedTuple):
    """What is held of the latents.

    Attributes
    ----------
    means
        Weights (P, N) that average the spots of each state with a claim.
    target, variance
        Mean of each latent over them, (P, L), and its variance given the control spots.
    gap
        What the control spots predict of the mean (P, L) beyond ``target``.
    """

    means: Tensor
    target: Tensor
    variance: Tensor
    gap: Tensor

    def excess(self, latents: Tensor) -> Tensor:
        """Return by how much the means of latents (N, L) miss their target, (P, L)."""
        return self.means @ latents - self.target

    def scaled(self, scale: Tensor) -> Claim:
        """Return the claim on latents divided by ``scale`` (L,)."""
        return Claim(self.means, self.target / scale, self.variance / scale.square(), self.gap / scale)

    def of_territories(self, share: Tensor) -> Claim:
        """Return the claim of the states that can't be told from their place; the others are left to their counts.

        Parameters
        ----------
        share
            Weight of each factor in the expression (L,).
        """
        unknown = self.variance @ share / share.sum().clamp(min=1e-12)
        held = (unknown > SURELY_TOLD).to(self.means.dtype)[:, None]
        return Claim(self.means * held, self.target * held, self.variance, self.gap * held)

    def with_own(self, count: int) -> Claim:
        """Return the claim with ``count`` latents of the single spot, whose mean is 0: place says nothing of them."""
        target, variance, gap = (torch.nn.functional.pad(p, (0, count)) for p in (self.target, self.variance, self.gap))
        return Claim(self.means, target, variance, gap)


def averages(own: Tensor, n_own: int, observed: Tensor) -> Tensor:
    """Return weights (P, N) that average the observed spots of every state with an own effect; zeros without any."""
    members = torch.nn.functional.one_hot(own + 1, n_own + 1)[:, 1:].mT.to(observed.dtype) * observed
    return members / members.sum(1, keepdim=True).clamp(min=1.0)


def kriged(
    basis: Tensor,
    values: Tensor,
    precision: Tensor,
    means: Tensor,
    outside: Tensor,
    blocks: svgp.Parts | None = None,
) -> tuple[Tensor, Tensor]:
    """Return mean and variance (P, K) of spatial factors over each state, given the spots ``outside`` alone.

    Parameters
    ----------
    basis
        ``V`` (M, N).
    values, precision
        Readings of the factors (N, K).
    means
        Weights (P, N).
    outside
        1.0 for spots in control (N,).
    blocks
        Of the places in ``basis``; by default there is one.
    """
    post = svgp.posterior(basis, values, precision * outside[:, None], blocks)
    onto = basis @ means.mT  # V, averaged: (M, P)
    residual = (1 - basis.square().sum(0)).clamp(min=0)
    spread = [torch.linalg.solve_triangular(root, onto, upper=False).square().sum(0) for root in post.precision_root]
    own = means.square() @ residual
    return onto.mT @ post.mean.mT, torch.stack(spread, 1) + own[:, None]


def claim(
    basis: Tensor,
    values: Tensor,
    precision: Tensor,
    means: Tensor,
    outside: Tensor,
    blocks: svgp.Parts | None = None,
) -> Claim | None:
    """Return what is held of the latents; None where no state has a claim or no spot is in control.

    Parameters
    ----------
    values, precision
        Readings of the spatial factors (N, K).
    means, outside, blocks
        As :func:`kriged` has them.
    """
    if not len(means) or not bool((outside > 0).any()):
        return None
    found, variance = kriged(basis, values, precision, means, outside, blocks)
    weight = precision * outside[:, None]
    control = (weight * values).sum(0) / (1 + weight.sum(0))  # a reading without information says nothing
    told = (1 - variance / TOLD).clamp(min=0)
    target = told * found + (1 - told) * control
    return Claim(means, target, variance, found - target)
