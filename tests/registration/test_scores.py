"""What scores say: an independent computation, and their limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from napari_concert.registration import PairScore, Score, table
from napari_concert.registration.agreement import Agreement, correlation
from napari_concert.registration.scores import mean_correlation, score
from napari_concert.registration.tissue import Tissue
from napari_concert.slide import Rigid

HERE = Rigid()


def section(points: np.ndarray, genes: np.ndarray) -> Tissue:
    counts = sparse.csr_matrix(np.zeros((len(points), 1)))
    return Tissue("s", points, counts, np.ones(len(points)), genes, genes)


@pytest.fixture
def square() -> Tissue:
    points = np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), axis=-1).reshape(-1, 2)
    return section(points, np.column_stack([points[:, 0], np.sin(points[:, 1]), np.full(len(points), 2.0)]))


def test_a_section_on_itself_scores_one(square):
    found = score(square, square, HERE, HERE)
    assert found.correlation == pytest.approx(1.0)
    assert found.overlap == 1.0
    agreement = Agreement(square, square)
    assert agreement.parts(HERE)[1] == 1.0
    assert agreement(HERE) > max(agreement(Rigid(90)), agreement(Rigid(0, (4.0, 0.0))), agreement(Rigid(180)))


@given(st.floats(-180, 180), st.floats(-50, 50), st.booleans())
def test_a_score_depends_on_how_sections_lie_to_each_other_alone(angle, shift, mirrored):
    rng = np.random.default_rng(0)
    one, other = (section(rng.uniform(0, 8, (60, 2)), rng.normal(size=(60, 3))) for _ in range(2))
    move, both = Rigid(12, (0.3, 0.4)), Rigid(angle, (shift, -shift), mirrored)
    here, there = score(one, other, HERE, move), score(one, other, both, move.then(both))
    assert here.overlap == pytest.approx(there.overlap, abs=0.05)  # a spot may lie at the very limit
    assert here.correlation == pytest.approx(there.correlation, abs=0.05)
    assert 0 <= here.overlap <= 1
    assert -1 <= here.correlation <= 1


def test_the_correlation_is_pearsons_of_the_nearest_spots(square):
    rng = np.random.default_rng(1)
    other = section(square.points + 0.2, rng.normal(size=square.genes.shape))
    found = score(square, other, HERE, Rigid(0, (3.0, 0.0)))
    moved = other.points + np.array([3.0, 0.0])
    nearest = np.linalg.norm(square.points[:, None] - moved, axis=2)
    there = nearest.min(axis=1) <= 1.0
    pairs = square.genes[there], other.genes[nearest.argmin(axis=1)[there]]
    wanted = np.mean([np.corrcoef(pairs[0][:, g], pairs[1][:, g])[0, 1] for g in (0, 1)])  # the third does not vary
    assert found.correlation == pytest.approx(wanted)


def test_sections_apart_have_no_correlation(square):
    found = score(square, square, HERE, Rigid(0, (100.0, 0.0)))
    assert np.isnan(found.correlation)
    assert found.overlap == 0
    assert Agreement(square, square).parts(Rigid(0, (100.0, 0.0))) == (0.0, 0.0)
    assert PairScore("a", "b", found, found).to_json()["before"]["correlation"] is None


def test_genes_that_do_not_vary_tell_nothing():
    assert np.isnan(mean_correlation(np.ones((20, 2)), np.ones((20, 2))))
    assert correlation(np.ones((20, 2)), np.ones((20, 2)), np.ones(20)) == 0.0


def test_the_table_has_a_line_a_pair():
    pair = PairScore("low", "high", Score(np.nan, 0.0), Score(0.5, 0.91))
    head, _, line = table([pair])
    assert head.startswith("sections")
    assert line.split() == ["low", "–", "high", "–", "0.500", "0%", "91%"]
