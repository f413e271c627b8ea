"""Sections moved by known movements come back, and what can't be aligned is said."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from anndata import AnnData

from napari_concert import register
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import from_anndata, read
from napari_concert.registration import Registration, registering
from napari_concert.slide import Columns, Rigid, Slide, Stack

HALF = 0.5  # of a spot pitch


def random_move(rng: np.random.Generator, *, mirror: bool) -> Rigid:
    shift = rng.uniform(-4000, 4000, 2).tolist()
    return Rigid(rng.uniform(-180, 180), (shift[0], shift[1]), bool(mirror and rng.random() < 0.7))


def error(slide: Slide, found: Registration, moves: list[Rigid]) -> float:
    """Return the root mean square distance, in pitches, of all spots from where they lay, seen from the reference."""
    labels, points = slide.labels("section"), slide.raw_coords[:, :2]
    back = moves["abcdef".index(found.reference)]
    apart = [
        found.stack.move_of(name).then(back).apply(points[labels == name]) - move.apply(points[labels == name])
        for name, move in zip("abcdef", moves, strict=False)
    ]
    return float(np.sqrt((np.concatenate(apart) ** 2).sum(axis=1).mean())) / slide.pitch


@pytest.mark.parametrize("kind", ["whole", "part", "overlap", "holes"])
@pytest.mark.parametrize("seed", range(3))
def test_a_moved_section_comes_back(tissue, masks, kind, seed):
    rng = np.random.default_rng([seed, len(kind)])
    mirror = seed % 2 == 1
    moves = [Rigid(), random_move(rng, mirror=mirror)]
    slide = tissue.slide(rng, moves, masks(kind, rng), depth=1.0 if seed else 0.1)
    found = register(slide, reference="a", mirror=mirror)
    assert error(slide, found, moves) < HALF
    assert found.stack.move_of("a") == Rigid()
    assert found.scores[0].after.correlation > 0.1
    assert not found.notes


def test_a_chain_ends_in_the_frame_of_the_reference(tissue):
    rng = np.random.default_rng(1)
    moves = [random_move(rng, mirror=False) for _ in range(4)]
    slide = tissue.slide(rng, moves)
    found = register(slide)
    assert found.reference == "b"
    assert error(slide, found, moves) < HALF
    assert [(pair.lower, pair.upper) for pair in found.scores] == [("a", "b"), ("b", "c"), ("c", "d")]
    registered = found.apply(slide)
    assert registered.registered
    assert registered.raw_coords is slide.raw_coords
    assert set(np.unique(registered.coords[:, 2])) == {0, 100, 200, 300}


def test_the_reference_keeps_the_movement_it_had(tissue):
    rng = np.random.default_rng(2)
    slide = tissue.slide(rng, [Rigid(), Rigid(70, (500, 20))])
    before = Rigid(33, (5, 6))
    assert slide.stack is not None
    found = register(slide.with_stack(slide.stack.moved({"a": before})), reference="a")
    assert found.stack.move_of("a") == before
    apart = found.stack.move_of("b").apply(tissue.points) - Rigid(70, (500, 20)).then(before).apply(tissue.points)
    assert np.sqrt((apart**2).sum(axis=1).mean()) < HALF * slide.pitch


def test_the_order_of_spots_does_not_matter(tissue):
    rng = np.random.default_rng(3)
    slide = tissue.slide(rng, [Rigid(), Rigid(140, (10, 20))])
    shuffled = from_anndata(slide.adata[rng.permutation(slide.n_spots)].copy(), columns=slide.columns)
    one, other = (register(each.with_stack(slide.stack)).stack.move_of("b") for each in (slide, shuffled))
    np.testing.assert_allclose(one.apply(tissue.points), other.apply(tissue.points), atol=1e-6)


def test_it_says_how_far_it_is_and_can_be_closed(tissue):
    slide = tissue.slide(np.random.default_rng(4), [Rigid(), Rigid(20), Rigid(40)])
    work = registering(slide)
    steps = [next(work)]
    while "section a to b" not in steps[-1].text:
        steps.append(next(work))
    assert all(before.done <= after.done for before, after in pairwise(steps))
    assert {step.total for step in steps} == {2}
    assert any("section c to b" in step.text for step in steps), "the other one comes first"
    work.close()
    with pytest.raises(StopIteration):
        next(work)


def test_a_mirrored_section_is_hinted_at_where_mirrors_are_not_allowed(tissue):
    slide = tissue.slide(np.random.default_rng(5), [Rigid(), Rigid(20, mirrored=True)])
    found = register(slide)
    assert any("mirrored" in note for note in found.notes)
    assert not found.stack.move_of("b").mirrored


def test_noise_is_not_called_an_alignment():
    rng = np.random.default_rng(6)
    adata = AnnData(rng.poisson(2.0, (300, 30)).astype(np.float32), obsm={"spatial": rng.uniform(0, 1000, (300, 2))})
    adata.obs["section"] = ["a"] * 150 + ["b"] * 150
    work, done = registering(from_anndata(adata, columns=Columns(section="section"))), [0.0]
    with pytest.raises(StopIteration) as end:
        while True:
            done.append(next(work).done)
    assert done == sorted(done)
    assert "check" in end.value.value.notes[-1]


# -- what can't be aligned --------------------------------------------------------------------------------------------


def test_a_tiny_section_stays_and_its_neighbours_meet(tissue):
    rng = np.random.default_rng(7)
    everything = np.ones(len(tissue.points), bool)
    tiny = np.arange(len(tissue.points)) < 3
    moves = [Rigid(), Rigid(10), Rigid(100, (50, 60))]
    slide = tissue.slide(rng, moves, [everything, tiny, everything])
    found = register(slide, reference="a")
    assert found.stack.move_of("b") == Rigid()
    assert ["b" in note for note in found.notes] == [True]
    assert [(pair.lower, pair.upper) for pair in found.scores] == [("a", "c")]
    apart = found.stack.move_of("c").apply(moves[2].inverse.apply(tissue.points)) - tissue.points
    assert np.sqrt((apart**2).sum(axis=1).mean()) < HALF * slide.pitch
    with pytest.raises(ConcertError, match="larger"):
        register(slide, reference="b")


def test_one_section_is_not_moved(tissue):
    slide = tissue.slide(np.random.default_rng(8), [Rigid()])
    found = register(slide)
    assert found.stack.moves == {}
    assert found.scores == ()
    assert found.reference == "a"
    assert "one section" in found.notes[0]


def test_sections_of_one_height_are_stacked_by_name(new_adata):
    adata = new_adata()
    adata.obsm["spatial"] = np.column_stack([adata.obsm["spatial"], np.zeros(adata.n_obs)])
    adata.obs["section"] = ["b"] * 32 + ["a"] * 32
    found = register(from_anndata(adata, columns=Columns(section="section")))
    assert found.stack.order == ("a", "b")
    assert found.stack.assumed


def test_unknown_references_and_slides_without_sections_are_refused(tissue, slide):
    two = tissue.slide(np.random.default_rng(9), [Rigid(), Rigid()])
    with pytest.raises(UnknownName, match="'z'"):
        register(two, reference="z")
    with pytest.raises(ConcertError, match="section"):
        register(slide)


# -- real stacks ------------------------------------------------------------------------------------------------------


def test_a_real_stack_of_a_tumour(real_slide):
    slide = read(real_slide("her2st_C_stack6_3d.h5ad"))
    found = register(slide)
    assert not found.notes
    assert min(pair.after.correlation for pair in found.scores) > 0.35
    assert min(pair.after.overlap for pair in found.scores) > 0.95
    assert max(pair.before.overlap for pair in found.scores) < 0.95


def test_a_real_stack_that_overlaps_in_part(real_slide):
    slide = read(real_slide("st2k_mouse_brain_4sections_2000genes_2d.h5ad"))
    slide = slide.with_stack(Stack.spaced(("Hippo3", "Hippo4"), 20.0))
    upright, mirrored = register(slide), register(slide, mirror=True)
    # both show the midbrain and one side of the cortex, Hippo3 the left one and Hippo4 the right one
    assert abs(upright.stack.move_of("Hippo4").angle) < 5
    assert mirrored.stack.move_of("Hippo4").mirrored
    assert abs(mirrored.stack.move_of("Hippo4").angle) < 8
    assert "mirrored" in upright.notes[0]
    assert mirrored.scores[0].after.correlation > upright.scores[0].after.correlation > 0.1
