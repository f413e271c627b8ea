"""The figure of a quality check."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_concert.figures import quality_figure, save
from napari_concert.io import from_anndata

LEVELS = [0.5, 0.8, 0.95, 0.99]


@pytest.fixture
def coverage() -> pd.DataFrame:
    return pd.DataFrame({"promised": LEVELS, "held": [0.7, 0.9, 0.97, 1], "ideal": LEVELS, "pit": LEVELS})


def test_levels_share_limits_and_errors_are_centred(new_adata, coverage, tmp_path) -> None:
    slide, rows = from_anndata(new_adata(), name="made"), np.arange(8)
    observed, expected = np.linspace(0, 9, 8), np.linspace(1, 5, 8)
    drawn = quality_figure(
        slide, rows, observed, expected, (observed - expected) / 2, coverage, gene="Krt8", said="Well said."
    )
    save(drawn, tmp_path / "qc.pdf")
    titles = [ax.get_title(loc="left") for ax in drawn.axes]
    assert titles == ["observed", "predicted", "error", "z", "intervals, all genes"]
    one, two, error, z = (ax.collections[1] for ax in drawn.axes[:4])
    assert one.get_clim() == two.get_clim()
    assert error.get_clim() == (-one.get_clim()[1], one.get_clim()[1])
    assert z.get_clim() == (-3, 3)
    np.testing.assert_allclose(error.get_array(), observed - expected)
    held = next(line for line in drawn.axes[4].get_lines() if line.get_label() == "held")
    np.testing.assert_allclose(held.get_ydata(), 100 * coverage["held"])
    texts = [text.get_text() for text in drawn.texts]
    assert "Krt8 in 8 hidden spots" in texts
    assert "Well said." in texts
