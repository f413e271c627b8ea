"""The stroke stack: what it has, and its truth against the generator's formula, spot by spot."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_concert import simulate
from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata, read
from napari_concert.patches import WhatIf
from napari_concert.simulate.brain import CORE, REGIONS
from napari_concert.simulate.stroke_genes import RESPONSES
from napari_concert.slide.sections import stack_of

LESION = {"perturbation": CORE}


@pytest.fixture(scope="module")
def stack():
    return simulate.stroke(6, 180, 120, seed=4)


@pytest.fixture(scope="module")
def wide():
    """Sections wide enough for a lesion with undisturbed tissue around it."""
    return simulate.stroke(8, 700, 100, seed=1)


def naive_log_mean(adata, state, region):
    """The generator's formula, spot by spot and source by source."""
    stored = adata.uns["napari_concert_truth"]
    xyz, section = adata.obsm["spatial"], adata.obs["section"].astype(str).to_numpy()
    part = {name: adata.varm[name].astype(float) for name in adata.varm}
    names, known = sorted(set(section)), list(stored["tissues"])
    cut_offs = stored["field"]["cut_off_um"][1]
    core = np.flatnonzero(state == CORE)
    result = np.zeros(adata.shape)
    for i in range(adata.n_obs):
        eta = adata.var["log_mean"].to_numpy(dtype=float) + part["factor_weights"] @ adata.obsm["factors"][i]
        eta = eta + part["tissue_effect"][:, known.index(region[i])]
        eta = eta + part["batch_effect"][:, names.index(section[i])]
        if state[i] == CORE:
            eta = eta + part["own_effect"][:, 1]
        else:
            given = [0.0]
            for j in core:
                dx, dy, dz = xyz[i] - xyz[j]
                if np.sqrt(dx**2 + dy**2 + dz**2) <= cut_offs[known.index(region[i])]:
                    given.append(np.exp(-np.sqrt((dx / 250) ** 2 + (dy / 250) ** 2 + (dz / 150) ** 2)))
            eta = eta + max(given) * part["spill_over"][:, 1]
        result[i] = eta
    return result


# -- the stack --------------------------------------------------------------------------------------------------------


def test_a_stack_has_what_the_app_needs(stack):
    slide = from_anndata(stack)
    assert (slide.n_spots, slide.n_genes, len(slide.sections)) == (6 * 180, 120, 6)
    assert (slide.lattice, slide.units.name, slide.pitch) == ("hex", "µm", pytest.approx(100.0))
    assert slide.registered
    assert slide.has_z
    assert not slide.places.any()  # one space
    assert slide.states == ("control", CORE)
    assert slide.columns.control == ("control",)
    assert (slide.columns.tissue, slide.columns.section) == ("region", "section")
    assert set(slide.tissues) == set(REGIONS)
    assert slide.notes == ()
    assert stack_of(slide).spacing == pytest.approx(120.0)
    assert "not measured" in stack.uns["simulated"]


def test_half_of_the_sections_are_of_a_sham_brain_without_a_core(stack):
    core = (stack.obs["perturbation"] == CORE).groupby(stack.obs["brain"], observed=True).sum()
    assert core["sham"] == 0
    assert core["stroke"] > 30
    height = stack.obsm["spatial"][:, 2]
    of_sham = (stack.obs["brain"] == "sham").to_numpy()
    assert height[~of_sham].min() - height[of_sham].max() == pytest.approx(5000.0)
    sections = stack.obs.groupby("section", observed=True)["brain"].agg(["nunique", "size"])
    assert (sections["nunique"] == 1).all()
    assert (sections["size"] == 180).all()


def test_borders_vary_smoothly_over_z(wide):
    """What lies above one another in neighbouring sections is mostly of one region, more so than two sections away."""
    xy, section, region = wide.obsm["spatial"][:, :2], wide.obs["section"].to_numpy(), wide.obs["region"].to_numpy()

    def alike(one, other):
        a, b = (np.flatnonzero(section == f"sham {i}") for i in (one, other))
        return np.mean(region[a] == region[b[cKDTree(xy[b]).query(xy[a])[1]]])

    assert 1 > alike(1, 2) > alike(1, 4) > 0.6
    assert min(alike(i, i + 1) for i in (1, 2, 3)) > 0.85


def test_the_same_seed_gives_the_same_stack_and_another_seed_another(stack):
    again, other = (simulate.stroke(6, 180, 120, seed=seed) for seed in (4, 5))
    assert (again.X != stack.X).nnz == 0
    assert again.obs.equals(stack.obs)
    assert (other.X != stack.X).nnz > 0


def test_counts_scatter_around_their_truth(stack):
    expected, counts = simulate.truth(stack, WhatIf()).baseline, stack.X.toarray()
    size = counts.sum(axis=1) / expected.sum(axis=1)
    assert np.std(np.log(size)) == pytest.approx(0.33, abs=0.06)
    mean, theta = expected * size[:, None], stack.var["dispersion"].to_numpy()
    assert np.mean((counts - mean) ** 2 / (mean + mean**2 / theta)) == pytest.approx(1.0, abs=0.05)


def test_what_cannot_be_made_is_refused():
    with pytest.raises(ConcertError, match="an even number of sections, 2 to 40; got 7"):
        simulate.stroke(7)
    with pytest.raises(ConcertError, match="at least 150 spots a section and 50 genes; got 100 and 2000"):
        simulate.stroke(8, 100)


# -- the truth --------------------------------------------------------------------------------------------------------


def test_truth_of_lesions_is_the_generator_applied_to_changed_labels(stack):
    state, region = (stack.obs[name].astype(str).to_numpy() for name in ("perturbation", "region"))
    first, second = simulate.lesion(stack, "cortex", 8), simulate.lesion(stack, "striatum", 5, "random", "sham 1")
    core = np.flatnonzero(state == CORE)[::2]
    what_if = WhatIf(
        (np.union1d(first, second), LESION), (core, {"perturbation": "control"}), ([3], {"region": "cortex"})
    )
    changed, moved = state.copy(), region.copy()
    changed[np.union1d(first, second)], changed[core], moved[3] = CORE, "control", "cortex"
    before, after = naive_log_mean(stack, state, region), naive_log_mean(stack, changed, moved)
    true = simulate.truth(stack, what_if)
    assert np.allclose(np.log(true.baseline), before, atol=1e-6)
    assert np.allclose(np.log(true.predicted), after, atol=1e-6)
    assert np.allclose(true.change, after - before, atol=1e-6)
    assert np.abs(true.change).max() > 1


def test_the_region_may_be_called_by_its_role(stack):
    by_name, by_role = (simulate.truth(stack, WhatIf(([3], {name: "cortex"}))).change for name in ("region", "tissue"))
    assert by_name.any()
    assert np.array_equal(by_name, by_role)


def test_the_ring_decays_in_the_plane_and_through_z_and_stops(wide):
    rows = simulate.lesion(wide, "cortex", 15)
    size = np.abs(simulate.truth(wide, WhatIf((rows, LESION))).change).mean(axis=1)
    xyz, section = wide.obsm["spatial"], wide.obs["section"].astype(str).to_numpy()
    away = cKDTree(xyz[rows]).query(xyz)[0]
    here, outside = section == section[rows[0]], ~np.isin(np.arange(len(xyz)), rows)
    cortex = (wide.obs["region"] == "cortex").to_numpy() & outside
    rings = [size[here & cortex & (away > low) & (away <= low + 100)].mean() for low in (0, 100, 200, 400)]
    assert rings == sorted(rings, reverse=True)
    assert not size[away > 650].any()
    assert not size[(wide.obs["region"] == "white matter").to_numpy() & outside & (away > 350)].any()
    assert not size[(wide.obs["brain"] == "stroke").to_numpy()].any()
    # right above and below: as far away in z as the sections are, and the length-scale is shorter there
    flat = cKDTree(xyz[rows, :2]).query(xyz[:, :2])[0] < 50
    by_height = {dz: size[flat & cortex & np.isclose(np.abs(xyz[:, 2] - xyz[rows[0], 2]), dz)] for dz in (120, 240)}
    assert by_height[120].mean() > by_height[240].mean() > 0
    assert by_height[120].mean() < size[here & cortex & (away > 90) & (away <= 130)].mean()


def test_undone_lesions_and_what_changes_nothing_give_0(stack):
    core = np.flatnonzero(stack.obs["perturbation"] == CORE)
    rows = simulate.lesion(stack, "cortex", 10)
    undone = WhatIf((rows, LESION), (rows, {"perturbation": "control"}))
    for what_if in (WhatIf(), undone, WhatIf((core, LESION))):
        assert not simulate.truth(stack, what_if).change.any()


def test_a_core_without_lesion_leaves_no_ring(wide):
    core = (wide.obs["perturbation"] == CORE).to_numpy()
    change = simulate.truth(wide, WhatIf((core, {"perturbation": "control"}))).change
    assert np.allclose(change[core].mean(axis=0), -wide.varm["own_effect"][:, 1], atol=1e-5)
    reached = ~core & change.any(axis=1)
    assert reached.sum() > core.sum()
    assert (wide.obs["brain"][reached] == "stroke").all()


def test_known_genes_are_largest_where_they_should_be(wide):
    what_if = simulate.example(wide)
    change, rows = simulate.truth(wide, what_if).change, what_if.rows
    xyz, section = wide.obsm["spatial"], wide.obs["section"].astype(str).to_numpy()
    near = (cKDTree(xyz[rows]).query(xyz)[0] <= 100) & (section == section[rows[0]])
    near[rows] = False
    core, ring = (change[where].mean(axis=0) for where in (rows, near))
    names = list(wide.var_names)
    assert {"Gm42418", "Lcn2", "Spp1"} < set(names)
    for name in RESPONSES["core"].split():
        assert core[names.index(name)] > max(0.5, 2 * ring[names.index(name)])
    for name in RESPONSES["ring"].split():
        assert ring[names.index(name)] > max(0.3, core[names.index(name)] + 0.2)


def test_truth_survives_the_file(stack, tmp_path):
    stack.write_h5ad(tmp_path / "stack.h5ad")
    slide = read(tmp_path / "stack.h5ad")
    assert slide.registered
    what_if = simulate.example(slide)
    assert len(what_if.rows) == 40
    assert np.allclose(simulate.truth(slide, what_if).change, simulate.truth(stack, what_if).change)
