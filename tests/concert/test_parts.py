"""What of a predicted change is a spot's own response, and what comes from its neighbours, with a trained model."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert import Concert, Slide, WhatIf


def _disc(slide: Slide, radius: float) -> np.ndarray:
    """Return usable spots around the middle of the slide."""
    away = np.linalg.norm(slide.coords - np.nanmedian(slide.coords, axis=0), axis=1)
    return np.flatnonzero(slide.usable & (away < radius * slide.pitch))


@pytest.mark.parametrize("target", [{"perturbation": "Jak2"}, {"tissue": "periphery"}, {"perturbation": "control"}])
def test_parts_sum_to_the_change_and_only_painted_spots_respond_themselves(
    model: Concert, slide: Slide, target: dict[str, str]
) -> None:
    rows = _disc(slide, 3.0)
    prediction = model.predict(WhatIf((rows, target)), slide)
    away = slide.usable & ~prediction.painted
    for name in model.genes[:20]:
        parts = prediction.parts(name)
        np.testing.assert_allclose(parts.own + parts.neighbours, prediction.gene(name).change, atol=1e-6)
        assert (parts.own[away] == 0).all()


def test_the_own_part_is_what_a_spot_does_when_it_is_painted_alone(model: Concert, slide: Slide) -> None:
    rows, gene = _disc(slide, 2.0), model.genes[0]
    whole = model.predict(WhatIf((rows, {"perturbation": "Tgfbr2"})), slide).parts(gene)
    for row in rows[:4]:
        alone = model.predict(WhatIf(([row], {"perturbation": "Tgfbr2"})), slide)
        assert whole.own[row] == pytest.approx(alone.gene(gene).change[row], abs=1e-9)
        assert alone.parts(gene).neighbours[row] == pytest.approx(0, abs=1e-9)


def test_two_states_side_by_side_spill_over_into_each_other(model: Concert, slide: Slide) -> None:
    rows = _disc(slide, 2.5)
    left, right = np.array_split(rows[np.argsort(slide.coords[rows, 0])], 2)
    both = model.predict(WhatIf((left, {"perturbation": "Jak2"}), (right, {"perturbation": "Tgfbr2"})), slide)
    parts = [both.parts(name) for name in model.genes]
    assert max(np.abs(part.neighbours[rows]).max() for part in parts) > 0.01
    assert all(np.isfinite(part.own[rows]).all() for part in parts)
