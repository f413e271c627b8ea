"""Adam (Kingma & Ba 2015), for a few small parameters.

Torch's own one imports its compiler first, which takes a second that nobody gets control in.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Steps downhill by the running mean of the gradients over the root of that of their squares.

    Parameters
    ----------
    parameters
        What is learned; parameters without a gradient are left alone.
    rate
        Length of a first step.
    """

    def __init__(self, parameters: Iterable[Tensor], rate: float) -> None:
        self.parameters, self.rate, self.steps = list(parameters), rate, 0
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]

    def clear(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter by its gradient."""
        self.steps += 1
        for parameter, mean, square in zip(self.parameters, self.means, self.squares, strict=True):
            if parameter.grad is None:
                continue
            mean.lerp_(parameter.grad, 1 - DECAY)
            square.lerp_(parameter.grad.square(), 1 - SQUARE_DECAY)
            spread = (square / (1 - SQUARE_DECAY**self.steps)).sqrt() + EPSILON
            parameter.addcdiv_(mean, spread, value=-self.rate / (1 - DECAY**self.steps))
