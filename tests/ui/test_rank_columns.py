"""What the columns say, on the screen and in files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_concert.ui.rank_columns import GENES, LABELS, SETS, labelled, values_of

GENE_FIELDS = ("change", "sd", "lower", "upper", "lfsr", "baseline", "predicted")


@pytest.fixture
def frame():
    return pd.DataFrame(np.random.default_rng(0).uniform(0, 0.4, (4, 7)), index=list("abcd"), columns=list(GENE_FIELDS))


def test_changes_are_scaled_and_rates_and_counts_are_not(frame):
    values = values_of(frame, 2.0)
    for field in GENE_FIELDS:
        factor = 2.0 if field in {"change", "sd", "lower", "upper"} else 1.0
        np.testing.assert_allclose(values[field], factor * frame[field])


def test_files_have_the_shown_logarithm_and_a_unit_in_every_header(frame):
    made = labelled(frame, 2.0, "log2 fold change")
    assert made["change (log2 fold change)"].tolist() == (2 * frame["change"]).tolist()
    assert made["local false sign rate"].tolist() == frame["lfsr"].tolist()
    assert list(made.columns) == [LABELS[field].format(unit="log2 fold change") for field in GENE_FIELDS]


def test_a_set_has_its_sizes_first(frame):
    sets = frame[list(GENE_FIELDS[:5])].assign(genes=[1, 2, 3, 4], of=5)
    assert list(labelled(sets, 1.0, "x").columns)[:3] == ["genes used", "genes in the set", "change (x)"]


@pytest.mark.parametrize("columns", [GENES, SETS])
def test_every_column_has_a_tooltip_with_its_unit(columns):
    for column in columns:
        assert column.tip
        if column.field in {"change", "sd", "lower"}:
            assert "{unit}" in column.tip
