"""Positions of a section between two measured ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata
from napari_concert.slide.between import gap_at, positions_between


def brute_force(slide, z):
    """Return the spots of the nearer section that have one of the farther within a pitch, spot by spot."""
    heights = sorted(set(slide.coords[:, 2]))
    below, above = max(h for h in heights if h < z), min(h for h in heights if h > z)
    near, far = (below, above) if z - below <= above - z else (above, below)
    kept = []
    for x, y, height in slide.coords:
        if height == near and any(
            np.hypot(x - u, y - v) <= slide.pitch for u, v, other in slide.coords if other == far
        ):
            kept.append((x, y, z))
    return np.array(kept)


@given(z=st.sampled_from([1.0, 60.0, 75.0, 75.1, 149.0, 151.0, 225.0, 280.0]))
def test_positions_are_those_of_a_search_spot_by_spot(new_stack, z):
    slide = new_stack()
    gap, found = positions_between(slide, z)
    np.testing.assert_allclose(found, brute_force(slide, z))
    assert (gap.lower, gap.upper) == (("s1", "s2") if z < 150 else ("s2", "s3"))
    assert gap.below < gap.z < gap.above


def test_where_the_other_section_ends_there_is_no_spot(new_stack):
    slide = new_stack((0.0, 150.0), side=5)
    inside = slide.coords[:, 0] < 0
    top = slide.labels("section") == "s2"
    cut = slide.adata[~(top & ~inside)].copy()
    half = from_anndata(cut, name="half", registered=True)
    _, found = positions_between(half, 50.0)
    assert 0 < len(found) < 25
    assert (found[:, 0] <= half.pitch).all()


def test_spots_without_counts_are_no_tissue(new_stack):
    slide = new_stack((0.0, 150.0))
    table = slide.adata.copy()
    counts = table.X.tolil()
    counts[0] = 0
    table.X = counts.tocsr()
    emptied = from_anndata(table, name="emptied", registered=True)
    assert len(positions_between(emptied, 10.0)[1]) == len(positions_between(slide, 10.0)[1]) - 1


def test_sections_that_do_not_overlap(new_stack):
    slide = new_stack((0.0, 150.0))
    table = slide.adata.copy()
    table.obsm["spatial"][np.asarray(table.obs["section"] == "s2"), 0] += 1e5
    apart = from_anndata(table, name="apart", registered=True)
    with pytest.raises(ConcertError, match="s1 and s2 have no tissue above each other"):
        positions_between(apart, 50.0)


@pytest.mark.parametrize(
    ("z", "said"),
    [
        (-1.0, "outside of the stack, which goes from 0 to 300"),
        (301.0, "outside of the stack"),
        (float("nan"), "outside of the stack"),
        (150.0, "Section s2 was measured at z = 150"),
        (150.01, "Section s2 was measured"),
        (0.0, "Section s1 was measured at z = 0"),
    ],
)
def test_heights_where_nothing_is_to_be_predicted(stack_slide, z, said):
    with pytest.raises(ConcertError, match=said):
        gap_at(stack_slide, z)


def test_slides_that_are_no_stack(slide, new_stack):
    with pytest.raises(ConcertError, match="has no z"):
        gap_at(slide, 10.0)
    with pytest.raises(ConcertError, match="not in one frame"):
        gap_at(new_stack(registered=False), 10.0)
    with pytest.raises(ConcertError, match="single section"):
        gap_at(new_stack((0.0,)), 10.0)
