from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.patches import Patch, WhatIf, as_rows

N = 30
rows_of = st.lists(st.integers(0, N - 1), max_size=20)
targets = st.dictionaries(
    st.sampled_from(["perturbation", "tissue", "dose"]), st.text("abc", min_size=1) | st.floats(0, 9), max_size=3
)
patches = st.builds(
    Patch,
    rows_of.map(lambda r: np.array(r, dtype=int)),
    targets,
    st.text(max_size=5),
    st.sampled_from(["#000000", "#e69f00"]),
    st.booleans(),
    st.booleans(),
)


@given(rows_of)
def test_rows_are_sorted_and_unique_whether_given_as_rows_or_mask(rows):
    mask = np.zeros(N, dtype=bool)
    mask[rows] = True
    assert as_rows(rows).tolist() == as_rows(mask).tolist() == sorted(set(rows))
    assert as_rows(rows).dtype == np.int64


@pytest.mark.parametrize("bad", [[-1], [0.5], [np.nan], [np.inf], [[1, 2]], ["a"], [None]])
def test_rows_that_are_no_rows_are_refused(bad):
    with pytest.raises(ConcertError):
        as_rows(bad)


def test_a_patch_can_not_be_changed():
    target = {"perturbation": "Jak2"}
    patch = Patch([3, 1], target)
    target["perturbation"] = "other"
    assert patch.target["perturbation"] == "Jak2"
    with pytest.raises(ValueError, match="read-only"):
        patch.spots[0] = 7
    with pytest.raises(TypeError):
        patch.target["perturbation"] = "x"


@given(st.lists(patches, max_size=4))
def test_what_if_survives_json(made):
    back = WhatIf.from_json(json.loads(json.dumps(WhatIf(*made).to_json())))
    assert len(back.patches) == len(made)
    for patch, other in zip(made, back.patches, strict=True):
        assert patch.spots.tolist() == other.spots.tolist()
        assert dict(patch.target) == dict(other.target)
        for name in ("name", "color", "hidden", "locked"):
            assert getattr(patch, name) == getattr(other, name)


def test_json_says_hidden_and_locked_only_where_they_are():
    plain = Patch([1]).to_json()
    assert plain == {"name": "patch", "color": "#e69f00", "target": {}, "spots": [1]}
    assert Patch([1], hidden=True, locked=True).to_json() == {**plain, "hidden": True, "locked": True}
    back = Patch.from_json({"spots": [1]})
    assert (back.hidden, back.locked, back.to_json()) == (False, False, plain)


@given(patches)
def test_a_patch_changes_nothing_without_spots_or_without_a_target(patch):
    assert patch.changes_nothing == (len(patch) == 0 or not patch.target)
    assert WhatIf(patch).is_empty == patch.changes_nothing


@pytest.mark.parametrize(
    "bad", [{}, {"spots": "x"}, {"spots": [1.5]}, {"spots": [1], "target": 3}, [], None, {"spots": [[1]]}]
)
def test_json_that_is_no_patch_is_refused(bad):
    with pytest.raises(ConcertError):
        Patch.from_json(bad)


@given(st.lists(patches, max_size=5), st.sampled_from(["perturbation", "tissue", "dose"]))
def test_the_later_patch_wins(made, attribute):
    expected = [None] * N
    for patch in made:
        for row in patch.spots:
            if attribute in patch.target:
                expected[row] = patch.target[attribute]
    assert WhatIf(*made).target_of(N, attribute).tolist() == expected


def test_what_if_takes_pairs_and_knows_its_rows_and_attributes():
    what_if = WhatIf(([5, 2], {"perturbation": "Jak2"}), (np.arange(3), {"tissue": "tumour"}))
    assert what_if.rows.tolist() == [0, 1, 2, 5]
    assert what_if.attributes == ("perturbation", "tissue")
    assert not what_if.is_empty
    assert WhatIf().is_empty
    assert WhatIf().rows.tolist() == []
    assert WhatIf(([1], {}), ([], {"tissue": "x"})).is_empty


def test_a_patch_beyond_the_slide_is_refused():
    with pytest.raises(ConcertError, match="row 7, but the slide has 7 spots"):
        WhatIf(([7], {"perturbation": "Jak2"})).target_of(7, "perturbation")
