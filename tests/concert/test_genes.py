"""Which genes are modelled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from napari_concert import ConcertError, Slide, UnknownName
from napari_concert.concert.genes import FEWEST_SPOTS, choose_genes
from napari_concert.io import from_anndata


def _slide(counts: np.ndarray, genes: list[str], name: str = "slide") -> Slide:
    side = int(np.ceil(np.sqrt(len(counts))))
    return from_anndata(
        AnnData(
            sparse.csr_matrix(counts.astype(np.float32)),
            obs=pd.DataFrame(index=[f"{name}{i}" for i in range(len(counts))]),
            var=pd.DataFrame(index=genes),
            obsm={"spatial": np.stack(np.divmod(np.arange(len(counts)), side), axis=1) * 1.0},
        ),
        name=name,
    )


@pytest.fixture
def varied() -> Slide:
    """Return a slide on which gene D, then B, varies most beyond chance, E is rare and F absent."""
    rng, wave = np.random.default_rng(0), np.sin(np.arange(100) / 6)
    mean = np.exp([np.full(100, 5.0), 1.5 + 0.7 * wave, np.full(100, 1.5), 1.5 + 1.4 * wave])
    counts = np.column_stack([rng.poisson(mean).T, np.arange(100) < FEWEST_SPOTS - 1, np.zeros(100)])
    return _slide(counts, list("ABCDEF"))


def test_the_most_variable_ones_in_the_slides_order(varied: Slide) -> None:
    assert choose_genes([varied], 1, ()) == ("D",)
    assert choose_genes([varied], 2, ()) == ("B", "D")


def test_all_expressed_ones_where_there_are_no_more(varied: Slide) -> None:
    assert choose_genes([varied], 2000, ()) == ("A", "B", "C", "D")


def test_listed_genes_are_kept_in_any_case(varied: Slide) -> None:
    assert choose_genes([varied], 1, ["F", "A", "A"]) == ("A", "D", "F")


def test_a_misspelt_gene_suggests_the_nearest(slide: Slide) -> None:
    with pytest.raises(UnknownName, match=r"no gene called 'sftcp'\. Did you mean .*Sftpc"):
        choose_genes([slide], 10, ["sftcp"])


def test_several_slides_share_their_genes(varied: Slide) -> None:
    other = _slide(np.full((9, 3), 2), ["D", "X", "A"], name="other")
    assert choose_genes([varied, other], 2000, ()) == ("A", "D")
    assert choose_genes([other, varied], 2000, ()) == ("D", "A")
    with pytest.raises(UnknownName, match="no gene called 'B'"):
        choose_genes([varied, other], 2000, ["B"])


def test_no_shared_gene_is_refused(varied: Slide) -> None:
    with pytest.raises(ConcertError, match=r"No gene is seen in 3 spots or more \(0 genes are on every slide\)"):
        choose_genes([varied, _slide(np.ones((9, 1)), ["X"], "other")], 10, ())


def test_empty_spots_play_no_part(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide()
    counts = slide.counts.toarray()
    counts[:20] = 0
    assert len(choose_genes([_slide(counts, list(slide.genes))], 3, ())) == 3
