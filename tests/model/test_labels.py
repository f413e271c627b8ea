"""Inferred labels against dense algebra, and what they must not depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_concert.model import labels
from napari_concert.model.data import UNKNOWN, SpotArrays
from napari_concert.model.labels import Labelled, Where, best_range, given, infer_pairs, krige, proper, seen_pairs


def blocks(case, n_spots: int = 400, size: float = 5.0, **settings: object) -> SpotArrays:
    """Return spots whose state and tissue come in blocks: tissue 0 is always in state 0."""
    arrays = case(n_spots, 1, **settings).arrays
    square = np.floor(arrays.coords[:, :2] / size).astype(np.int64)
    tissue = (square.sum(axis=1) % 2).astype(np.int64)
    return replace(arrays, tissue=tissue, state=tissue * (1 + square[:, 0] % 2))


def dense(seen: Where, values: np.ndarray, mean: np.ndarray, at: Where, reach: float) -> np.ndarray:
    """Return the kriging estimate from its definition."""

    def kernel(a: Where, b: Where) -> np.ndarray:
        t = np.minimum(np.linalg.norm(a.coords[:, None] - b.coords[None], axis=2) / reach, 1)
        return (1 - t) ** 4 * (4 * t + 1) * (a.place[:, None] == b.place)

    system = kernel(seen, seen) + labels.NUGGET * np.eye(len(values))
    return mean + kernel(at, seen) @ np.linalg.inv(system) @ (values - mean)


@pytest.mark.parametrize("directly", [True, False], ids=["solved", "iterated"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_kriging_is_dense_algebra(case, monkeypatch, directly, dimensions) -> None:
    monkeypatch.setattr(labels, "DENSE", 500 if directly else 0)
    arrays = case(120, 1, n_places=2, dimensions=dimensions).arrays
    seen, at = Where.of(arrays).take(np.arange(100)), Where.of(arrays).take(np.arange(100, 120))
    values = np.random.default_rng(1).normal(size=(100, 3))
    found = krige(seen, values, values.mean(axis=0), at, 4.0)
    np.testing.assert_allclose(found, dense(seen, values, values.mean(axis=0), at, 4.0), atol=1e-8)


def test_probabilities_are_probabilities(case) -> None:
    arrays = blocks(case)
    at = Where(np.random.default_rng(0).uniform(-5, 25, (300, 2)), np.zeros(300, np.int64))
    found = infer_pairs(arrays, at).probability
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_far_from_all_spots_pairs_have_their_share_of_the_slide(case) -> None:
    arrays = blocks(case)
    found = infer_pairs(arrays, Where(np.array([[500.0, 500.0]]), np.zeros(1, np.int64)))
    share = [((arrays.state == state) & (arrays.tissue == tissue)).mean() for state, tissue in found.codes]
    np.testing.assert_allclose(found.probability[0], share)


def test_other_places_say_nothing(case) -> None:
    arrays = blocks(case)
    elsewhere = infer_pairs(arrays, Where(arrays.coords[:3], np.ones(3, np.int64)))
    np.testing.assert_allclose(elsewhere.probability, np.tile(elsewhere.probability[0], (3, 1)))


def test_a_hole_is_filled_as_surely_as_it_can_be(case) -> None:
    arrays, right, sure, gain = blocks(case, 900, 7.0), [], [], []
    for middle in np.random.default_rng(3).uniform(6, 24, (12, 2)):
        hidden = np.linalg.norm(arrays.coords - middle, axis=1) < 3.5
        rest, hole = arrays.take(np.flatnonzero(~hidden)), arrays.take(np.flatnonzero(hidden))
        found = infer_pairs(rest, Where.of(hole))
        true = (found.codes[:, 0] == hole.state[:, None]) & (found.codes[:, 1] == hole.tissue[:, None])
        right.extend(true[np.arange(len(hole)), found.probability.argmax(axis=1)])
        sure.extend(found.probability.max(axis=1))
        share = infer_pairs(rest, Where(np.full((1, 2), 999.0), np.zeros(1, np.int64))).probability[0]
        gain.extend(np.log((true * found.probability).sum(axis=1)) - np.log(true @ share))
    assert np.mean(right) > 0.7
    assert np.mean(sure) == pytest.approx(np.mean(right), abs=0.1)
    assert np.mean(gain) > 0.4


def test_neither_order_nor_frame_nor_other_positions_matter(case) -> None:
    arrays, rng = blocks(case), np.random.default_rng(2)
    at = Where(rng.uniform(0, 20, (9, 2)), np.zeros(9, np.int64))
    plain = infer_pairs(arrays, at)
    shuffled = infer_pairs(arrays.take(rng.permutation(len(arrays))), at)
    np.testing.assert_allclose(shuffled.probability, plain.probability, atol=1e-8)
    np.testing.assert_allclose(infer_pairs(arrays, at.take(np.array([4]))).probability[0], plain.probability[4])
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    moved = replace(arrays, coords=arrays.coords @ turn + [100, -50])
    turned = infer_pairs(moved, Where(at.coords @ turn + [100, -50], at.place))
    np.testing.assert_allclose(turned.probability, plain.probability, atol=1e-8)


def test_the_range_follows_the_size_of_what_is_there(case) -> None:
    def found(size: float) -> float:
        arrays = blocks(case, 900, size)
        codes, _, which = seen_pairs(arrays)
        indicator = np.eye(len(codes))[which]
        return best_range(Where.of(arrays), indicator, indicator.mean(axis=0))

    assert found(3.0) < found(10.0)


def test_one_pair_is_certain(case) -> None:
    arrays = case(60, 1, states=("A",), tissues=()).arrays
    arrays = replace(arrays, state=np.zeros(60, np.int64))
    found = infer_pairs(arrays, Where.of(arrays))
    assert found.codes.tolist() == [[0, UNKNOWN]]
    assert (found.probability == 1).all()


def test_spots_of_unknown_label_tell_nothing(case) -> None:
    arrays = case(200, 1).arrays
    codes, rows, which = seen_pairs(arrays)
    assert (codes != UNKNOWN).all()
    np.testing.assert_array_equal(rows, np.flatnonzero((arrays.state != UNKNOWN) & (arrays.tissue != UNKNOWN)))
    np.testing.assert_array_equal(codes[which], np.column_stack([arrays.state, arrays.tissue])[rows])


def test_where_no_spot_has_both_labels_all_count(case) -> None:
    arrays = case(20, 1).arrays
    state = np.where(np.arange(20) < 10, 0, UNKNOWN)
    split = replace(arrays, state=state, tissue=np.where(state == 0, UNKNOWN, 1))
    assert seen_pairs(split)[0].tolist() == [[UNKNOWN, 1], [0, UNKNOWN]]


PAIRS = Labelled(np.array([[0, 0], [0, 1], [1, 1]]), np.array([[0.5, 0.3, 0.2]] * 4))


def test_what_is_given_holds_and_the_rest_is_conditional() -> None:
    found = given(PAIRS, np.array([-1, 0, -1, 1]), np.array([-1, -1, 1, 0]))
    table = [{tuple(c): p for c, p in zip(found.codes.tolist(), row, strict=True) if p} for row in found.probability]
    assert table[0] == pytest.approx({(0, 0): 0.5, (0, 1): 0.3, (1, 1): 0.2})
    assert table[1] == pytest.approx({(0, 0): 0.625, (0, 1): 0.375})
    assert table[2] == pytest.approx({(0, 1): 0.6, (1, 1): 0.4})
    assert table[3] == {(1, 0): 1}


def test_a_state_never_seen_here_takes_the_tissues_of_all() -> None:
    found = given(PAIRS, np.full(4, 2), np.full(4, UNKNOWN))
    assert found.codes.tolist() == [[2, 0], [2, 1]]
    np.testing.assert_allclose(found.probability, [[0.5, 0.5]] * 4)


def test_clipped_guesses_keep_every_pair_possible() -> None:
    share = np.array([0.9, 0.1])
    np.testing.assert_allclose(proper(np.array([[1.2, -0.2]]), share), [[0.98 + 0.018, 0.002]])
