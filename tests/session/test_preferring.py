"""A session takes note of choices, keeps them, and forgets them on demand."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_concert.jobs import Jobs
from napari_concert.session import Session
from napari_concert.session.preferences import Preferences, read
from napari_concert.session.shown import Scaling
from napari_concert.slide import Slide

CHOOSER = """
import itertools, sys
from pathlib import Path
from napari_concert.jobs import Jobs
from napari_concert.session import Session

session = Session(Jobs(), preferences=Path(sys.argv[1]))
session.prefer(step="genes")
for each in itertools.count():
    session.prefer(plot=str(each), tool=str(each))
    if each % 1000 == 0:
        print(each, flush=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "preferences.json"


def test_what_the_session_is_set_to_is_back_in_the_next_one(file: Path, tumour_slide: Slide) -> None:
    first = Session(preferences=file)
    first.add(tumour_slide)
    first.brush_radius = 4 * tumour_slide.pitch
    first.set_scaling(Scaling((5, 90), log2=False))
    first.show_reach(False)
    first.prefer(tool="lasso", only_sure=True)
    first.close()
    again = Session(preferences=file)
    assert again.preferences == first.preferences
    assert again.scaling == Scaling((5, 90), log2=False)
    assert not again.shows_reach
    assert again.brush_radius == pytest.approx(4), "in pitches, as no slide is open"
    again.add(tumour_slide)
    assert again.brush_radius == pytest.approx(4 * tumour_slide.pitch)


def test_a_script_reads_and_writes_nothing_unless_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tumour_slide: Slide
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    session = Session(autosave=None)
    session.add(tumour_slide)
    session.prefer(tool="lasso")
    session.set_scaling(Scaling((5, 90)))
    session.close()
    assert list(tmp_path.iterdir()) == []
    assert Session().preferences == Preferences()


def test_a_burst_of_choices_is_written_once_a_moment_later(file: Path, until: Callable[..., None]) -> None:
    session = Session(Jobs(), preferences=file)
    for share in range(50):
        session.prefer(image_opacity=share / 100)
    assert not file.exists()
    assert len(session.jobs.active()) == 1
    until(session, file.exists, 5)
    assert read(file).image_opacity == 0.49
    session.prefer(image_opacity=0.49)
    assert session.jobs.wait()
    assert session.jobs.active() == [], "the same again is no choice"
    session.close()


def test_closing_writes_what_waits(file: Path) -> None:
    session = Session(Jobs(), preferences=file)
    session.prefer(lists="sets")
    session.close()
    assert read(file).lists == "sets"


def test_a_choice_takes_no_time(file: Path) -> None:
    session = Session(Jobs(), preferences=file)
    start = time.thread_time()
    for each in range(200):
        session.prefer(brush=1 + each)
    assert (time.thread_time() - start) / 200 < 1e-3
    session.close()


def test_of_two_windows_the_later_one_wins(file: Path) -> None:
    one, other = Session(Jobs(), preferences=file), Session(Jobs(), preferences=file)
    one.prefer(tool="lasso")
    other.prefer(tool="region", only_sure=True)
    one.close()
    other.close()
    assert read(file) == Preferences(tool="region", only_sure=True)


def test_a_window_that_chose_nothing_since_replaces_nothing(file: Path) -> None:
    one, other = Session(preferences=file), Session(preferences=file)
    one.prefer(tool="lasso")
    other.prefer(tool="region")
    one.close()
    assert read(file).tool == "region"


def test_all_choices_are_forgotten_and_the_work_stays(file: Path, tumour_slide: Slide) -> None:
    session = Session(preferences=file)
    session.add(tumour_slide)
    session.paint([1, 2])
    session.brush_radius = 4 * tumour_slide.pitch
    session.set_scaling(Scaling((5, 90)))
    session.show_reach(False)
    heard: list[str] = []
    for name in ("shown_changed", "reach_changed", "brush_changed", "choices_forgotten"):
        getattr(session, name).connect(lambda *_, name=name: heard.append(name))
    session.notified.connect(lambda kind, _text: heard.append(kind))
    session.forget_choices()
    assert sorted(heard) == ["brush_changed", "choices_forgotten", "info", "reach_changed", "shown_changed"]
    assert session.preferences == Preferences()
    assert (session.scaling, session.shows_reach) == (Scaling(), True)
    assert session.brush_radius == pytest.approx(1.5 * tumour_slide.pitch)
    assert session.painted.tolist() == [1, 2]
    assert not file.exists()


def test_where_nothing_can_be_written_work_goes_on(
    tmp_path: Path, locked: Callable[[Path], Path], caplog: pytest.LogCaptureFixture
) -> None:
    session = Session(preferences=locked(tmp_path) / "preferences.json")
    session.prefer(tool="lasso")
    assert session.preferences.tool == "lasso"
    assert "can't be kept" in caplog.text
    session.forget_choices()
    session.close()


@pytest.mark.parametrize("lines", [40, 90])
def test_an_app_that_is_killed_while_it_chooses_leaves_a_whole_file(file: Path, lines: int) -> None:
    chooser = subprocess.Popen([sys.executable, "-c", CHOOSER, str(file)], stdout=subprocess.PIPE, text=True)
    with chooser:
        assert chooser.stdout is not None
        for _ in range(lines):
            chooser.stdout.readline()
        while not file.exists():
            chooser.stdout.readline()
        chooser.kill()
    stored = json.loads(file.read_text())
    assert stored["step"] == "genes"
    assert Session(preferences=file).preferences.step == "genes"
