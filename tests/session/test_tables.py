"""Tables of a region."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_concert.prediction import GeneSet, set_change
from napari_concert.session import Session
from napari_concert.session.results import Region, tables


@pytest.fixture
def painted(trained: Session) -> Session:
    trained.set_target("perturbation", "Jak2")
    trained.paint(np.flatnonzero(trained.slide.adata.obs["what_if"].to_numpy()))
    return trained


def test_patch_and_ring_are_the_tables_of_the_result(painted: Session) -> None:
    result = painted.result
    assert tables(result, Region.PATCH).genes is result.patch_genes
    assert tables(result, Region.RING).genes is result.ring_genes
    assert tables(result, Region.RING).rows is result.ring


def test_the_whole_slide_is_all_modelled_spots(painted: Session) -> None:
    found, prediction = tables(painted.result, Region.SLIDE), painted.result.prediction
    pd.testing.assert_frame_equal(found.genes, prediction.top_genes(prediction.rows, len(prediction.genes)))
    gene = prediction.gene(found.genes.index[0])
    assert found.genes.iloc[0]["change"] == pytest.approx(np.nanmean(gene.change))


def test_measured_counts_are_in_the_order_of_the_genes(painted: Session) -> None:
    found = tables(painted.result, Region.RING)
    assert list(found.measured.index) == list(found.genes.index)
    for name in found.genes.index[:4]:
        observed = painted.result.prediction.observed_gene(name)[found.rows]
        assert found.measured[name] == pytest.approx(np.nanmean(observed))


def test_sets_are_ranked_as_genes_are(painted: Session) -> None:
    ranked = painted.result.patch_genes.index
    sets = [GeneSet("none", ("nothing",)), GeneSet("last", tuple(ranked[-3:])), GeneSet("first", tuple(ranked[:3]))]
    found = tables(painted.result, Region.PATCH, sets).sets
    assert list(found.index) == ["first", "last", "none"]
    expected = set_change(painted.result.prediction, painted.result.patch, sets)
    pd.testing.assert_frame_equal(found, expected.loc[found.index])


def test_a_region_without_spots_has_no_numbers(painted: Session) -> None:
    painted.clear()
    painted.paint(np.arange(painted.slide.n_spots))
    found = tables(painted.result, Region.RING, [GeneSet("some", tuple(painted.result.prediction.genes[:3]))])
    assert len(found.rows) == 0
    assert found.genes["change"].isna().all()
    assert found.measured.isna().all()
    assert found.sets["change"].isna().all()
