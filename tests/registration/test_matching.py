"""Matches by transport, spots that are far apart, and pooling."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert import registration
from napari_concert.registration import register
from napari_concert.registration import tissue as tissues
from napari_concert.registration.matching import rematched
from napari_concert.registration.sampling import spread_out
from napari_concert.registration.tissue import Tissues, tissues_of
from napari_concert.slide import Rigid, Slide


def read(slide: Slide) -> Tissues:
    work = tissues_of(slide, slide.sections)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_transport_corrects_a_pose_that_is_nearly_right(tissue):
    slide = tissue.slide(np.random.default_rng(0), [Rigid(), Rigid()])
    found = read(slide)
    nearly = Rigid.around(found.parts["b"].points.mean(axis=0), 12, (1.5, -1.0))
    (pose,) = rematched(found.parts["a"], found.parts["b"], nearly)

    def error(move: Rigid) -> float:
        points = found.parts["b"].points
        return float(np.sqrt(((move.apply(points) - points) ** 2).sum(axis=1).mean()))

    assert error(nearly) > 2.0
    assert error(pose) < 0.5
    assert rematched(found.parts["a"], found.parts["b"], Rigid(0, (1e4, 0.0))) == []


def test_points_are_spread_out_and_do_not_depend_on_their_number():
    points = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    rows = spread_out(points, 25)
    assert len(set(rows)) == 25
    apart = np.linalg.norm(points[rows][:, None] - points[rows], axis=2) + 1e9 * np.eye(25)
    assert apart.min() > 3.0
    assert list(spread_out(points[:7], 25)) == list(range(7))


def test_many_spots_are_pooled_and_still_aligned(tissue, monkeypatch):
    moves = [Rigid(), Rigid(77, (300, -200))]
    slide = tissue.slide(np.random.default_rng(1), moves)
    monkeypatch.setattr(tissues, "MOST_SPOTS", 250)
    found = read(slide)
    assert found.step == pytest.approx(np.sqrt(2) * slide.pitch, rel=0.02)
    for name, part in found.parts.items():
        assert len(part.points) < 350
        assert part.counts.sum() == slide.counts[slide.labels("section") == name].sum()
    move = register(slide, reference="a").stack.move_of("b")
    apart = move.apply(moves[1].inverse.apply(tissue.points)) - tissue.points
    assert np.sqrt((apart**2).sum(axis=1).mean()) < 0.5 * slide.pitch


def test_public_names_are_there():
    assert all(hasattr(registration, name) for name in registration.__all__)
