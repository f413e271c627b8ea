"""Named lesions on a stroke stack."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert import simulate
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.simulate.lesions import FORMS, SIZES


@pytest.fixture(scope="module")
def stack():
    return simulate.stroke(4, 900, 50, seed=2)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("region", ["cortex", "striatum"])
@pytest.mark.parametrize("spots", SIZES)
def test_a_lesion_has_its_size_in_one_region_of_the_middle_sham_section(stack, region, spots, form):
    rows = simulate.lesion(stack, region, spots, form)
    assert len(np.unique(rows)) == spots
    obs = stack.obs.iloc[rows]
    assert set(obs["section"]) == {"sham 2"}
    assert set(obs["region"]) == {region}
    assert set(obs["perturbation"]) == {"control"}


def test_a_compact_lesion_is_nearer_together_than_a_random_one(stack):
    spread = [stack.obsm["spatial"][simulate.lesion(stack, "cortex", 40, form)].std(axis=0).sum() for form in FORMS]
    assert spread[0] < 0.5 * spread[1]


@pytest.mark.parametrize("form", FORMS)
def test_a_seed_repeats_a_lesion_and_others_lie_elsewhere(stack, form):
    one, again, other = (simulate.lesion(stack, "cortex", 20, form, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_lesion_on_another_section_leaves_the_core_alone(stack):
    free = ((stack.obs["section"] == "stroke 2") & (stack.obs["region"] == "striatum")).to_numpy()
    free &= (stack.obs["perturbation"] == "control").to_numpy()
    assert np.array_equal(simulate.lesion(stack, "striatum", int(free.sum()), section="stroke 2"), np.flatnonzero(free))


def test_what_does_not_exist_is_named(stack):
    with pytest.raises(UnknownName, match=r"no region called 'cortx'\. Did you mean cortex"):
        simulate.lesion(stack, "cortx", 10)
    with pytest.raises(UnknownName, match=r"no section called 'sham 9'"):
        simulate.lesion(stack, "cortex", 10, section="sham 9")
    with pytest.raises(UnknownName, match=r"no form called 'round'"):
        simulate.lesion(stack, "cortex", 10, "round")
    with pytest.raises(ConcertError, match=r"cortex of section 'sham 1' has \d+ control spots, not 5000"):
        simulate.lesion(stack, "cortex", 5000, section="sham 1")
