"""Counts drawn as a method says they are, at the library sizes of the spots that they are compared with.

Draw ``d`` of spot ``i`` is ``x ~ NB(s_id μ_igd, θ_g)`` with ``log μ_igd = log E_ig + σ_ig ε_gd − σ²_ig / 2``. What is
not known of an effect is shared by all spots, so ``ε`` is; the last term keeps the expectation at ``E``. Where a method
does not tell ``σ``, it is 0, and ``θ`` comes from the training spots by moments.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_concert.evaluate.methods import Answer

Floats = npt.NDArray[np.float64]

DRAWS = 10  # of each spot
LEAST = 1e-9  # expected count of a gene that a method never expects


class Draws:
    """What one draw of each spot shares between methods, so that these differ by what they say alone.

    Parameters
    ----------
    sizes
        Size factors (m,) of the spots that are compared with.
    dispersion
        (G,) where a method tells none.
    n_spots, seed
        Spots to draw, and the seed.
    """

    def __init__(self, sizes: Floats, dispersion: Floats, n_spots: int, seed: int) -> None:
        rng = np.random.default_rng([seed, 1])
        self.dispersion, self.seed = dispersion, seed
        self.size = rng.choice(sizes, (n_spots, DRAWS, 1))
        self.shared = rng.standard_normal((DRAWS, len(dispersion)))

    def after(self, answer: Answer) -> Floats:
        """Return log-normalised draws (n, D, G) of what a method expects."""
        return self._of(answer, answer.expected)

    def before(self, answer: Answer) -> Floats:
        """Return the same of what the method says spots are now; the same draws where it says nothing changes."""
        return self._of(answer, answer.before)

    def _of(self, answer: Answer, expected: Floats) -> Floats:
        rng = np.random.default_rng([self.seed, 2])
        log_mean = np.log(np.maximum(expected, LEAST))[:, None]
        if answer.spread is not None:
            log_mean = log_mean + answer.spread[:, None] * self.shared - np.square(answer.spread[:, None]) / 2
        theta = self.dispersion if answer.dispersion is None else answer.dispersion
        shape = np.broadcast_to(theta, np.broadcast_shapes(log_mean.shape, (1, DRAWS, len(theta))))
        rate = self.size * np.exp(log_mean) * rng.standard_gamma(shape) / theta
        return np.asarray(np.log1p(rng.poisson(rate) / self.size))
