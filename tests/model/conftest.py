"""Small slides as plain arrays, and networks with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from napari_concert.model.attributes import encode, field_pairs
from napari_concert.model.config import ModelConfig
from napari_concert.model.data import UNKNOWN, SpotArrays, Vocabulary
from napari_concert.model.encoder import Spots
from napari_concert.model.network import ConcertNetwork


@dataclass(frozen=True, eq=False)
class Case:
    """A slide, its vocabulary, and a configuration small enough for a test."""

    arrays: SpotArrays
    vocabulary: Vocabulary
    config: ModelConfig

    def network(self, seed: int = 0, size: float = 0.4) -> ConcertNetwork:
        """Return a network with random weights; the first row is the log mean expression."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = ConcertNetwork(self.vocabulary, self.config)
        draw = torch.Generator().manual_seed(seed)
        network.weights.copy_(size * torch.randn(network.weights.shape, generator=draw, dtype=torch.float64))
        network.weights[0] += 1.0
        network.log_theta.copy_(1 + torch.rand(network.log_theta.shape, generator=draw, dtype=torch.float64))
        return network

    def features(self, network: ConcertNetwork) -> torch.Tensor:
        """Return the attribute features (N, Qa)."""
        pairs = field_pairs(self.arrays, self.vocabulary, self.config.reach)
        return network.attributes(encode(self.arrays, self.vocabulary), pairs).detach()

    def spots(self, hidden: np.ndarray | None = None) -> Spots:
        """Return the tensors of the slide."""
        return Spots.of(self.arrays, self.config.inducing_points, self.config.batch_entries, hidden)

    def with_config(self, **settings: Any) -> Case:
        """Return the same slide with other settings."""
        return replace(self, config=replace(self.config, **settings))

    def reordered(self, order: np.ndarray) -> Case:
        """Return the same slide with its spots in another order."""
        return replace(self, arrays=self.arrays.take(order))


def make_case(
    n_spots: int = 90,
    n_genes: int = 6,
    *,
    seed: int = 0,
    dimensions: int = 2,
    states: tuple[str, ...] = ("control", "A", "B"),
    tissues: tuple[str, ...] = ("in", "out"),
    n_places: int = 1,
    n_continuous: int = 0,
    mean_count: float = 3.0,
    controls: tuple[str, ...] | None = None,
    batches: tuple[str, ...] = ("slide",),
    **settings: Any,
) -> Case:
    """Return random spots on a jittered square grid of pitch 1; some states and tissues are unknown."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n_spots)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)[:n_spots]
    coords = grid + rng.uniform(-0.1, 0.1, (n_spots, 2))
    if dimensions == 3:
        coords = np.column_stack([coords, rng.uniform(0, 3, n_spots)])
    state = rng.integers(UNKNOWN, len(states), n_spots) if states else np.full(n_spots, UNKNOWN)
    tissue = rng.integers(UNKNOWN, len(tissues), n_spots) if tissues else np.full(n_spots, UNKNOWN)
    names = tuple(f"x{c}" for c in range(n_continuous))
    arrays = SpotArrays(
        counts=csr_matrix(rng.negative_binomial(3.0, 3.0 / (3.0 + mean_count), (n_spots, n_genes)).astype(np.float32)),
        size=np.exp(rng.normal(0, 0.3, n_spots)),
        coords=coords,
        place=rng.integers(0, n_places, n_spots),
        state=state.astype(np.int64),
        tissue=tissue.astype(np.int64),
        batch=np.zeros(n_spots, dtype=np.int64),
        continuous=rng.normal(size=(n_spots, n_continuous)),
    )
    vocabulary = Vocabulary(
        genes=tuple(f"gene {g}" for g in range(n_genes)),
        states=states,
        controls=states[:1] if controls is None else controls,
        tissues=tissues,
        batches=batches,
        continuous=names,
        continuous_mean=(0.0,) * n_continuous,
        continuous_sd=(1.0,) * n_continuous,
        dimensions=dimensions,
    )
    small = {"spatial_factors": 2, "intrinsic_factors": 1, "inducing_points": 30, "reach": 4.0}
    return Case(arrays, vocabulary, ModelConfig(**{**small, **settings}))


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)  # sums over threads are the same to rounding only


@pytest.fixture
def case() -> Callable[..., Case]:
    """Return the factory of random slides."""
    return make_case


@dataclass(frozen=True, eq=False)
class Planted(Case):
    """A slide on which state ``A`` has own effects (G,) and a spill-over (G,) of known size."""

    own: np.ndarray
    spill: np.ndarray


@pytest.fixture(scope="module")
def planted() -> Planted:
    """Return 300 spots and 12 genes; blocks in state ``A`` change themselves and, over 2 pitches, their neighbours."""
    plain, rng = make_case(300, 12, states=("control", "A"), tissues=(), reach=6.0), np.random.default_rng(7)
    coords = plain.arrays.coords
    inside = (np.floor(coords[:, 0] / 6) + np.floor(coords[:, 1] / 6)) % 4 == 0
    own, spill = rng.normal(0, 0.8, 12), rng.normal(0, 0.8, 12)
    away = np.linalg.norm(coords[:, None] - coords[None, inside], axis=2).min(1)
    field = np.where(inside, 0, np.exp(-((away / 2) ** 2)))
    wave = np.sin(coords[:, 0] / 5)[:, None] * rng.normal(0, 0.5, 12)
    mean = plain.arrays.size[:, None] * np.exp(2 + inside[:, None] * own + field[:, None] * spill + wave)
    counts = csr_matrix(rng.negative_binomial(8.0, 8.0 / (8.0 + mean)).astype(np.float32))
    arrays = replace(plain.arrays, counts=counts, state=inside.astype(np.int64))
    return Planted(arrays, plain.vocabulary, plain.config, own, spill)
