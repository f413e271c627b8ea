from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError, UnknownName, match_names, nearest_names

GENES = ("Cxcl10", "Cxcl1", "Cxcl9", "Plac8", "Mx1", "Gm10", "Igkc", "B2m", "Cd3e")


def test_misspelling_suggests_the_nearest_names_whatever_the_case():
    assert nearest_names("plca8", GENES)[0] == "Plac8"
    assert nearest_names("CXCL01", GENES)[0] in {"Cxcl10", "Cxcl1"}
    assert nearest_names("zzzz", GENES) == ()


def test_unknown_name_says_what_was_asked_and_what_there_is():
    error = UnknownName("gene", "Plca8", GENES)
    assert isinstance(error, ConcertError)
    assert str(error).startswith("There is no gene called 'Plca8'. Did you mean Plac8")
    assert str(UnknownName("state", "zzz", ["Jak2", "Tp53"])).endswith("There is Jak2, Tp53.")
    assert str(UnknownName("gene", "zzz", [f"Q{i}" for i in range(99)])).endswith("There are 99 to choose from.")
    assert str(UnknownName("gene", "zzz", [])).endswith("There is none.")


def test_search_lists_prefixes_then_substrings_then_near_misses():
    names = ("AbcX", "Xabc", "Abc", "zabcz", "Abd", "Qrs")
    assert match_names("ABC", names) == ("Abc", "AbcX", "Xabc", "zabcz", "Abd")


def test_search_with_nothing_typed_lists_the_first_names():
    assert match_names("  ", GENES, limit=3) == GENES[:3]


@given(st.text("abAB1-", max_size=4), st.lists(st.text("abAB1-", min_size=1, max_size=5), unique=True, max_size=30))
def test_search_finds_every_match_before_any_other_name(query, names):
    found = match_names(query, names, limit=100)
    wanted = query.lower()
    contains = [wanted in name.lower() for name in found]
    assert len(set(found)) == len(found)
    assert set(found) <= set(names)
    if wanted:
        assert contains == sorted(contains, reverse=True)
        assert sum(contains) == sum(wanted in name.lower() for name in names)
        begins = [name.lower().startswith(wanted) for name in found if wanted in name.lower()]
        assert begins == sorted(begins, reverse=True)


@given(st.text("abc", min_size=1, max_size=3), st.integers(1, 7))
def test_search_keeps_its_limit(query, limit):
    assert len(match_names(query, [f"a{i}" for i in range(50)], limit=limit)) <= limit


@pytest.mark.parametrize("query", ["", "g", "Gm1", "cxcl", "Plca8", "m"])
def test_search_of_30000_names_takes_less_than_50_ms_a_keystroke(query):
    names = GENES + tuple(f"Gm{i}Rik{i % 97}" for i in range(30_000))
    match_names("x", names)
    times = []
    for _ in range(5):
        start = perf_counter()
        match_names(query, names)
        nearest_names(query, names)
        times.append(perf_counter() - start)
    assert min(times) < 0.05
