from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pytest

from napari_concert import simulate
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import from_anndata, read
from napari_concert.patches import WhatIf
from napari_concert.simulate import sample as sample_module
from napari_concert.simulate.genes import gene_names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tumour():
    return simulate.tumour(400, 60, seed=3)


@pytest.fixture(scope="module")
def sample():
    return anndata.read_h5ad(simulate.sample_path())


# -- the slide --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_a_slide_has_what_the_app_needs(seed):
    adata = simulate.tumour(700, 80, seed=seed)
    slide = from_anndata(adata)
    assert (slide.n_spots, slide.n_genes) == (700, 80)
    assert (slide.lattice, slide.units.name, slide.pitch) == ("hex", "µm", pytest.approx(100.0))
    assert slide.states == ("control", "Ifngr2", "Jak2", "Tgfbr2")
    assert slide.tissues == ("normal lung", "periphery", "tumour")
    assert slide.columns.control == ("control",)
    patch = adata.obs["what_if"].to_numpy()
    assert patch.sum() >= 5
    assert set(slide.state_of[patch]) == {"control"}
    assert set(slide.tissue_of[patch]) == {"tumour"}
    assert slide.genes.is_unique
    assert slide.usable.all()


def test_the_same_seed_gives_the_same_slide_and_another_seed_another(tumour):
    again, other = simulate.tumour(400, 60, seed=3), simulate.tumour(400, 60, seed=4)
    assert (again.X != tumour.X).nnz == 0
    assert (other.X != tumour.X).nnz > 0


def test_counts_scatter_around_their_truth(sample):
    expected = simulate.truth(sample, WhatIf()).baseline
    counts = sample.X.toarray()
    size = counts.sum(axis=1) / expected.sum(axis=1)
    assert np.median(size) == pytest.approx(1.0, abs=0.05)
    assert np.std(np.log(size)) == pytest.approx(0.3, abs=0.03)
    theta = sample.var["dispersion"].to_numpy()
    mean = expected * size[:, None]
    # squared deviations over the negative binomial's variance, one gene with another
    assert np.mean((counts - mean) ** 2 / (mean + mean**2 / theta)) == pytest.approx(1.0, abs=0.05)


def test_too_small_slides_are_refused():
    with pytest.raises(ConcertError, match="at least 200 spots and 20 genes; got 100 and 50"):
        simulate.tumour(100, 50)


def test_gene_names_are_distinct_and_go_on_without_end():
    names = gene_names(3000)
    assert len(set(names)) == 3000
    assert names[0] == "Sftpc"
    assert names[-1].startswith("Gm")
    assert gene_names(25) == names[:25]


# -- the truth --------------------------------------------------------------------------------------------------------


def naive_log_mean(adata, state, tissue):
    """The generator's formula, spot by spot and gene by gene."""
    stored = adata.uns["napari_concert_truth"]
    states, tissues = list(stored["states"]), list(stored["tissues"])
    xy, factors = adata.obsm["spatial"], adata.obsm["factors"].astype(float)
    weights, spill = adata.varm["factor_weights"].astype(float), adata.varm["spill_over"].astype(float)
    result = np.zeros(adata.shape)
    for i in range(adata.n_obs):
        eta = adata.var["log_mean"].to_numpy(dtype=float) + weights @ factors[i]
        eta = eta + adata.varm["tissue_effect"][:, tissues.index(tissue[i])]
        eta = eta + adata.varm["own_effect"][:, states.index(state[i])]
        for p, name in enumerate(states):
            if name != "control" and state[i] != name and name in state:
                distance = min(np.hypot(*(xy[i] - xy[j])) for j in np.flatnonzero(state == name))
                eta = eta + np.exp(-distance / stored["range_um"][p]) * spill[:, p]
        result[i] = eta
    return result


def test_truth_of_a_what_if_is_the_generator_applied_to_changed_labels(tumour):
    state, tissue = (tumour.obs[name].astype(str).to_numpy() for name in ("perturbation", "tissue"))
    what_if = WhatIf(
        (np.flatnonzero(tumour.obs["what_if"]), {"perturbation": "Jak2"}),
        ([0, 1, 2], {"perturbation": "Tgfbr2", "tissue": "tumour"}),
    )
    changed, changed_tissue = state.copy(), tissue.copy()
    changed[tumour.obs["what_if"].to_numpy()] = "Jak2"
    changed[:3], changed_tissue[:3] = "Tgfbr2", "tumour"
    before, after = naive_log_mean(tumour, state, tissue), naive_log_mean(tumour, changed, changed_tissue)
    true = simulate.truth(tumour, what_if)
    assert np.allclose(np.log(true.baseline), before, atol=1e-6)
    assert np.allclose(np.log(true.predicted), after, atol=1e-6)
    assert np.allclose(true.change, after - before, atol=1e-6)


def test_spots_without_coordinates_have_no_truth_and_the_others_keep_theirs(tumour):
    what_if = WhatIf((np.flatnonzero(tumour.obs["what_if"]), {"perturbation": "Jak2"}))
    lost = np.flatnonzero(tumour.obs["perturbation"].astype(str) == "control")[:2]  # they propagate nothing
    given = tumour.copy()
    given.obsm["spatial"][lost, [0, 1]] = np.nan
    true, expected = simulate.truth(given, what_if), simulate.truth(tumour, what_if)
    for name in ("baseline", "predicted", "change"):
        assert np.isnan(getattr(true, name)[lost]).all()
        kept = [np.delete(getattr(t, name), lost, axis=0) for t in (true, expected)]
        assert np.allclose(*kept, rtol=1e-12, atol=0)


def test_a_patch_changes_its_ring_and_the_change_decays(sample):
    patch = np.flatnonzero(sample.obs["what_if"])
    change = simulate.truth(sample, WhatIf((patch, {"perturbation": "Jak2"}))).change
    xy = sample.obsm["spatial"]
    distance = np.linalg.norm(xy[:, None] - xy[patch], axis=2).min(axis=1)
    size = np.abs(change).mean(axis=1)
    assert size[patch].min() > 0.05
    rings = [size[(distance > low) & (distance <= low + 100)].mean() for low in (1, 101, 201, 401)]
    assert rings == sorted(rings, reverse=True)
    assert rings[0] > 0.02
    assert size[distance > 2500].max() < 1e-6


def test_a_nodule_set_back_to_control_takes_its_spill_over_along(sample):
    state = sample.obs["perturbation"].astype(str).to_numpy()
    xy = sample.obsm["spatial"]
    nodule = np.flatnonzero(state == "Jak2")
    true = simulate.truth(sample, WhatIf((nodule, {"perturbation": "control"})))
    near = (np.linalg.norm(xy[:, None] - xy[nodule], axis=2).min(axis=1) <= 100) & (state != "Jak2")
    spill = sample.varm["spill_over"][:, list(sample.uns["napari_concert_truth"]["states"]).index("Jak2")]
    # without any Jak2 spot left, its whole field is gone: the ring loses what the spill-over had put there
    field = np.exp(-100 / 200)
    assert np.allclose(true.change[near], -field * spill, atol=1e-5)
    own = sample.varm["own_effect"][:, 1]
    assert np.allclose(true.change[nodule].mean(axis=0), -own, atol=0.2)


def test_what_changes_nothing_changes_nothing(tumour):
    jak2 = np.flatnonzero(tumour.obs["perturbation"] == "Jak2")
    for what_if in (WhatIf(), WhatIf((jak2, {"perturbation": "Jak2"})), WhatIf(([1], {"dose": 3.0}))):
        assert not simulate.truth(tumour, what_if).change.any()


def test_truth_of_some_genes_in_their_order(tumour):
    what_if = WhatIf((np.arange(5), {"perturbation": "Jak2"}))
    whole = simulate.truth(tumour, what_if).change
    names = list(tumour.var_names)
    assert np.allclose(simulate.truth(tumour, what_if, [names[7], names[2]]).change, whole[:, [7, 2]], atol=1e-6)
    with pytest.raises(UnknownName, match=r"no gene called 'Stta1'\. Did you mean Stat1"):
        simulate.truth(tumour, what_if, ["Stta1"])


def test_the_true_change_of_any_gene_is_read_from_one_what_if(tumour):
    what_if = WhatIf((np.arange(5), {"perturbation": "Jak2"}))
    whole, change = simulate.truth(tumour, what_if).change, simulate.true_change(tumour, what_if)
    names = list(tumour.var_names)
    np.testing.assert_allclose(change.of(), whole)
    np.testing.assert_allclose(change.of([names[7], names[2]]), whole[:, [7, 2]], atol=1e-12)
    assert simulate.true_change(tumour, WhatIf()).of([names[7]]).shape == (tumour.n_obs, 1)
    with pytest.raises(UnknownName, match="Stta1"):
        change.of(["Stta1"])


def test_unknown_states_are_named(tumour):
    with pytest.raises(UnknownName, match=r"no perturbation called 'Jak3'\. Did you mean Jak2"):
        simulate.truth(tumour, WhatIf(([1], {"perturbation": "Jak3"})))
    with pytest.raises(UnknownName, match=r"no tissue called 'tumor'\. Did you mean tumour"):
        simulate.truth(tumour, WhatIf(([1], {"tissue": "tumor"})))
    with pytest.raises(ConcertError, match="row 400, but the slide has 400 spots"):
        simulate.truth(tumour, WhatIf(([400], {"perturbation": "Jak2"})))


def test_truth_needs_a_simulated_slide_with_its_own_labels(adata, tumour):
    assert not simulate.has_truth(adata)
    with pytest.raises(ConcertError, match="was not simulated here"):
        simulate.truth(adata, WhatIf())
    slide = from_anndata(tumour)
    painted = slide.with_labels("perturbation", ["other"] * slide.n_spots)
    assert simulate.has_truth(painted)
    assert painted.columns.control == ()
    with pytest.raises(ConcertError, match="not the one this slide was simulated with"):
        simulate.truth(painted, WhatIf())


def test_truth_survives_the_file_and_painted_labels(tumour, tmp_path):
    tumour.write_h5ad(tmp_path / "t.h5ad")
    slide = read(tmp_path / "t.h5ad").with_labels("mine", ["a"] * 400)
    what_if = WhatIf((np.arange(9), {"perturbation": "Tgfbr2"}))
    assert np.allclose(simulate.truth(slide, what_if).change, simulate.truth(tumour, what_if).change)


# -- the bundled sample -----------------------------------------------------------------------------------------------


def made_again(path, name):
    script = ROOT / "sample_data" / "make_sample.py"
    subprocess.run([sys.executable, script, path, "--sample", name], check=True, capture_output=True)
    return anndata.read_h5ad(path)


def test_the_script_makes_the_bundled_sample_again(sample, tmp_path):
    again = made_again(tmp_path / "again.h5ad", "tumour.h5ad")
    # the last bit of exp() differs between processors, and may once in a while move a count
    assert (again.X != sample.X).nnz <= 1e-5 * sample.X.nnz
    assert again.obs.equals(sample.obs)
    assert again.var.round(4).equals(sample.var.round(4))
    assert np.array_equal(again.obsm["spatial"], sample.obsm["spatial"])
    for parts, others in ((again.varm, sample.varm), ({"f": again.obsm["factors"]}, {"f": sample.obsm["factors"]})):
        assert all(np.allclose(parts[key], others[key], atol=1e-6) for key in parts)
    made_with, stored = (part.uns.pop("napari_concert_truth") for part in (again, sample.copy()))
    assert str(again.uns) == str({key: value for key, value in sample.uns.items() if key != "napari_concert_truth"})
    for key in ("states", "tissues", "range_um", "target", "seed"):
        assert np.array_equal(made_with[key], stored[key])
    assert simulate.truth(sample, simulate.example(sample)).change.any()  # the bundled file says nothing of the form


def test_the_bundled_sample_is_small_and_says_that_it_is_simulated(sample):
    path = simulate.sample_path()
    assert path.stat().st_size < 4e6
    assert path == simulate.sample_path("tumour.h5ad")
    assert "not measured" in sample.uns["simulated"]
    assert "simulated" in (ROOT / "sample_data" / "README.md").read_text(encoding="utf-8")
    assert sample.shape == (1903, 360)


def test_the_stroke_sample_is_small_whole_and_made_again(tmp_path):
    path = simulate.sample_path("stroke.h5ad")
    assert path.stat().st_size < 4e6
    sample, again = anndata.read_h5ad(path), made_again(tmp_path / "again.h5ad", "stroke.h5ad")
    assert sample.shape == (8 * 640, 300)
    assert "not measured" in sample.uns["simulated"]
    # the last bit of exp() differs between processors, and may once in a while move a count
    assert (again.X != sample.X).nnz <= 1e-5 * sample.X.nnz
    assert again.obs.equals(sample.obs)
    assert again.var.round(4).equals(sample.var.round(4))
    assert np.allclose(again.obsm["spatial"], sample.obsm["spatial"])
    assert all(np.allclose(again.varm[key], sample.varm[key], atol=1e-6) for key in sample.varm)
    what_if = simulate.example(sample)
    assert np.allclose(simulate.truth(again, what_if).change, simulate.truth(sample, what_if).change, atol=1e-5)


def test_an_unknown_sample_is_named():
    with pytest.raises(UnknownName, match=r"no sample called 'tumor.h5ad'\. Did you mean tumour\.h5ad"):
        simulate.sample_path("tumor.h5ad")


def test_without_its_file_the_sample_is_simulated_into_the_cache(tmp_path, monkeypatch, tumour):
    made = []
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_args, **_kwargs: tmp_path)
    monkeypatch.setattr(sample_module, "make_sample", lambda name: made.append(name) or tumour)
    assert sample_module._cached("tumour.h5ad") == sample_module._cached("tumour.h5ad") == tmp_path / "tumour.h5ad"
    assert made == ["tumour.h5ad"]
    assert read(tmp_path / "tumour.h5ad").n_spots == 400
