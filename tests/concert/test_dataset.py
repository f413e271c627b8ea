"""From slides to arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from napari_concert import Columns, ConcertError, Slide, WhatIf
from napari_concert.concert.dataset import Scale, arrays_of, batch_names, check_targets, codes, intervene, vocabulary_of
from napari_concert.model.data import UNKNOWN, SpotArrays, Vocabulary

GENES = ("Gene1", "Gene4")


def _arrays(*slides: Slide) -> tuple[SpotArrays, Vocabulary]:
    vocabulary = vocabulary_of(slides, GENES)
    return arrays_of(slides, vocabulary, Scale(slides[0].pitch, slides[0].units.name)), vocabulary


def test_codes_of_labels() -> None:
    labels = np.array(["b", None, "a", "zzz"], dtype=object)
    np.testing.assert_array_equal(codes(labels, ("a", "b")), [1, UNKNOWN, 0, UNKNOWN])


def test_arrays_are_the_slide_in_pitches(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(tissues=("lung", "tumour"))
    arrays, vocabulary = _arrays(slide)
    assert vocabulary.states == ("control", "Jak2")
    np.testing.assert_array_equal(arrays.counts.toarray(), slide.counts[:, [1, 4]].toarray())
    np.testing.assert_allclose(arrays.coords * slide.pitch, slide.coords)
    np.testing.assert_allclose(arrays.size, slide.totals / slide.median_total)
    assert [vocabulary.states[code] for code in arrays.state] == list(slide.state_of)
    assert [vocabulary.tissues[code] for code in arrays.tissue] == list(slide.tissue_of)


def test_the_unit_of_coordinates_never_matters(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide()
    plain, _ = _arrays(slide)
    other, _ = _arrays(slide.with_um_per_unit(0.27))
    np.testing.assert_allclose(other.coords, plain.coords)


def test_only_usable_spots_are_taken(slide: Slide) -> None:
    vocabulary = vocabulary_of([slide], tuple(slide.genes[:3]))
    arrays = arrays_of([slide], vocabulary, Scale(slide.pitch, "µm"))
    assert len(arrays) == slide.usable.sum() == 398
    assert np.isfinite(arrays.coords).all()
    assert (arrays.size > 0).all()
    assert (arrays.state == UNKNOWN).sum() == 1


def test_slides_and_sections_are_places_of_their_own(make_slide: Callable[..., Slide]) -> None:
    one, two = make_slide(name="one"), make_slide(30, seed=1, name="two", sections=("s1", "s2"))
    arrays, vocabulary = _arrays(one, two)
    assert len(arrays) == 110
    assert len(np.unique(arrays.place)) == 3
    assert set(arrays.place[:80]).isdisjoint(arrays.place[80:])
    assert vocabulary.batches == ("one", "two · s1", "two · s2")
    assert [vocabulary.batches[code] for code in arrays.batch[80:]] == list(batch_names(two))


def test_slides_of_one_name_are_batches_of_their_own_place(make_slide: Callable[..., Slide]) -> None:
    arrays, _ = _arrays(make_slide(), make_slide(seed=1))
    assert len(np.unique(arrays.place)) == 2


def test_continuous_attributes_are_standardised_over_all_slides(make_slide: Callable[..., Slide]) -> None:
    one, two = make_slide(dose=True), make_slide(dose=True, seed=1, name="two")
    two.adata.obs.iloc[3, two.adata.obs.columns.get_loc("dose")] = np.nan
    arrays, vocabulary = _arrays(one, two)
    values = np.concatenate([one.values("dose"), two.values("dose")])
    assert vocabulary.continuous_mean[0] == pytest.approx(np.nanmean(values))
    known = np.isfinite(values)
    np.testing.assert_allclose(arrays.continuous[known, 0], (values[known] - np.nanmean(values)) / np.nanstd(values))
    assert arrays.continuous[~known, 0] == 0


def test_a_constant_attribute_is_zero(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(dose=True)
    slide.adata.obs["dose"] = 3.0
    arrays, _ = _arrays(slide)
    assert (arrays.continuous == 0).all()


def test_controls_come_first_whatever_the_slides_order(make_slide: Callable[..., Slide]) -> None:
    one, two = make_slide(states=("Abl1", "control")), make_slide(states=("Zeb1", "ctrl"), name="two")
    vocabulary = vocabulary_of([one, two], GENES)
    assert vocabulary.states == ("control", "ctrl", "Abl1", "Zeb1")
    assert vocabulary.controls == ("control", "ctrl")


def test_slides_of_two_kinds_are_refused(make_slide: Callable[..., Slide]) -> None:
    with pytest.raises(ConcertError, match=r"\[2, 3\] coordinates a spot"):
        vocabulary_of([make_slide(), make_slide(z=True, name="two")], GENES)
    with pytest.raises(ConcertError, match="different continuous columns"):
        vocabulary_of([make_slide(dose=True), make_slide(name="two")], GENES)


def test_an_intervention_changes_the_painted_spots_alone(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(tissues=("lung", "tumour"), dose=True)
    arrays, vocabulary = _arrays(slide)
    what_if = WhatIf(([3, 50], {"perturbation": "Jak2", "dose": 2.0}), ([50, 60], {"tissue": "tumour"}))
    after = intervene(arrays, slide, what_if, vocabulary)
    assert after.state[[3, 50]].tolist() == [1, 1]
    assert after.tissue[[50, 60]].tolist() == [1, 1]
    expected = (2.0 - vocabulary.continuous_mean[0]) / vocabulary.continuous_sd[0]
    np.testing.assert_allclose(after.continuous[[3, 50], 0], expected)
    others = np.setdiff1d(np.arange(80), [3, 50, 60])
    for name in ("state", "tissue", "continuous"):
        np.testing.assert_array_equal(getattr(after, name)[others], getattr(arrays, name)[others])
    assert after.counts is arrays.counts
    np.testing.assert_array_equal(arrays.state, _arrays(slide)[0].state)  # the observed ones are as they were


def test_an_intervention_goes_by_rows_of_the_file(slide: Slide) -> None:
    vocabulary = vocabulary_of([slide], tuple(slide.genes[:3]))
    arrays = arrays_of([slide], vocabulary, Scale(slide.pitch, "µm"))
    after = intervene(arrays, slide, WhatIf(([5, 9, 30], {"perturbation": "Jak2"})), vocabulary)
    changed = np.flatnonzero(after.state != arrays.state)
    np.testing.assert_array_equal(np.flatnonzero(slide.usable)[changed], [30])  # 5 is empty, 9 is nowhere


@pytest.mark.parametrize("target", [{"perturbation": "Jak3"}, {"tissue": "lung"}, {"dose": "high"}, {"dosis": 1}])
def test_targets_are_checked_without_arrays(make_slide: Callable[..., Slide], target: dict[str, str | float]) -> None:
    slide = make_slide(dose=True)
    _, vocabulary = _arrays(slide)
    check_targets(WhatIf(([3], {"perturbation": "Jak2", "dose": 2})), slide, vocabulary)
    with pytest.raises(ConcertError):
        check_targets(WhatIf(([3], target)), slide, vocabulary)


def test_columns_may_be_named_as_in_the_file(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide()
    slide.adata.obs["guide"] = slide.adata.obs["perturbation"]
    slide = replace(slide, columns=Columns(perturbation="guide", control=("control",)))
    arrays, vocabulary = _arrays(slide)
    one, two = (
        intervene(arrays, slide, WhatIf(([1], {name: "Jak2"})), vocabulary) for name in ("guide", "perturbation")
    )
    np.testing.assert_array_equal(one.state, two.state)
