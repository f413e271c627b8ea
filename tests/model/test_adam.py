"""Adam against its definition, written again with numpy."""

from __future__ import annotations

import numpy as np
import torch

from napari_concert.model.adam import Adam


def test_steps_are_those_of_the_paper() -> None:
    draw = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=draw, dtype=torch.float64) for shape in ((3, 2), (), (4,))]
    found = [value.clone().requires_grad_() for value in start]
    optimiser = Adam(found, 0.05)
    for _ in range(25):
        optimiser.clear()
        sum((parameter**4 - parameter.sin()).sum() for parameter in found).backward()
        optimiser.step()
    for value, parameter in zip(start, found, strict=True):
        np.testing.assert_allclose(parameter.detach(), _path(value.numpy(), 25), atol=1e-12)


def _path(value: np.ndarray, steps: int) -> np.ndarray:
    """Return where algorithm 1 of the paper leads."""
    first = second = np.zeros_like(value)
    for t in range(1, steps + 1):
        gradient = 4 * value**3 - np.cos(value)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        value = value - 0.05 * (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
    return value


def test_what_has_no_gradient_stays() -> None:
    used, unused = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    optimiser = Adam([used, unused], 0.1)
    used.sum().backward()
    optimiser.step()
    assert torch.equal(unused, torch.ones(2))
    assert torch.allclose(used, torch.full((2,), 0.9))
    optimiser.clear()
    assert used.grad is None
