"""Expression at positions that were never measured, as users of Concert meet it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData, read_h5ad
from scipy.spatial import cKDTree

from napari_concert import Columns, Concert, ConcertError, ModelConfig, Slide, UnknownName, WhatIf
from napari_concert.concert.imputation import LAYERS, Imputation
from napari_concert.io import from_anndata, write_imputation
from napari_concert.simulate import truth, tumour


def values(found: Imputation) -> np.ndarray:
    """Return all numbers (4, n, G)."""
    return np.stack([getattr(found, name) for name in LAYERS])


def positions(slide: Slide, n: int = 12, seed: int = 0) -> pd.DataFrame:
    """Return positions between measured spots."""
    rows = np.random.default_rng(seed).choice(np.flatnonzero(slide.usable), n, replace=False)
    return pd.DataFrame(slide.coords[rows] + 0.4 * slide.pitch, columns=["x", "y"])


def test_what_is_predicted(model: Concert, slide: Slide) -> None:
    found = model.impute(positions(slide))
    assert len(found) == 12
    assert found.genes == model.genes
    assert values(found).shape == (4, 12, len(model.genes))
    assert np.isfinite(values(found)).all()
    assert (found.predicted > 0).all()
    assert (found.lower <= found.upper).all()
    np.testing.assert_array_equal(found.lower, np.round(found.lower))
    assert (found.predicted_sd**2 > found.predicted).mean() > 0.99  # no less than the noise of counting


def test_labels_are_inferred_with_probabilities_and_said_to_be(model: Concert, slide: Slide) -> None:
    at = positions(slide).assign(tissue=["tumour", ""] * 6)
    found = model.impute(at)
    assert list(found.probabilities) == ["perturbation", "tissue"]
    for table in found.probabilities.values():
        np.testing.assert_allclose(table.sum(axis=1), 1)
    assert found.obs["perturbation"].isna().all()
    assert found.obs["tissue"].isna().tolist() == [False, True] * 6
    np.testing.assert_allclose(found.probabilities["tissue"]["tumour"][::2], 1)
    assert (found.probabilities["tissue"][1::2].max(axis=1) < 1).all()


def test_what_is_inferred_is_marginalised(model: Concert, slide: Slide) -> None:
    at = positions(slide, 3)
    found = model.impute(at.assign(tissue="tumour"))
    weight = found.probabilities["perturbation"].to_numpy()
    parts = [model.impute(at.assign(tissue="tumour", perturbation=state)) for state in model.states]
    expected = sum(weight[:, [s]] * part.predicted for s, part in enumerate(parts))
    np.testing.assert_allclose(found.predicted, expected, rtol=0.01)  # the unlikeliest pairs are left out
    squared = sum(weight[:, [s]] * (part.predicted_sd**2 + part.predicted**2) for s, part in enumerate(parts))
    np.testing.assert_allclose(found.predicted_sd, np.sqrt(squared - expected**2), rtol=0.02)


def test_positions_do_not_depend_on_each_other(model: Concert, slide: Slide) -> None:
    at, order = positions(slide), np.random.default_rng(1).permutation(12)
    plain = values(model.impute(at))
    np.testing.assert_allclose(values(model.impute(at.iloc[order])), plain[:, order], rtol=1e-5)
    np.testing.assert_allclose(values(model.impute(at.iloc[[5]])), plain[:, [5]], rtol=1e-5)


def test_an_array_will_do_and_a_saved_model_too(model: Concert, slide: Slide, tmp_path: Path) -> None:
    at = positions(slide)
    model.save(tmp_path)
    loaded = Concert.load(tmp_path)
    np.testing.assert_allclose(values(loaded.impute(at.to_numpy(), slide)), values(model.impute(at)), rtol=1e-4)


def test_the_unit_of_the_coordinates_does_not_matter(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    slide = make_slide(120, micrometres=False)
    other = make_slide(120, micrometres=False, raw_coords=slide.raw_coords * 7.3)
    at = positions(slide)
    found = [Concert(each, config=small).train(3).impute(at * each.pitch / slide.pitch) for each in (slide, other)]
    np.testing.assert_allclose(found[1].predicted, found[0].predicted, rtol=1e-4)
    np.testing.assert_allclose(found[1].obs["distance_to_measured"] / 7.3, found[0].obs["distance_to_measured"])


def test_a_what_if_changes_the_spots_around(model: Concert, slide: Slide) -> None:
    rows = np.flatnonzero(slide.adata.obs["what_if"])
    middle = slide.coords[rows].mean(axis=0) + 0.3 * slide.pitch
    at = pd.DataFrame([middle, middle + 2.5 * slide.pitch], columns=["x", "y"])
    before, after = model.impute(at), model.impute(at, what_if=WhatIf((rows, {"perturbation": "Jak2"})))
    assert before.probabilities["perturbation"]["control"].iloc[0] > 0.8
    assert after.probabilities["perturbation"]["Jak2"].iloc[0] > 0.7
    given = at.assign(perturbation="control", tissue="tumour")
    around = [model.impute(given, what_if=w).predicted[1] for w in (None, WhatIf((rows, {"perturbation": "Jak2"})))]
    assert np.abs(np.log(around[1] / around[0])).max() > 0.01  # the field reaches it
    assert json.loads(after.to_anndata().uns["napari_concert"])["what_if"][0]["target"] == {"perturbation": "Jak2"}


def test_far_away_is_an_extrapolation(model: Concert, slide: Slide) -> None:
    inside, outside = positions(slide, 2), pd.DataFrame({"x": [1e5], "y": [0.0]})
    assert not any("Extrapolation" in text for text in model.impute(inside).warnings)
    found = model.impute(pd.concat([inside, outside], ignore_index=True))
    assert any("Extrapolation: at 1 of 3 positions" in text for text in found.warnings)
    assert found.obs["spatial_known"].iloc[2] < 0.01 < found.obs["spatial_known"].iloc[0]
    apart = np.linalg.norm(slide.coords[slide.usable] - [1e5, 0], axis=1).min()
    assert found.obs["distance_to_measured"].iloc[2] == pytest.approx(apart)


def test_a_pair_never_measured_is_an_extrapolation(model: Concert, slide: Slide) -> None:
    found = model.impute(positions(slide).assign(perturbation="Jak2", tissue="normal lung"))
    assert (
        "Extrapolation: Jak2 was never measured in normal lung; its effect is taken from elsewhere." in found.warnings
    )


def test_missing_numbers_are_interpolated(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    slide = make_slide(120, dose=True)
    model = Concert(slide, config=small).train(2)
    obs = slide.adata.obs.assign(dose=np.where(slide.coords[:, 0] < 500, 1.0, 4.0))
    split = from_anndata(AnnData(slide.adata.X, obs, slide.adata.var, obsm=dict(slide.adata.obsm), uns=slide.adata.uns))
    at = pd.DataFrame({"x": [150.0, 850.0], "y": [450.0, 450.0]})
    left, right = (model.impute(at.assign(dose=dose), split).predicted for dose in (1.0, 4.0))
    found = model.impute(at, split)
    assert "dose is not given at 2 of 2 positions: it is interpolated from spots around." in found.warnings
    assert not np.allclose(left[0], right[0], rtol=0.02)
    np.testing.assert_allclose(found.predicted, [left[0], right[1]], rtol=0.05)


def test_sections_are_apart(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    plain = make_slide(160, sections=("A", "B"))
    counts = plain.adata.X.toarray()
    counts[plain.labels("section") == "B", :3] *= 4
    slide = from_anndata(AnnData(counts, plain.adata.obs, obsm=dict(plain.adata.obsm)), columns=plain.columns)
    model = Concert(slide, config=small).train(8)
    at = pd.DataFrame({"x": [350.0, 350.0], "y": [350.0, 350.0], "section": ["A", "B"]})
    found = model.impute(at)
    assert found.obs["section"].tolist() == ["A", "B"]
    assert (found.predicted[1, :3] > 1.5 * found.predicted[0, :3]).all()


def test_a_registered_stack_is_filled_between_its_sections(
    make_slide: Callable[..., Slide], small: ModelConfig
) -> None:
    slide = make_slide(160, sections=("A", "B"), z=True, registered=True)
    found = Concert(slide, config=small).train(2).impute([[350.0, 350.0, 50.0]])
    assert np.isfinite(values(found)).all()


def test_a_model_without_states(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    slide = make_slide(states=None, columns=Columns())
    found = Concert(slide, config=small).train(1).impute([[150.0, 150.0]])
    assert found.probabilities == {}
    assert np.isfinite(values(found)).all()


def test_a_label_that_is_state_and_tissue_says_which(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    slide = make_slide(states=("control", "a/b"), tissues=("a/b", "c"))
    obs = Concert(slide, config=small).train(1).impute([[150.0, 150.0]]).to_anndata().obs
    assert [name for name in obs if name.startswith("p_")] == ["p_control", "p_a_b", "p_tissue_a_b", "p_c"]


def test_the_file_holds_everything(model: Concert, slide: Slide, tmp_path: Path) -> None:
    found = model.impute(positions(slide).assign(tissue="tumour"))
    write_imputation(tmp_path / "o.h5ad", found)
    back = read_h5ad(tmp_path / "o.h5ad")
    assert set(back.layers) == set(LAYERS)
    np.testing.assert_array_equal(back.X, back.layers["predicted"])
    np.testing.assert_allclose(back.obsm["spatial"], positions(slide))
    assert not back.obs["measured"].any()
    assert {"p_control", "p_Jak2", "p_tumour", "distance_to_measured", "spatial_known"} <= set(back.obs)
    assert (back.obs["tissue"] == "tumour").all()
    record = json.loads(back.uns["napari_concert"])
    assert "not a measurement" in record["meaning"]
    assert (record["model_hash"], record["new_spots"]) == (model.hash, 12)
    assert {"warnings", "versions", "slide_fingerprint", "what_if"} <= set(record)
    assert back.uns["spatial_units"] == "um"


def test_some_genes_in_the_order_asked_for(model: Concert, slide: Slide) -> None:
    found, wanted = model.impute(positions(slide)), (model.genes[7], model.genes[2])
    part = found.to_anndata(wanted)
    assert tuple(part.var_names) == wanted
    np.testing.assert_array_equal(part.layers["upper"], found.upper[:, [7, 2]])
    with pytest.raises(UnknownName, match="no modelled gene called 'nope'"):
        found.to_anndata(["nope"])


def test_what_can_not_be_predicted_is_refused(model: Concert, slide: Slide, make_slide: Callable[..., Slide]) -> None:
    with pytest.raises(ConcertError, match="not trained yet"):
        Concert(slide).impute([[0.0, 0.0]])
    with pytest.raises(ConcertError, match="does not fit"):
        model.impute([[0.0, 0.0]], make_slide())
    with pytest.raises(ConcertError, match="the slide has 400 spots"):
        model.impute([[0.0, 0.0]], what_if=WhatIf(([4000], {"perturbation": "Jak2"})))
    with pytest.raises(UnknownName, match="no state called 'Jak'"):
        model.impute([[0.0, 0.0]], replace(slide), WhatIf(([40], {"perturbation": "Jak"})))


@pytest.mark.slow
@pytest.mark.parametrize(("labelled", "share", "gain"), [(True, 0.6, 1.3), (False, 0.75, 1.2)])
def test_a_hole_is_filled_better_than_by_its_neighbours(labelled: bool, share: float, gain: float) -> None:
    adata = tumour(1200, 200, seed=5)
    coords = adata.obsm["spatial"]
    hole = np.argsort(np.linalg.norm(coords - coords[adata.obs["what_if"].to_numpy()].mean(axis=0), axis=1))[:45]
    keep = np.setdiff1d(np.arange(1200), hole)
    slide = from_anndata(adata[keep].copy())
    model = Concert(slide).train()
    at = pd.DataFrame(coords[hole], columns=["x", "y"])
    if labelled:
        at = at.assign(**{name: adata.obs[name].astype(str).to_numpy()[hole] for name in ("perturbation", "tissue")})
    true = truth(adata, WhatIf(), model.genes).baseline[hole]
    counts = np.column_stack([slide.normalised(gene) for gene in model.genes])
    tree = cKDTree(slide.coords)
    nearest = [counts[tree.query(coords[hole], k)[1]].mean(axis=1) for k in (6, 30)]
    found = model.impute(at).predicted

    def error(guess: np.ndarray) -> float:
        return float(np.abs(np.log1p(guess) - np.log1p(true)).mean())

    def correlation(guess: np.ndarray) -> float:
        return float(np.mean([np.corrcoef(guess[:, g], true[:, g])[0, 1] for g in range(len(model.genes))]))

    assert error(found) < share * min(map(error, nearest))
    assert correlation(found) > gain * max(map(correlation, nearest))


def test_one_gene_is_decoded_alone(model: Concert, slide: Slide) -> None:
    at = positions(slide)
    what_if = WhatIf((np.arange(30), {"perturbation": "Jak2"}))
    spots, found = model.new_spots(at, what_if=what_if), model.impute(at, what_if=what_if)
    assert len(spots) == len(found)
    pd.testing.assert_frame_equal(spots.obs, found.obs)
    for column, gene in enumerate(model.genes[:5]):
        expected, sd = spots.gene(gene)
        np.testing.assert_allclose(expected, found.predicted[:, column], rtol=1e-5)
        np.testing.assert_allclose(sd, found.predicted_sd[:, column], rtol=1e-5)
        assert spots.interval(3, gene) == (found.lower[3, column], found.upper[3, column])
    for ask in (spots.gene, lambda name: spots.interval(0, name)):
        with pytest.raises(UnknownName, match="modelled gene"):
            ask("nothing")
