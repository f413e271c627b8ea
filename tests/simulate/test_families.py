"""Every family of slides at a small size: its truth against a plain computation, and what makes it what it is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from anndata import AnnData
from scipy.spatial.distance import cdist

from napari_concert import simulate
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import from_anndata, read
from napari_concert.patches import WhatIf
from napari_concert.simulate.families import family
from napari_concert.simulate.field import Field, Places

KEY = "napari_concert_truth"
SPOTS, GENES = 500, 40


@cache
def made(name: str, seed: int = 2) -> AnnData:
    return family(name).simulate(seed, SPOTS, GENES)


def state_of(adata: AnnData) -> np.ndarray:
    """Return the true states as the names they have."""
    if "true_state" in adata.obsm:
        return np.asarray(adata.uns[KEY]["states"])[adata.obsm["true_state"][:, 0]]
    return adata.obs["perturbation"].astype(str).to_numpy()


def distance(adata: AnnData, rows: np.ndarray) -> np.ndarray:
    """Return how far each spot is from the nearest of some, in pitches."""
    return cdist(adata.obsm["spatial"], adata.obsm["spatial"][rows]).min(axis=1) / 100


def plain_log_mean(adata: AnnData, state: np.ndarray) -> np.ndarray:
    """Return the generator's sum, spot by spot, for given states."""
    stored, varm = adata.uns[KEY], {name: adata.varm[name].astype(float) for name in adata.varm}
    states, tissues = list(stored["states"]), list(stored["tissues"])
    own, tissue = np.array([states.index(s) for s in state]), np.array([tissues.index(t) for t in adata.obs["tissue"]])
    section = adata.obs["section"].cat.codes.to_numpy() if "section" in adata.obs else np.zeros(adata.n_obs, np.int64)
    field = Field.stored(stored)
    strength = np.stack([field(p, own, Places(adata.obsm["spatial"], tissue, section)) for p in range(len(states))])
    cells = adata.obsm["cell_state"][:, 0].astype(float) if "cell_state" in adata.obsm else np.zeros(adata.n_obs)
    result = np.zeros(adata.shape)
    for i in range(adata.n_obs):
        eta = adata.var["log_mean"].to_numpy(float) + varm["factor_weights"] @ adata.obsm["factors"][i].astype(float)
        eta = eta + varm["tissue_effect"][:, tissue[i]] + varm["own_effect"][:, own[i]]
        spill = varm["spill_by_tissue"][:, :, tissue[i]] if "spill_by_tissue" in varm else varm["spill_over"]
        eta = eta + spill @ strength[:, i]
        if cells.any():
            eta = eta + cells[i] * varm["cell_weights"][:, 0]
            eta = eta + cells[i] * (varm["own_interaction"][:, own[i]] + varm["spill_interaction"] @ strength[:, i])
        if "batch_effect" in varm:
            eta = eta + varm["batch_effect"][:, section[i]]
        result[i] = eta
    return result


# -- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", simulate.FAMILIES)
def test_truth_is_the_generators_sum_before_and_after(name: str) -> None:
    adata, what_if = made(name), simulate.example(made(name))
    state = state_of(adata)
    changed = state.copy()
    changed[what_if.rows] = family(name).target
    true = simulate.truth(adata, what_if)
    assert np.allclose(np.log(true.baseline), plain_log_mean(adata, state), atol=1e-5)
    assert np.allclose(true.change, plain_log_mean(adata, changed) - plain_log_mean(adata, state), atol=1e-5)


@pytest.mark.parametrize("name", simulate.FAMILIES)
def test_a_family_is_a_slide_that_the_app_reads(name: str) -> None:
    slide = from_anndata(made(name))
    wanted = family(name).recipe
    assert set(slide.states) == set(wanted.states)
    assert slide.columns.perturbation == "perturbation"
    assert slide.columns.control == (wanted.states[0],)
    assert slide.usable.all()
    example = simulate.example(slide)
    source = state_of(made(name))[example.rows]
    assert set(source) == {wanted.example.source}
    assert family(name).target in slide.states


@pytest.mark.parametrize("name", ["summed", "spill-by-tissue", "state-dependent", "batches", "mislabelled"])
def test_the_truth_of_a_family_survives_its_file(name: str, tmp_path) -> None:
    made(name).write_h5ad(tmp_path / "slide.h5ad")
    slide, what_if = read(tmp_path / "slide.h5ad"), simulate.example(made(name))
    assert np.allclose(simulate.truth(slide, what_if).change, simulate.truth(made(name), what_if).change)


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(UnknownName, match=r"no family of slides called 'bass'\. Did you mean base"):
        family("bass")
    with pytest.raises(ConcertError, match="was not simulated here"):
        simulate.example(AnnData(np.zeros((3, 2))))


# -- what makes them what they are ------------------------------------------------------------------------------------


def test_without_spill_over_only_painted_spots_change() -> None:
    for name in ("no-spill", "bleeding-no-spill"):
        what_if = simulate.example(made(name))
        moved = simulate.truth(made(name), what_if).change.any(axis=1)
        assert set(np.flatnonzero(moved)) == set(what_if.rows)


def test_regions_without_effect_never_change_and_those_with_one_do() -> None:
    null, real = (
        simulate.truth(made(name), simulate.example(made(name))) for name in ("regions-null", "regions-effect")
    )
    assert not null.change.any()
    assert real.change.any()


def test_a_blocked_border_stops_the_spill_over() -> None:
    adata = made("border-blocked")
    what_if = simulate.example(adata)
    moved = np.abs(simulate.truth(adata, what_if).change).max(axis=1) > 1e-9
    outside = np.setdiff1d(np.flatnonzero(moved), what_if.rows)
    tissue = adata.obs["tissue"].astype(str).to_numpy()
    assert set(tissue[outside]) <= set(tissue[what_if.rows])
    ring = np.setdiff1d(np.flatnonzero(distance(adata, what_if.rows) <= 2.01), what_if.rows)
    assert moved[ring].any()
    assert not moved[ring].all()


def test_a_step_ends_at_its_range() -> None:
    adata, what_if = made("step"), simulate.example(made("step"))
    moved = simulate.truth(adata, what_if).change.any(axis=1)
    away = distance(adata, what_if.rows)
    assert not moved[away > 2.01].any()
    had_it_all = distance(adata, np.flatnonzero(adata.obs["perturbation"] == "Jak2")) < 2.01
    assert moved[(away < 2.01) & ~had_it_all].all()


def test_the_reach_is_longer_along_its_axis() -> None:
    adata = made("anisotropic")
    middle = np.argmin(distance(adata, simulate.example(adata).rows))
    size = np.abs(simulate.truth(adata, WhatIf(([middle], {"perturbation": "Jak2"}))).change).max(axis=1)
    step = adata.obsm["spatial"] - adata.obsm["spatial"][middle]
    near = np.linalg.norm(step, axis=1) < 301
    turn = np.degrees(np.arctan2(step[:, 1], step[:, 0])) % 180
    along, across = (near & (np.linalg.norm(step, axis=1) > 0) & (np.abs(turn - at) < 16) for at in (30, 120))
    assert size[along].mean() > 1.5 * size[across].mean()


def test_a_nodule_set_to_control_takes_its_spill_over_along() -> None:
    adata, what_if = made("reverse"), simulate.example(made("reverse"))
    jak2 = list(adata.uns[KEY]["states"]).index("Jak2")
    only = np.flatnonzero(adata.varm["spill_over"][:, jak2] != 0)
    ring = (distance(adata, what_if.rows) <= 1.01) & (adata.obs["perturbation"] == "control").to_numpy()
    change = simulate.truth(adata, what_if).change[ring][:, only]
    lost = -adata.varm["spill_over"][only, jak2]
    assert len(what_if.rows) >= 5
    assert (np.sign(change) == np.sign(lost)).all()
    assert np.allclose(change / lost, (change / lost)[:, :1], atol=1e-5)  # one field a spot, for every gene


def test_effects_follow_a_cell_state_that_is_held() -> None:
    adata, what_if = made("state-dependent"), simulate.example(made("state-dependent"))
    cells = adata.obsm["cell_state"][:, 0]
    assert cells.std() == pytest.approx(1.0, abs=1e-5)
    change = simulate.truth(adata, what_if).change
    own = adata.varm["own_effect"][:, 1]
    gene = np.argmax(np.abs(own) * (adata.varm["spill_over"] == 0).all(axis=1))
    assert np.allclose(change[what_if.rows, gene], own[gene] * (1 + 0.5 * cells[what_if.rows]), atol=1e-5)


def test_spill_over_differs_by_tissue() -> None:
    scaled, own = made("spill-scaled-by-tissue"), made("spill-by-tissue")
    spill = scaled.varm["spill_over"][:, 1]
    genes = spill != 0
    ratios = np.sort([np.median(scaled.varm["spill_by_tissue"][genes, 1, t] / spill[genes]) for t in range(3)])
    assert ratios == pytest.approx([-0.5, 0.3, 1.0], abs=1e-5)
    assert not np.allclose(own.varm["spill_by_tissue"][:, 1, 0], own.varm["spill_by_tissue"][:, 1, 1])


def test_the_target_is_never_seen_in_the_patchs_tissue_across_niches() -> None:
    obs = made("cross-niche").obs
    patch = set(obs["tissue"][obs["what_if"]])
    assert patch == {"tumour"}
    assert patch.isdisjoint(obs["tissue"][obs["perturbation"] == "Jak2"])


def test_the_patch_lies_at_the_edge_or_is_larger_than_any_nodule() -> None:
    adata = made("edge-patch")
    away = np.linalg.norm(adata.obsm["spatial"] - adata.obsm["spatial"].mean(axis=0), axis=1)
    assert away[adata.obs["what_if"]].max() > 0.93 * away.max()
    large = family("large-patch").simulate(1, 1903, 20)
    assert large.obs["what_if"].sum() == 60
    nodules = [size for name, sizes in family("large-patch").recipe.layout.nodules if name == "Jak2" for size in sizes]
    assert max(nodules) < 60


def test_sizes_are_those_that_the_names_say() -> None:
    for name, spots in (("base", 60), ("few-targets-25", 25), ("irregular-21", 21), ("one-nodule-12", 12)):
        counts = family(name).simulate(1, 1903, 20).obs["perturbation"].value_counts()
        assert counts["Jak2"] == spots
    assert len(made("states-6").obs["perturbation"].cat.categories) == 6
    assert len(made("states-3").obs["perturbation"].cat.categories) == 3
    for depth in (300, 1000, 10000):
        counts = family(f"depth-{depth}").simulate(1, 300, 2000).X.toarray()
        assert np.median(counts.sum(axis=1)) == pytest.approx(depth, rel=0.2)


def test_every_gene_has_a_dense_effect_and_few_have_a_sparse_one() -> None:
    dense, sparse = made("dense"), family("sparse").simulate(1, 300, 1500)
    assert (dense.varm["own_effect"][:, 1] != 0).all()
    assert (dense.varm["spill_over"][:, 1] != 0).all()
    assert (sparse.varm["own_effect"][:, 1] != 0).mean() < 0.06


def test_balanced_effects_leave_a_spots_total_alone() -> None:
    adata = family("base").simulate(1, 300, 2000)
    level = np.exp(adata.var["log_mean"].to_numpy(dtype=float))
    for p in (1, 2, 3):
        own, spill = (adata.varm[name][:, p].astype(float) for name in ("own_effect", "spill_over"))
        assert (level * np.exp(own)).sum() == pytest.approx(level.sum(), rel=1e-5)
        assert (level * np.exp(0.5 * spill)).sum() == pytest.approx(level.sum(), rel=1e-5)
        assert 0.1 < (own != 0).mean() < 0.2


def test_independent_genes_spill_over_whether_or_not_they_have_an_own_effect() -> None:
    adata = family("independent-genes").simulate(1, 300, 3000)
    own, spill = (adata.varm[name][:, 3] != 0 for name in ("own_effect", "spill_over"))
    assert spill.mean() == pytest.approx(0.12, abs=0.02)
    assert spill[own].mean() == pytest.approx(spill.mean(), abs=0.05)


def test_some_labels_are_wrong_and_the_truth_knows() -> None:
    adata = made("mislabelled")
    shown, true = adata.obs["perturbation"].astype(str).to_numpy(), state_of(adata)
    assert 0 < (shown != true).sum() < 0.05 * adata.n_obs
    assert (shown == true)[adata.obs["what_if"]].all()
    wrong = np.flatnonzero(shown != true)
    untouched = WhatIf((wrong, {"tissue": "tumour"}))
    assert np.allclose(
        simulate.truth(adata, untouched).baseline, simulate.truth(made("mislabelled"), WhatIf()).baseline
    )


def test_no_effect_crosses_from_one_section_to_the_other() -> None:
    adata, what_if = made("batches"), simulate.example(made("batches"))
    section = adata.obs["section"].astype(str).to_numpy()
    moved = simulate.truth(adata, what_if).change.any(axis=1)
    assert set(section[moved]) == set(section[what_if.rows])
    assert from_anndata(adata).columns.section == "section"


def test_holes_are_empty_and_scattered_spots_keep_apart() -> None:
    holes, random = made("holes").obsm["spatial"], made("random-layout").obsm["spatial"]
    assert len(holes) == len(random) == SPOTS
    assert from_anndata(made("holes")).lattice == "hex"
    assert from_anndata(made("random-layout")).lattice == "irregular"
    apart = cdist(random, random) + 1e9 * np.eye(SPOTS)
    assert apart.min() >= 70
    inside = np.linalg.norm(holes - holes.mean(axis=0), axis=1) < 700
    lonely = [(np.linalg.norm(holes - spot, axis=1) < 101).sum() < 7 for spot in holes[inside]]
    assert sum(lonely) > 5


def test_regions_are_large_and_few() -> None:
    counts = made("regions-effect").obs["perturbation"].value_counts()
    assert len(counts) == 4
    assert counts.min() > 0.1 * SPOTS


def test_the_base_is_as_hard_as_its_reference() -> None:
    from napari_concert.evaluate import mean_shift, nearest_in_target, pearson

    adata = family("base").simulate(1)
    what_if, slide = simulate.example(adata), from_anndata(adata)
    true = simulate.truth(adata, what_if).change[what_if.rows]
    affected = np.abs(true).max(axis=0) > 0.1
    patch, genes = what_if.patches[0], list(np.asarray(adata.var_names)[affected])
    for baseline, expected in ((mean_shift, 0.93), (nearest_in_target, 0.81)):
        found = pearson(baseline(slide, patch, genes), true[:, affected].mean(axis=0))
        assert found == pytest.approx(expected, abs=0.04)


# -- pairs ------------------------------------------------------------------------------------------------------------


def test_the_second_slide_of_a_pair_may_have_levels_of_its_own() -> None:
    one, other = family("new-slide-offsets").simulate_both(3, 400, 200)
    offsets = other.var["log_mean"] - one.var["log_mean"]
    assert offsets.std() == pytest.approx(0.3, abs=0.05)
    np.testing.assert_array_equal(other.varm["own_effect"], one.varm["own_effect"])
    same, again = family("new-slide").simulate_both(3, 400, 200)
    np.testing.assert_array_equal(same.var["log_mean"], again.var["log_mean"])


def test_a_pair_shares_genes_and_nothing_else() -> None:
    one, other = simulate.tumour_pair(400, 50, 3, family("state-dependent").recipe)
    assert (one.X != family("state-dependent").simulate(3, 400, 50).X).nnz == 0
    assert all(np.array_equal(one.varm[name], other.varm[name]) for name in one.varm)
    assert one.var.equals(other.var)
    assert not np.array_equal(one.obsm["factors"], other.obsm["factors"])
    assert not one.obs["perturbation"].equals(other.obs["perturbation"])
    assert simulate.truth(other, simulate.example(other)).change.any()
