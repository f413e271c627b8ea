"""Tables out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_concert import ConcertError
from napari_concert.io import write_table

TABLE = pd.DataFrame({"change (log2 fold change)": [1.23456789, np.nan]}, index=pd.Index(["Vim", "µ"], name="gene"))


def test_a_table_comes_back(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", TABLE)
    back = pd.read_csv(tmp_path / "a.csv", index_col=0)
    pd.testing.assert_frame_equal(back, TABLE, rtol=1e-5)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()[1] == "Vim,1.23457"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConcertError, match="can't be written"):
        write_table(tmp_path / "none" / "a.csv", TABLE)
    assert not list(tmp_path.iterdir())
