"""Concert as its users meet it: set up, train, cancel, save, load, predict."""

from __future__ import annotations

import gc
import json
import shutil
import weakref
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData

from napari_concert import Columns, Concert, ConcertError, ModelConfig, Prediction, Slide, UnknownName, WhatIf
from napari_concert.io import from_anndata
from napari_concert.model import runtime

JAK2 = {"perturbation": "Jak2"}
LAYERS = {"baseline", "predicted", "change", "change_sd", "change_lower", "change_upper"}


def _patch(slide: Slide) -> np.ndarray:
    return np.flatnonzero(slide.adata.obs["what_if"])


def _two_patches(slide: Slide) -> WhatIf:
    rows = _patch(slide)
    return WhatIf(
        (rows[: len(rows) // 2], JAK2), (rows[len(rows) // 2 :], {"perturbation": "Tgfbr2", "tissue": "tumour"})
    )


def _all(prediction: Prediction) -> np.ndarray:
    return np.stack([prediction.to_anndata().layers[name] for name in sorted(LAYERS)])


# -- setting up and training ------------------------------------------------------------------------------------------


def test_what_the_model_learned_is_told(model: Concert, slide: Slide) -> None:
    assert model.is_trained
    assert model.states == ("control", "Ifngr2", "Jak2", "Tgfbr2")
    assert model.controls == ("control",)
    assert model.tissues == ("normal lung", "periphery", "tumour")
    assert set(model.genes) <= set(slide.genes)
    assert len(model.hash) == 64


def test_history_has_a_row_an_epoch(model: Concert) -> None:
    history = model.history
    assert list(history.columns) == ["train_loss", "heldout_loss", "seconds", "kept"]
    assert history["kept"].sum() == 1
    assert history["kept"].dtype == bool
    assert list(history.index) == list(range(1, len(history) + 1))
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    assert np.isfinite(history).all(axis=None)


def test_the_same_seed_repeats_and_another_does_not(slide: Slide, small: ModelConfig) -> None:
    hashes = [Concert(slide, config=small, seed=seed).train(3).hash for seed in (4, 4, 5)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_train_calls_back_with_every_record(slide: Slide, small: ModelConfig) -> None:
    seen: list[int] = []
    model = Concert(slide, config=small)
    assert model.train(2, on_epoch=lambda epoch: seen.append(epoch.index) if epoch.fraction == 1 else None) is model
    assert seen == [1, 2]


@pytest.mark.parametrize("epochs", [0, 1, 9])
def test_a_cancelled_training_is_usable(slide: Slide, small: ModelConfig, epochs: int, tmp_path: Path) -> None:
    model = Concert(slide, config=small)
    training = model.training()
    for record in training:
        if record.index > epochs or epochs == 0:
            break
    training.close()
    assert model.is_trained
    assert len(model.history) <= epochs + 1
    found = model.predict(WhatIf((_patch(slide), JAK2)))
    gene = found.gene(model.genes[0])
    assert np.isfinite(gene.change[slide.usable]).all()
    assert np.isfinite(gene.sd[slide.usable]).all()
    assert (gene.sd[_patch(slide)] > 0).all()
    model.save(tmp_path)
    np.testing.assert_array_equal(
        _all(Concert.load(tmp_path, slide).predict(_two_patches(slide))), _all(model.predict(_two_patches(slide)))
    )


def test_a_training_closed_before_it_began_changes_nothing(slide: Slide) -> None:
    model = Concert(slide)
    model.training().close()
    assert not model.is_trained


def test_training_again_replaces_the_model(slide: Slide, small: ModelConfig) -> None:
    model = Concert(slide, config=small).train(1)
    first, before = model.hash, model.predict(WhatIf()).gene(model.genes[0]).baseline
    model.train(3)
    assert model.hash != first
    assert not np.array_equal(model.predict(WhatIf()).gene(model.genes[0]).baseline, before, equal_nan=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: Concert([]), "No slide was given"),
        (lambda slide: Concert(slide, n_genes=0), "At least one gene"),
        (lambda slide: Concert(slide, device="tpu"), "'tpu' is not available here"),
        (lambda slide: Concert(slide, device="mps"), "no double precision"),
        (lambda slide: Concert(slide).train(0), "at least one epoch"),
        (lambda slide: Concert(slide).predict(WhatIf()), "not trained yet; call train"),
        (lambda slide: Concert(slide).save("nowhere"), "not trained yet"),
        (lambda slide: Concert(slide).learned.scopes(), "not trained yet"),
        (lambda slide: Concert(slide, also_genes=["Sftcp"]), "no gene called 'Sftcp'. Did you mean Sftpc"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_line(slide: Slide, make: Callable[[Slide], object], message: str) -> None:
    with pytest.raises(ConcertError, match=message) as caught:
        make(slide)
    assert "\n" not in str(caught.value)


def test_a_slide_with_one_usable_spot_is_refused(make_slide: Callable[..., Slide]) -> None:
    with pytest.raises(ConcertError, match="fewer than two spots"):
        Concert(make_slide(1))


# -- predicting -------------------------------------------------------------------------------------------------------


def test_several_patches_each_with_a_target(model: Concert, slide: Slide) -> None:
    rows = _patch(slide)
    found = model.predict(_two_patches(slide))
    first, second = np.split(rows, [len(rows) // 2])
    alone = model.predict(WhatIf((first, JAK2)))
    blocks = model.network.attributes.blocks.slice_of("own")
    at = {row: position for position, row in enumerate(found.rows[found.affected])}
    own = found.whatif_features[[at[row] for row in rows]][:, blocks]
    np.testing.assert_array_equal(own.argmax(1), [1] * len(first) + [2] * len(second))
    np.testing.assert_array_equal(np.flatnonzero(found.painted), rows)
    assert not np.allclose(_all(alone), _all(found), equal_nan=True)


def test_a_gene_has_all_its_numbers(model: Concert, slide: Slide) -> None:
    found = model.predict(_two_patches(slide))
    shift, size = model.network.size_shift.numpy(), np.full(slide.n_spots, np.nan)
    size[found.rows] = np.exp(found.baseline_features[:, : len(shift)] @ shift)  # what a state does to a spot's total
    for name in model.genes[:5]:
        gene = found.gene(name)
        fields = (gene.observed, gene.baseline, gene.predicted, gene.change, gene.sd, gene.lower, gene.upper)
        for values in fields:
            assert values.shape == (slide.n_spots,)
            np.testing.assert_array_equal(np.isnan(values), ~slide.usable)
        np.testing.assert_allclose(gene.observed, np.where(slide.usable, slide.normalised(name) / size, np.nan))
        np.testing.assert_allclose(gene.predicted, gene.baseline * np.exp(gene.change))
        np.testing.assert_allclose(gene.upper - gene.lower, 2 * 1.959963985 * gene.sd)


def test_far_spots_change_by_exactly_nothing_and_neighbours_do(model: Concert, slide: Slide) -> None:
    rows = _patch(slide)
    found = model.predict(WhatIf((rows, JAK2)))
    away = np.linalg.norm(slide.coords[:, None] - slide.coords[None, rows], axis=2).min(1) / slide.pitch
    changes, sds = np.array([(g.change, g.sd) for g in map(found.gene, model.genes)]).transpose(1, 2, 0)
    far, ring = away > model.config.reach, (away > 0) & (away < 1.5)
    assert far.sum() > 20
    assert (changes[far] == 0).all()
    assert (sds[far] == 0).all()
    assert (np.abs(changes[ring]).max(axis=1) > 0.02).all()
    assert (np.abs(changes[rows]).max(axis=1) > 0.3).all()


def test_no_patch_gives_the_baseline(model: Concert, slide: Slide) -> None:
    found = model.predict(WhatIf())
    gene = found.gene(model.genes[3])
    np.testing.assert_array_equal(gene.baseline, gene.predicted)
    assert np.nanmax(np.abs(gene.change)) == np.nanmax(gene.sd) == 0
    correlation = np.corrcoef(np.log1p(gene.observed[slide.usable]), np.log1p(gene.baseline[slide.usable]))[0, 1]
    assert correlation > 0.2


def test_painted_counts_are_not_read_again(model: Concert, slide: Slide) -> None:
    """Baseline and cell state of a what-if are those of no what-if, bit for bit."""
    plain, painted = model.predict(WhatIf()), model.predict(_two_patches(slide))
    np.testing.assert_array_equal(plain.baseline_features, painted.baseline_features)
    latents = slice(model.network.n_attributes, None)
    np.testing.assert_array_equal(
        painted.whatif_features[:, latents], plain.baseline_features[painted.affected][:, latents]
    )


def test_to_anndata_holds_every_spot_and_what_is_needed_to_repeat(model: Concert, slide: Slide) -> None:
    what_if = _two_patches(slide)
    result = model.predict(what_if).to_anndata()
    assert set(result.layers) == LAYERS
    assert list(result.obs_names) == list(slide.spot_names)
    assert list(result.var_names) == [name for name in slide.genes if name in model.genes]
    for layer in result.layers.values():
        np.testing.assert_array_equal(np.isnan(layer).all(axis=1), ~slide.usable)
        assert np.isfinite(layer[slide.usable]).all()
    np.testing.assert_array_equal(np.flatnonzero(result.obs["painted"]), what_if.rows)
    record = json.loads(result.uns["napari_concert"])
    assert record["model_hash"] == model.hash
    assert record["seed"] == 1
    assert WhatIf.from_json(record["what_if"]).to_json() == what_if.to_json()
    assert {"torch", "numpy"} <= set(record["versions"])


def test_a_record_says_how_slide_and_model_came_about(slide: Slide, small: ModelConfig, tmp_path: Path) -> None:
    slide = replace(slide, path=Path("lung.h5ad"))
    gene = str(slide.genes[3])
    model = Concert(slide, n_genes=9, also_genes=[gene], seed=5, device="cpu", config=small).train(2)
    record = json.loads(model.predict(WhatIf()).to_anndata().uns["napari_concert"])
    read = {
        "slide": slide.name,
        "slide_path": "lung.h5ad",
        "slide_fingerprint": slide.fingerprint,
        "slide_contents": slide.contents,
        "columns": json.loads(json.dumps(asdict(slide.columns))),
        "unit": "µm",
        "um_per_unit": 1.0,
        "registered": False,
        "stack": None,
        "counts_source": "X",
    }
    assert record.items() >= read.items()
    training = record["training"]
    assert training["slides"] == [read]
    asked = {"n_genes": 9, "also_genes": [gene], "max_epochs": 2, "epochs": 2, "seed": 5, "device": "cpu"}
    assert training.items() >= asked.items()
    assert training["config"] == small.to_json()
    assert record["machine"] == training["machine"] == runtime.machine()
    model.save(tmp_path)
    loaded = Concert.load(tmp_path).predict(WhatIf(), slide).to_anndata().uns["napari_concert"]
    assert json.loads(loaded) == record
    assert json.loads((tmp_path / "model.json").read_text())["model_hash"] == record["model_hash"]


def _risen(adata: AnnData, gene: int) -> AnnData:
    """Return a slide of other spots, on which one gene has three times its counts."""
    other = adata.copy()
    other.obs_names = [f"other_{name}" for name in other.obs_names]
    counts = other.X.tolil()
    counts[:, gene] *= 3
    other.X = counts.tocsr()
    return other


def test_a_slide_that_was_not_trained_on_is_calibrated_and_says_so(
    model: Concert, slide: Slide, tumour_adata: AnnData
) -> None:
    gene = int(tumour_adata.var_names.get_indexer([model.genes[2]])[0])
    other = from_anndata(_risen(tumour_adata, gene), name="other")
    assert model.is_trained_on(slide)
    assert not model.is_trained_on(other)
    what_if = WhatIf(([30], {"perturbation": "Jak2"}))
    here, there = model.predict(what_if, slide), model.predict(what_if, other)
    assert any("effects were learned on tumour, not on this slide" in text for text in there.warnings)
    assert not any("not on this slide" in text for text in here.warnings)
    assert model.extrapolations(WhatIf(), other) == ()
    risen = np.nanmean(np.log(there.gene(model.genes[2]).baseline) - np.log(here.gene(model.genes[2]).baseline))
    assert risen == pytest.approx(np.log(3), abs=0.35)  # totals rise a little as well
    np.testing.assert_allclose(there.changes([30]), here.changes([30]), atol=1e-8)  # effects are held
    assert "other" not in model.vocabulary.batches


def test_the_cell_state_is_what_predictions_hold(model: Concert, slide: Slide) -> None:
    table, prediction = model.cell_state(), model.predict(WhatIf())
    assert list(table.columns) == [
        *(f"spatial_{i + 1}" for i in range(model.config.spatial_factors)),
        *(f"intrinsic_{i + 1}" for i in range(model.config.intrinsic_factors)),
    ]
    latents = prediction.baseline_features[:, model.network.n_attributes :]
    np.testing.assert_array_equal(table.to_numpy()[prediction.rows], latents)
    np.testing.assert_array_equal(table.index, slide.spot_names)
    assert table[~slide.usable].isna().all(axis=None)


def test_a_copy_in_another_order_is_still_a_slide_it_was_trained_on(model: Concert, tumour_adata: AnnData) -> None:
    order = np.random.default_rng(1).permutation(tumour_adata.n_obs)
    assert model.is_trained_on(from_anndata(tumour_adata[order].copy(), name="turned"))


def test_a_wrong_target_is_refused_before_any_inference(
    slide: Slide, model: Concert, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_concert.concert.core.Observed.infer", lambda *_, **__: pytest.fail("it inferred"))
    with pytest.raises(UnknownName, match="Did you mean Jak2"):
        model.predict(WhatIf(([30], {"perturbation": "Jak3"})), replace(slide))


def test_another_order_of_spots_and_batches_gives_the_same_numbers_by_name(
    model: Concert, slide: Slide, tumour_adata: AnnData
) -> None:
    order = np.random.default_rng(0).permutation(slide.n_spots)
    turned = from_anndata(tumour_adata[order].copy(), name="turned")
    plain = model.predict(_two_patches(slide))
    place = np.argsort(order)
    what_if = WhatIf(*((place[patch.spots], dict(patch.target)) for patch in _two_patches(slide).patches))
    object.__setattr__(model.network.config, "batch_entries", 3200)
    try:
        other = model.predict(what_if, turned)
    finally:
        object.__setattr__(model.network.config, "batch_entries", ModelConfig().batch_entries)
    for name in model.genes:
        one, two = plain.gene(name), other.gene(name)
        for field in ("observed", "baseline", "predicted", "change", "sd", "lower", "upper"):
            a, b = (pd.Series(getattr(g, field), index=s.spot_names) for g, s in ((one, slide), (two, turned)))
            np.testing.assert_allclose(b[a.index], a, rtol=1e-5, atol=1e-5)


def test_a_new_slide_needs_no_training(model: Concert, slide: Slide, tumour_adata: AnnData) -> None:
    part = from_anndata(tumour_adata[:250].copy(), name="part")
    gene = model.predict(WhatIf(([30, 31], JAK2)), part).gene(model.genes[0])
    assert gene.change.shape == (250,)
    assert np.isfinite(gene.baseline[part.usable]).all()


def test_slides_that_are_closed_are_forgotten(model: Concert, tumour_adata: AnnData) -> None:
    other = from_anndata(tumour_adata[:200].copy())
    model.predict(WhatIf(), other)
    gone = weakref.ref(other)
    del other
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"perturbation": "Jak3"}, "no state called 'Jak3'. Did you mean Jak2"),
        ({"tissue": "tumor"}, "no tissue called 'tumor'. Did you mean tumour"),
        ({"perturbation": "undetermined"}, "no state called 'undetermined'"),
        ({"pertubation": "Jak2"}, "no attribute called 'pertubation'. Did you mean perturbation"),
    ],
)
def test_unknown_targets_suggest_the_nearest(model: Concert, target: dict[str, str], message: str) -> None:
    with pytest.raises(UnknownName, match=message):
        model.predict(WhatIf(([30], target)))


def test_rows_beyond_the_slide_are_named(model: Concert) -> None:
    with pytest.raises(ConcertError, match="row 400, but the slide has 400 spots"):
        model.predict(WhatIf(([400], JAK2)))


def test_a_pair_never_seen_warns(model: Concert, slide: Slide) -> None:
    normal = np.flatnonzero((slide.tissue_of == "normal lung") & slide.usable)[:4]
    found = model.predict(WhatIf((normal, JAK2)))
    assert len(found.warnings) == 1
    assert "Jak2 was never measured in normal lung" in found.warnings[0]
    assert model.predict(WhatIf((_patch(slide), JAK2))).warnings == ()
    assert json.loads(found.to_anndata().uns["napari_concert"])["warnings"] == list(found.warnings)


# -- odd slides -------------------------------------------------------------------------------------------------------


def test_a_state_of_one_spot_warns_and_trains(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    slide = make_slide()
    labels = np.full(80, "control", dtype=object)
    labels[40] = "Jak2"
    model = Concert(slide.with_labels("perturbation", labels), config=small)
    assert any(note.startswith("Jak2 has 1 spot:") for note in model.notes)
    gene = model.train(8).predict(WhatIf(([0, 1], JAK2))).gene("Gene0")
    assert np.isfinite(gene.change).all()
    assert gene.sd[0] > 0.1  # one spot proves little


def test_a_single_state_has_nothing_to_switch_to(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    columns = Columns(perturbation="perturbation", control=("control",))
    model = Concert(make_slide(states=("control",), columns=columns), config=small).train(2)
    assert len(model.notes) == 1
    assert "Only one state (control)" in model.notes[0]
    assert (model.predict(WhatIf(([3], {"perturbation": "control"}))).gene("Gene0").change == 0).all()
    assert len(model.learned.scopes()) == 0


def test_without_a_perturbation_the_baseline_works_and_what_ifs_say_why_not(
    make_slide: Callable[..., Slide], small: ModelConfig
) -> None:
    model = Concert(make_slide(states=None), config=small).train(8)
    assert "No perturbation column" in model.notes[0]
    assert np.isfinite(model.predict(WhatIf()).gene("Gene0").baseline).all()
    with pytest.raises(ConcertError, match="no perturbation, so there is no state to switch; train with one"):
        model.predict(WhatIf(([3], JAK2)))


def test_unknown_labels_are_never_a_state(model: Concert, slide: Slide) -> None:
    assert "undetermined" not in model.states
    assert slide.state_of[20] is None
    features = model.predict(WhatIf()).baseline_features
    row = int(np.flatnonzero(np.flatnonzero(slide.usable) == 20)[0])
    assert (features[row, model.network.attributes.blocks.slice_of("own")] == 0).all()


def test_a_continuous_attribute_can_be_set(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    slide = make_slide(dose=True)
    assert slide.columns.continuous == ("dose",)
    model = Concert(slide, config=small).train(3)
    found = model.predict(WhatIf(([7], {"dose": 9.0})))
    np.testing.assert_array_equal(found.rows[found.affected], [7])
    assert (found.differences(found.affected) != 0).any()
    with pytest.raises(ConcertError, match="'high' is not a number"):
        model.predict(WhatIf(([7], {"dose": "high"})))


def test_several_slides_train_together_and_stay_apart(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    slides = [make_slide(name="one"), make_slide(60, seed=1, name="two")]
    model = Concert(slides, config=small).train(8)
    assert model.vocabulary.batches == ("one", "two")
    for slide in slides:
        found = model.predict(WhatIf(([0, 1], JAK2)), slide)
        assert len(found.gene("Gene0").change) == slide.n_spots
    assert (model.predict(WhatIf(([0], JAK2))).gene("Gene0").change != 0).any()


def _change_by_plane(slide: Slide, model: Concert) -> np.ndarray:
    """Return the largest change on each section when the first section's spots become Jak2."""
    plane = slide.adata.obs["section"].cat.codes.to_numpy()
    found = model.predict(WhatIf((np.flatnonzero(plane == 0), JAK2)))
    change = np.abs(found.differences(np.arange(len(found.rows)))).max(axis=1)
    return np.array([change[plane == p].max() for p in np.unique(plane)])


def test_sections_are_apart_unless_registered(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    plain = {"sections": ("s1", "s2"), "z": True, "n_spots": 128}
    apart, joined = make_slide(**plain), make_slide(**plain, registered=True)
    found = _change_by_plane(apart, Concert(apart, config=small).train(2))
    assert found[0] > 0.5
    assert found[1] == 0
    assert _change_by_plane(joined, Concert(joined, config=small).train(2))[1] > 0.05


@pytest.mark.parametrize(
    "make",
    [
        lambda new: new(16, 2),
        lambda new: new(40, 1),
        lambda new: new(tissues=("a", "b", "c")),
        lambda new: new(states=("Jak2", "Tgfbr2")),
        lambda new: new(raw_coords=np.tile([[1.0, 2.0]], (80, 1))),
        lambda new: new(raw_coords=np.column_stack([np.arange(80.0), np.zeros(80)])),
        lambda new: new(raw_coords=np.repeat(np.arange(40.0), 2)[:, None] * [3, 5]),
    ],
    ids=["few spots", "one gene", "tissues", "no control", "one point", "a line", "duplicates"],
)
def test_odd_slides_train(make_slide: Callable[..., Slide], small: ModelConfig, make: Callable[..., Slide]) -> None:
    slide = make(make_slide)
    model = Concert(slide, config=small, n_genes=8).train(8)
    found = model.predict(WhatIf(([0], {"perturbation": model.states[-1]})))
    assert all(np.isfinite(found.gene(name).change[slide.usable]).all() for name in model.genes)


# -- learned reach ----------------------------------------------------------------------------------------------------


def test_scopes_are_in_the_slides_unit(model: Concert, slide: Slide) -> None:
    table = model.learned.scopes()
    lengths = ["range_long", "range_short", "cut_off"]
    bounds = [f"{name}_{end}" for name in lengths[:2] for end in ("lower", "upper")]
    assert set(table.columns) == {*lengths, *bounds, "anisotropy", "passes_border", "sources", "angle"}
    assert list(table.index) == ["Ifngr2", "Jak2", "Tgfbr2"]
    field = model.network.attributes.field
    for p, state in enumerate(table.index):
        values = torch.linalg.eigvalsh(field.log_metric[p]).exp().numpy()
        alpha, bend = field.alpha[p].item(), field.bend[p].item()
        cut = table.loc[state, "cut_off"]
        assert cut == pytest.approx(slide.pitch * np.median(field.cut_offs[p, :3]))

        def kernel(value: float, r: float, cut: float = cut, alpha: float = alpha, bend: float = bend) -> float:
            beyond = np.clip(2 * r / cut - 1, 0, 1)  # the cut-off starts at half of it
            return (1 + (value * (r / slide.pitch) ** 2) ** bend / alpha) ** -alpha * (
                1 - beyond**3 * (10 - 15 * beyond + 6 * beyond**2)
            )

        for name, value in (("range_long", values[0]), ("range_short", values[-1])):
            one = (1 + np.exp(-2 * field.shape[p, 0].item()) ** bend / alpha) ** -alpha  # at one pitch, mean direction
            assert kernel(value, table.loc[state, name]) / one == pytest.approx(0.5, abs=1e-6)
            assert table.loc[state, f"{name}_lower"] < table.loc[state, name] < table.loc[state, f"{name}_upper"]
    assert (table["range_long"] >= table["range_short"]).all()
    assert table["passes_border"].between(0, 1).all()
    assert (table["sources"] >= 1).all()


# -- saving and loading -----------------------------------------------------------------------------------------------


@pytest.fixture
def saved(model: Concert, tmp_path: Path) -> Path:
    """Return the folder of a saved model."""
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_a_loaded_model_is_the_same(model: Concert, slide: Slide, saved: Path) -> None:
    found = Concert.load(saved, slide)
    assert (found.hash, found.genes, found.states, found.seed) == (model.hash, model.genes, model.states, model.seed)
    assert found.device == "cpu"
    assert found.notes == model.notes
    assert found.seen_pairs == model.seen_pairs
    pd.testing.assert_frame_equal(found.history, model.history)
    pd.testing.assert_frame_equal(found.learned.scopes(), model.learned.scopes())
    np.testing.assert_array_equal(_all(found.predict(_two_patches(slide))), _all(model.predict(_two_patches(slide))))


def test_a_model_without_slides_asks_for_one(saved: Path, slide: Slide) -> None:
    model = Concert.load(saved)
    with pytest.raises(ConcertError, match="Which slide"):
        model.predict(WhatIf())
    with pytest.raises(ConcertError, match="nothing to train on"):
        model.train(1)
    assert model.predict(WhatIf(), slide).n_spots == 400


def test_a_missing_heldout_loss_survives(make_slide: Callable[..., Slide], small: ModelConfig, tmp_path: Path) -> None:
    model = Concert(make_slide(6), config=small).train(2)
    assert model.history["heldout_loss"].isna().all()
    model.save(tmp_path)
    json.loads((tmp_path / "model.json").read_text(), parse_constant=pytest.fail)
    pd.testing.assert_frame_equal(Concert.load(tmp_path).history, model.history)


def _relabelled(adata: AnnData, names: dict[str, str]) -> AnnData:
    adata.obs["perturbation"] = adata.obs["perturbation"].cat.rename_categories(names)
    return adata


def _without(adata: AnnData, column: str) -> AnnData:
    del adata.obs[column]
    return adata


def _with_z(adata: AnnData) -> AnnData:
    adata.obsm["spatial"] = np.column_stack([adata.obsm["spatial"], np.zeros(adata.n_obs)])
    return adata


def _in_plain_units(adata: AnnData) -> AnnData:
    del adata.uns["spatial_units"]
    return adata


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda adata: adata[:, 10:].copy(), r"genes are not on the slide \("),
        (lambda adata: _relabelled(adata, {"Jak2": "Jak1"}), r"states the model never saw \(Jak1; it learned control"),
        (lambda adata: _without(adata, "tissue"), "trained with a tissue column .tissue.; choose the slide's"),
        (lambda adata: _without(adata, "perturbation"), "trained with a perturbation column .perturbation.; choose"),
        (_with_z, "the model is 2D, the slide's coordinates are 3D"),
        (_in_plain_units, "coordinates are in µm, the slide's in units; set the µm per unit"),
    ],
)
def test_a_slide_that_does_not_fit_is_refused_with_the_reason(
    saved: Path, tumour_adata: AnnData, change: Callable[[AnnData], AnnData], message: str
) -> None:
    other = from_anndata(change(tumour_adata.copy()), name="other")
    with pytest.raises(ConcertError, match=message) as caught:
        Concert.load(saved, other)
    assert str(caught.value).startswith("The model does not fit other: ")
    assert "\n" not in str(caught.value)
    assert Concert.load(saved).mismatches(other)


def test_the_same_slide_fits(model: Concert, slide: Slide) -> None:
    assert model.mismatches(slide) == []


@pytest.mark.parametrize("missing", ["pitch", "training", "history", "seen_pairs", "columns"])
def test_an_incomplete_record_is_named(saved: Path, missing: str) -> None:
    path = saved / "model.json"
    record = json.loads(path.read_text())
    del record[missing]
    path.write_text(json.dumps(record))
    with pytest.raises(ConcertError, match=f"incomplete.*{missing}"):
        Concert.load(saved)


def test_loading_no_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConcertError, match="holds no trained model"):
        Concert.load(tmp_path)


def test_a_place_that_can_not_be_written_is_named(model: Concert, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConcertError, match=r"can't be saved in .*Choose a folder you can write"):
        model.save(tmp_path / "file" / "model")


def test_saved_models_can_be_moved(saved: Path, model: Concert, tmp_path: Path) -> None:
    shutil.move(saved, tmp_path / "elsewhere")
    assert Concert.load(tmp_path / "elsewhere").hash == model.hash


def test_columns_decide_what_is_learned(slide: Slide, small: ModelConfig) -> None:
    columns = Columns(perturbation="tissue", control=("normal lung",))
    model = Concert(slide.with_columns(columns), config=small)
    assert model.states == ("normal lung", "periphery", "tumour")
    assert model.tissues == ()


def test_intervals_are_wider_where_the_state_was_never_measured(
    make_slide: Callable[..., Slide], small: ModelConfig
) -> None:
    """The same what-if with a model that has and one that lacks the pair: estimates stay, intervals widen."""
    slide = make_slide()
    model = Concert(slide, config=small, seed=1).train()
    state = model.vocabulary.own[0]
    rows = np.flatnonzero(slide.usable & (slide.state_of == model.vocabulary.controls[0]))[:10]
    tissue = {slide.tissue_of[row] for row in rows}
    what_if = WhatIf((rows, {"perturbation": state}))
    model.seen_pairs |= {(state, name) for name in tissue}
    before = model.predict(what_if).changes(rows)
    model.seen_pairs -= {(state, name) for name in tissue}
    found = model.predict(what_if)
    after = found.changes(rows)
    np.testing.assert_array_equal(before.change, after.change)
    assert (after.sd >= before.sd).all()
    own = found.unshrunk[model.network.attributes.blocks.slice_of("own").start]
    np.testing.assert_allclose(
        after.sd**2 - before.sd**2, np.broadcast_to((0.3 * own) ** 2, after.sd.shape), rtol=1e-3, atol=1e-6
    )
    assert any("never measured" in text for text in found.warnings)
