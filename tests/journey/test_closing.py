"""Closing the window while it trains: the process ends soon and cleanly, and nothing that was painted is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = """
import sys, time
from qtpy.QtCore import QTimer
import napari
from napari_concert.session import Session
from napari_concert.simulate import sample_path
from napari_concert.ui.plugin import find_dock, launch

def timed(session, close=Session.close):
    began = time.perf_counter()
    close(session)
    print("shutdown", time.perf_counter() - began, flush=True)

Session.close = timed
viewer = launch(sample_path(), block=False)
session = find_dock(viewer).session

def watch():
    if session.slide is None:
        return
    if session.training is None:
        session.paint([10, 11, 12])
        session.train()
    elif len(session.training.epochs) >= 2:
        timer.stop()
        print("closing", time.time(), flush=True)
        viewer.close()

timer = QTimer()
timer.timeout.connect(watch)
timer.start(50)
napari.run()
"""


def test_closing_while_training_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_testsuite_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("NAPARI_CONFIG", "")
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    ended = time.time()
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith(("closing", "shutdown"))]
    closing = next(float(value) for what, value in lines if what == "closing")
    shutdown = max(float(value) for what, value in lines if what == "shutdown")
    assert "Traceback" not in done.stderr
    record_testsuite_property("seconds_from_close_to_end", round(ended - closing, 2))
    record_testsuite_property("seconds_of_shutdown", round(shutdown, 2))
    assert shutdown <= 2.0
    assert ended - closing < 4.0, "2 s on a quiet machine"
    kept = [json.loads(path.read_text()) for path in tmp_path.rglob("work.json")]
    assert [[patch["spots"] for patch in work["patches"]] for work in kept] == [[[10, 11, 12]]]
    assert list(tmp_path.rglob("*.safetensors")), "the best weights so far are kept as well"
