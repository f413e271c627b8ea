"""Verbs on the picture, and what it shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import from_anndata
from napari_concert.session import Colour, Session, TrainingSettings, View
from napari_concert.session.showing import NOT_MODELLED
from napari_concert.session.shown import Scaling

LEVELS = (View.OBSERVED, View.BASELINE, View.PREDICTED)


@pytest.fixture
def painted(trained: Session) -> Session:
    """Return a session with a model and a what-if, which shows a gene."""
    trained.set_target("perturbation", "Jak2")
    trained.paint(np.flatnonzero(trained.slide.adata.obs["what_if"].to_numpy()))
    trained.show_gene(trained.result.patch_genes.index[0])
    return trained


def test_choices_are_announced_once(session: Session, watch: Callable) -> None:
    heard = watch(session)
    for _ in range(2):
        session.show_gene("Krt8")
        session.show_view(View.CHANGE)
        session.set_scaling(Scaling(log2=False))
    assert heard.counts == {"shown_changed": 3}
    assert session.colour == Colour("gene", "Krt8")


def test_unknown_genes_and_columns_are_refused_with_the_nearest_names(session: Session) -> None:
    before = session.colour
    with pytest.raises(UnknownName, match="Krt8"):
        session.show_gene("Krt88")
    with pytest.raises(UnknownName, match="tissue"):
        session.show_column("tisue")
    assert session.colour == before


def test_a_column_of_too_many_labels_is_refused(new_adata: Callable[..., AnnData]) -> None:
    adata = new_adata(side=9)
    adata.obs["barcode"] = [f"AAC{i}" for i in range(adata.n_obs)]
    session = Session()
    session.add(from_anndata(adata))
    with pytest.raises(ConcertError, match="barcode"):
        session.show_column("barcode")
    session.values()


def test_observed_baseline_and_predicted_share_their_limits(painted: Session) -> None:
    gene = painted.result.prediction.gene(painted.colour.name)
    shown = {}
    for view in LEVELS:
        painted.show_view(view)
        shown[view] = painted.values()
        assert shown[view].kind == "continuous"
        assert shown[view].label == f"{gene.gene} · {view}"
        assert shown[view].unit == "counts at median depth"
        np.testing.assert_array_equal(shown[view].values, getattr(gene, view.name.lower()))
    assert len({values.limits for values in shown.values()}) == 1
    everything = np.concatenate([gene.observed, gene.baseline, gene.predicted])
    expected = np.nanpercentile(everything, (1, 99))
    np.testing.assert_allclose(shown[View.OBSERVED].limits, expected)
    painted.set_scaling(Scaling(clip=(0.0, 100.0)))
    assert painted.values().limits == (np.nanmin(everything), np.nanmax(everything))


@pytest.mark.parametrize("view", [View.CHANGE, View.TRUTH])
def test_changes_are_symmetric_and_share_limits_with_the_truth(painted: Session, view: View) -> None:
    painted.show_view(view)
    shown = painted.values()
    assert shown.kind == "diverging"
    assert shown.limits[0] == -shown.limits[1] < 0
    painted.show_view(View.CHANGE)
    assert painted.values().limits == shown.limits
    assert str(view) in shown.label


def test_log2_and_natural_logarithm(painted: Session) -> None:
    gene = painted.result.prediction.gene(painted.colour.name)
    for view, natural in ((View.CHANGE, gene.change), (View.UNCERTAINTY, gene.sd)):
        painted.show_view(view)
        painted.set_scaling(Scaling(log2=True))
        log2 = painted.values()
        painted.set_scaling(Scaling(log2=False))
        ln = painted.values()
        np.testing.assert_allclose(ln.values, natural)
        np.testing.assert_allclose(log2.values * np.log(2), natural)
        np.testing.assert_allclose(np.array(log2.limits) * np.log(2), ln.limits)
        assert "log2 fold change" in log2.unit
        assert "natural log fold change" in ln.unit


def test_the_true_change_is_the_true_change(painted: Session) -> None:
    painted.show_view(View.TRUTH)
    shown = painted.values()
    np.testing.assert_allclose(shown.values * np.log(2), painted.result.truth.of([painted.colour.name])[:, 0])
    assert shown.note == "known because this slide is simulated"


def test_uncertainty_starts_at_zero_and_says_its_unit(painted: Session) -> None:
    painted.show_view(View.UNCERTAINTY)
    shown = painted.values()
    assert shown.kind == "uncertainty"
    assert shown.limits[0] == 0
    assert shown.limits[1] > 0
    assert shown.unit == "sd of the log2 fold change"


def test_notes_say_what_to_think_of_it(trained: Session) -> None:
    trained.show_gene("Krt8")
    trained.show_view(View.PREDICTED)
    assert trained.values().note == "nothing is changed yet"
    trained.paint([1])
    trained.show_view(View.CHANGE)
    assert "extrapolation, not a proven cause" in trained.values().note
    trained.show_view(View.BASELINE)
    assert trained.values().note == ""


def test_an_unchanged_gene_does_not_fill_the_scale(trained: Session) -> None:
    trained.show_gene("Krt8")
    trained.show_view(View.CHANGE)
    shown = trained.values()
    assert not np.nanmax(np.abs(shown.values))
    assert shown.limits == pytest.approx((-0.1 / np.log(2), 0.1 / np.log(2)))


@pytest.mark.parametrize("view", list(View))
def test_a_gene_outside_the_model_is_shown_as_measured_and_says_so(session: Session, view: View) -> None:
    session.train(TrainingSettings(n_genes=5, max_epochs=1))
    outside = next(gene for gene in session.slide.genes if gene not in session.result.prediction)
    session.show_gene(outside)
    session.show_view(view)
    shown = session.values()
    assert shown.label == outside
    assert shown.note == NOT_MODELLED
    np.testing.assert_array_equal(shown.values, session.slide.normalised(outside))


@pytest.mark.parametrize("view", list(View))
def test_without_a_model_every_view_shows_what_was_measured(session: Session, view: View) -> None:
    session.show_gene("Krt8")
    session.show_view(view)
    shown = session.values()
    assert (shown.label, shown.note, shown.kind) == ("Krt8", "", "continuous")


def test_columns_of_labels_and_of_numbers(tumour_adata: AnnData) -> None:
    adata = tumour_adata.copy()
    adata.obs["quality"] = np.linspace(0, 1, adata.n_obs)
    adata.obs.iloc[0, adata.obs.columns.get_loc("quality")] = np.nan
    session = Session()
    session.add(from_anndata(adata))
    session.show_column("tissue")
    labels = session.values()
    assert labels.kind == "categorical"
    assert labels.categories == ("normal lung", "periphery", "tumour")
    assert set(labels.values) == set(labels.categories)
    session.show_column("quality")
    numbers = session.values()
    assert numbers.kind == "continuous"
    assert np.isnan(numbers.values[0])
    np.testing.assert_allclose(numbers.limits, np.nanpercentile(adata.obs["quality"], (1, 99)))


def slide_of_rare_genes() -> AnnData:
    """Return a slide with a gene without counts, a gene seen in one spot, and an empty spot."""
    counts = np.random.default_rng(1).poisson(3.0, (64, 6)) + 1
    counts[:, 0] = 0
    counts[:, 1] = 0
    counts[7, 1] = 5
    counts[9] = 0
    coords = np.column_stack(np.divmod(np.arange(64), 8)).astype(float)
    adata = AnnData(sparse.csr_matrix(counts.astype(np.float32)), obsm={"spatial": coords})
    adata.var_names = ["None", "One", "A", "B", "C", "D"]
    return adata


def test_genes_without_counts_and_in_one_spot_have_limits_that_can_be_drawn() -> None:
    session = Session()
    session.add(from_anndata(slide_of_rare_genes()))
    session.show_gene("None")
    assert session.values().limits == (0.0, 1.0)
    session.show_gene("One")
    shown = session.values()
    assert 0.0 == shown.limits[0] < shown.limits[1] <= np.nanmax(shown.values)
    assert np.isnan(shown.values[9])


def test_a_model_shows_nan_for_empty_spots() -> None:
    session = Session()
    session.add(from_anndata(slide_of_rare_genes()))
    session.train(TrainingSettings(max_epochs=1))
    session.show_gene("A")
    session.show_view(View.BASELINE)
    shown = session.values()
    assert np.flatnonzero(np.isnan(shown.values)).tolist() == [9]
    assert np.isfinite(shown.limits).all()


def test_views_that_need_a_model() -> None:
    assert [view for view in View if not view.needs_model] == [View.OBSERVED]
