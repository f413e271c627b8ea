"""An app that is killed in the middle of a stroke: the next one offers the work back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from napari_concert.session import Session
from napari_concert.session.base import AUTOSAVE_DELAY

PAINTER = """
import sys, time
import numpy as np
from napari_concert.jobs import Jobs
from napari_concert.session import Session
from pathlib import Path

session = Session(Jobs(), Path(sys.argv[2]))
session.open(sys.argv[1])
assert session.jobs.wait()
session.set_target("perturbation", "Jak2")
session.begin_stroke()
for row in range(20):
    session.extend_stroke(np.array([row]))
session.end_stroke()
session.new_patch()
session.restyle_patch(session.current.painting.active, name="lesion", color="#123456")
session.set_target("perturbation", "Tgfbr2")
session.paint([20, 21])
session.new_patch()
session.choose_patch(session.current.painting.keys[1])
session.begin_stroke()
for row in range(22, session.slide.n_spots):
    session.extend_stroke(np.array([row]))
    session.jobs.drain()
    print(row, time.monotonic(), flush=True)
    time.sleep(0.02)
print("not killed", flush=True)
"""
SLACK = 0.8  # seconds that a busy machine may take to write


@pytest.mark.parametrize("after", [2.0, 3.5])
def test_killed_in_the_middle_of_a_stroke_all_comes_back_but_the_last_moment(
    slide_path: Path, tmp_path: Path, after: float
) -> None:
    """The stroke never rests for as long as the autosave waits."""
    painter = subprocess.Popen(
        [sys.executable, "-c", PAINTER, str(slide_path), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    painted: dict[int, float] = {}
    with painter:
        assert painter.stdout is not None
        for line in painter.stdout:
            row, when = line.split()
            painted[int(row)] = float(when)
            if painted[int(row)] - painted[22] > after:
                painter.kill()
                break
    assert painter.returncode not in (0, 1), "it was killed, and did not end by itself"
    killed = max(painted.values())
    session = Session(autosave=tmp_path)
    said = []
    session.notified.connect(lambda kind, text: said.append((kind, text)))
    session.open(slide_path)
    first, lesion, empty = session.patches
    assert (first.name, dict(first.target)) == ("patch 1", {"perturbation": "Jak2"})
    assert first.spots.tolist() == list(range(20))
    assert (lesion.name, lesion.color, dict(lesion.target)) == ("lesion", "#123456", {"perturbation": "Tgfbr2"})
    assert (empty.name, len(empty)) == ("patch 2", 0)
    assert session.current.painting.current.name == "lesion"
    kept = set(lesion.spots.tolist())
    lost = {when for row, when in painted.items() if row not in kept}
    assert {20, 21, 22} <= kept, "some of the stroke that was under way"
    assert kept == set(range(20, 20 + len(kept))), "in the order in which they were painted"
    assert killed - min(lost, default=killed) <= AUTOSAVE_DELAY + SLACK
    assert said == [("info", f"tumour is as you left it: {20 + len(kept)} painted spots.")]
