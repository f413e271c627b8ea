"""Choices and the file that keeps them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.selection import Depth, Lesion
from napari_concert.session import TrainingSettings
from napari_concert.session.preferences import FORMAT, Preferences, default_file, read, write
from napari_concert.session.results import Region
from napari_concert.session.shown import Scaling
from napari_concert.session.stack_view import StackMode, StackView
from napari_concert.session.training import DEVICES, LIMITS

WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
EDGES = st.lists(st.floats(0, 100), min_size=2, max_size=2, unique=True).map(lambda edges: tuple(sorted(edges)))
SIZES = st.one_of(
    st.builds(lambda spots: {"spots": spots}, st.integers(1, 1000)),
    st.builds(lambda area: {"spots": None, "area": area}, st.floats(1.0, 1e6)),
)
LESIONS = st.one_of(
    st.builds(lambda size, seed: replace(Lesion("disc", spots=1), **size, seed=seed), SIZES, st.integers(0, 9)),
    st.builds(
        lambda size, ratio, angle: replace(Lesion("ellipse", spots=1), **size, ratio=ratio, angle=angle),
        SIZES,
        st.floats(1, 8),
        st.floats(-90, 90),
    ),
)
PREFERENCES = st.builds(
    Preferences,
    step=WORDS,
    tool=WORDS,
    mode=WORDS,
    brush=st.floats(0.1, 120),
    lesion=LESIONS,
    stack=st.builds(StackView, st.sampled_from(StackMode), st.none() | st.floats(1, 100), st.booleans()),
    depth=st.builds(Depth, st.sampled_from(("section", "sections", "sphere")), st.integers(1, 1000)),
    selects_unfolded=st.booleans(),
    scaling=st.builds(Scaling, EDGES, st.booleans()),
    shows_reach=st.booleans(),
    shows_scale_bar=st.booleans(),
    shows_image=st.booleans(),
    image_opacity=st.floats(0, 1),
    region=st.sampled_from(Region),
    lists=WORDS,
    plot=WORDS,
    only_sure=st.booleans(),
    training=st.builds(
        TrainingSettings,
        n_genes=st.integers(*LIMITS["n_genes"]),
        max_epochs=st.integers(*LIMITS["max_epochs"]),
        seed=st.integers(*LIMITS["seed"]),
        device=st.sampled_from(DEVICES),
        all_slides=st.booleans(),
    ),
    folders=st.dictionaries(WORDS, WORDS, max_size=3),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
LESION_LIKE = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("kind", "area", "spots", "ratio", "angle", "seed"), ANYTHING)
)
STACK_LIKE = st.fixed_dictionaries({}, optional=dict.fromkeys(("mode", "stretch", "neighbours"), ANYTHING))
DEPTH_LIKE = st.fixed_dictionaries({}, optional=dict.fromkeys(("reaches", "sections"), ANYTHING))
SCALING_LIKE = st.fixed_dictionaries({}, optional=dict.fromkeys(("clip", "log2"), ANYTHING))
TRAINING_LIKE = st.fixed_dictionaries({}, optional=dict.fromkeys((*LIMITS, "device", "all_slides"), ANYTHING))
NAMES = tuple(vars(Preferences()))


@given(PREFERENCES)
def test_what_is_kept_comes_back(tmp_path_factory: pytest.TempPathFactory, preferences: Preferences) -> None:
    path = tmp_path_factory.mktemp("kept") / "not there yet" / "preferences.json"
    write(path, preferences)
    assert read(path) == preferences


@given(
    st.fixed_dictionaries(
        {"format": st.just(FORMAT)},
        optional=dict.fromkeys(NAMES, ANYTHING)
        | {"lesion": LESION_LIKE, "scaling": SCALING_LIKE, "training": TRAINING_LIKE}
        | {"stack": STACK_LIKE, "depth": DEPTH_LIKE},
    )
)
def test_whatever_a_file_says_gives_choices_that_can_be_kept_again(stored: dict[str, object]) -> None:
    found = Preferences.from_json(stored)
    assert Preferences.from_json(json.loads(json.dumps(found.to_json()))) == found


@given(ANYTHING)
def test_what_is_no_table_of_choices_gives_the_defaults(stored: object) -> None:
    assert Preferences.from_json(stored) == Preferences()


def test_one_bad_value_spoils_no_other() -> None:
    stored = {"format": FORMAT, "brush": "wide", "only_sure": True, "lesion": {"spots": -3}, "training": {"seed": 5}}
    assert Preferences.from_json(stored) == Preferences(only_sure=True, training=TrainingSettings(seed=5))


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("brush", 0),
        ("brush", float("nan")),
        ("brush", True),
        ("scaling", {"clip": [60, 40]}),
        ("scaling", {"clip": [1, 2, 3]}),
        ("scaling", {"log2": 1}),
        ("lesion", {"kind": "pyramid"}),
        ("lesion", {"area": 5.0}),
        ("lesion", {"spots": 10**400}),
        ("lesion", {"colour": "red"}),
        ("training", {"n_genes": 0}),
        ("training", {"n_genes": 10.0}),
        ("training", {"device": "abacus"}),
        ("region", "moon"),
        ("only_sure", "no"),
        ("stack", {"mode": "four dimensions"}),
        ("stack", {"stretch": 0.5}),
        ("stack", {"neighbours": "yes"}),
        ("stack", ["space"]),
        ("depth", {"reaches": "everywhere"}),
        ("depth", {"sections": 10**30}),
        ("depth", {"sections": 1.0}),
        ("folders", ["a", "b"]),
        ("folders", {"slides": 3}),
    ],
)
def test_values_that_no_choice_can_have_are_left_out(name: str, bad: object) -> None:
    assert Preferences.from_json({"format": FORMAT, name: bad}) == Preferences()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"format": 0, "only_sure": true}', b"\xff\xfe\x00", b"[" * 100_000]
)
def test_a_broken_or_old_file_gives_the_defaults(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "preferences.json"
    path.write_bytes(content)
    assert read(path) == Preferences()


def test_a_missing_file_or_a_folder_gives_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path / "nothing") == Preferences()
    assert read(tmp_path) == Preferences()


def test_only_what_was_chosen_is_written(tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    write(path, Preferences(training=TrainingSettings(seed=7), region=Region.RING))
    assert json.loads(path.read_text()) == {"format": FORMAT, "training": {"seed": 7}, "region": "ring"}
    write(path, Preferences())
    assert not path.exists(), "the defaults need no file"
    write(path, Preferences())


def test_it_lies_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_file().name == "preferences.json"
    assert default_file().is_relative_to(tmp_path)
