"""What a prediction's file says of itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from napari_concert import Prediction


@pytest.mark.parametrize(("unit", "said"), [("µm", {"spatial_units": "um"}), ("units", {})])
def test_to_anndata_tells_micrometres(make: Callable[..., Prediction], unit: str, said: dict[str, str]) -> None:
    uns = make(provenance={"unit": unit}).to_anndata().uns
    assert {key: value for key, value in uns.items() if key != "napari_concert"} == said
