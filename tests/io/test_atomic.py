from __future__ import annotations

import json

import pytest

from napari_concert.io import atomic_path, write_json


def test_files_appear_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"µ": 1})
    with pytest.raises(RuntimeError), atomic_path(path) as scratch:
        scratch.write_text("half")
        raise RuntimeError
    assert json.loads(path.read_text()) == {"µ": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
