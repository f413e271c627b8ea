"""The MLPs' steps: uphill on the quadratic model, and towards features that are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from napari_concert.model.adam import Adam
from napari_concert.model.attributes import Attributes, Codes, encode
from napari_concert.model.continuous_fit import fit_continuous


class Told:
    """Stands for a summary: score and curvature of the continuous features."""

    def __init__(self, score: torch.Tensor, curvature: torch.Tensor) -> None:
        self.score, self.curvature = score, curvature

    def of(self, *names: str) -> tuple[torch.Tensor, torch.Tensor]:
        assert names == ("continuous",)
        return self.score, self.curvature

    def gain(self, change: np.ndarray) -> float:
        """Return the quadratic model of the log-likelihood (nats) at a change of the features (N, K)."""
        score, curvature = self.score.numpy(), self.curvature.numpy()
        return float((score * change).sum() - 0.5 * np.einsum("nk,nkj,nj->", change, curvature, change))


@pytest.fixture
def mlps(case: Callable[..., Any]) -> tuple[Attributes, Codes]:
    """Return attributes with two MLPs, and the codes of 80 spots."""
    slide = case(80, 3, n_continuous=2)
    torch.manual_seed(0)
    return Attributes(slide.vocabulary, slide.config.reach, 3).double(), encode(slide.arrays, slide.vocabulary)


@pytest.mark.parametrize("seed", range(3))
def test_a_step_raises_the_quadratic_gain(mlps: tuple[Attributes, Codes], seed: int) -> None:
    attributes, codes = mlps
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(80, 6, 6))
    told = Told(*(torch.from_numpy(part) for part in (rng.normal(size=(80, 6)), root @ root.transpose(0, 2, 1) / 20)))
    start = attributes.bent(codes).detach().numpy()
    fit_continuous(attributes, codes, Adam(attributes.continuous.parameters(), 1e-3), told, 1)  # type: ignore[arg-type]
    assert told.gain(attributes.bent(codes).detach().numpy() - start) > 0


def test_many_steps_find_features_that_are_known(mlps: tuple[Attributes, Codes]) -> None:
    """Of features that another MLP makes, most of the distance is gone."""
    attributes, codes = mlps
    torch.manual_seed(1)
    values = codes.continuous
    with torch.no_grad():
        bends = [torch.tanh(0.8 * values[:, [c]] - torch.tensor([0.3, -0.5])) for c in (0, 1)]
        target = torch.cat([part for c in (0, 1) for part in (values[:, [c]], bends[c])], 1)
        start = attributes.bent(codes)
    told = Told(target - start, torch.eye(6, dtype=torch.float64).expand(80, 6, 6))
    fit_continuous(attributes, codes, Adam(attributes.continuous.parameters(), 0.05), told, 300)  # type: ignore[arg-type]
    left = (attributes.bent(codes) - target).square().sum() / (start - target).square().sum()
    assert left < 0.02


def test_no_step_no_change_and_the_attribute_itself_stays(mlps: tuple[Attributes, Codes]) -> None:
    attributes, codes = mlps
    before = attributes.bent(codes).detach()
    told = Told(torch.ones(80, 6, dtype=torch.float64), torch.zeros(80, 6, 6, dtype=torch.float64))
    adam = Adam(attributes.continuous.parameters(), 0.05)
    fit_continuous(attributes, codes, adam, told, 0)  # type: ignore[arg-type]
    assert torch.equal(attributes.bent(codes), before)
    fit_continuous(attributes, codes, adam, told, 3)  # type: ignore[arg-type]
    after = attributes.bent(codes).detach()
    assert torch.equal(after[:, [0, 3]], codes.continuous)
    assert (after - before)[:, [1, 2, 4, 5]].abs().max() > 0.01
