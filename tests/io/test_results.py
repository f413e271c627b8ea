from __future__ import annotations

import anndata
import numpy as np
import pytest

from napari_concert.errors import ConcertError
from napari_concert.io import write_prediction


class Answer:
    """Stands for a prediction: only what is asked of one when it is written."""

    def __init__(self, adata):
        self.adata, self.asked = adata, []

    def to_anndata(self, genes=None):
        self.asked.append(genes)
        return self.adata


def test_a_prediction_is_written_as_it_gives_itself(adata, tmp_path):
    adata.layers["change"] = np.where(adata.X.toarray() > 2, np.nan, 0.5).astype(np.float32)
    answer = Answer(adata)
    write_prediction(tmp_path / "out.h5ad", answer, ["Gene1"])
    back = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert answer.asked == [["Gene1"]]
    assert np.array_equal(back.layers["change"], adata.layers["change"], equal_nan=True)
    assert back.obs_names.equals(adata.obs_names)


def test_a_prediction_that_can_not_be_written_says_so(adata, tmp_path):
    with pytest.raises(ConcertError, match="can't be written: No such file or directory"):
        write_prediction(tmp_path / "none" / "out.h5ad", Answer(adata))
