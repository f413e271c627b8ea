"""``napari-concert doctor``: what is installed here, and what works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from napari_concert.cli.output import emit

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands

WAIT = 60.0  # seconds for Qt to start


def add(commands: Commands) -> None:
    """Add the command."""
    about = "Print versions, device, threads, Qt and OpenGL: what to put into a bug report."
    parser = commands.add_parser("doctor", help="what is installed here, and what works", description=about)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Describe this installation."""
    found = examine()
    if args.json:
        emit(found)
    else:
        print("\n".join(f"{name:<16} {text}" for name, text in lines(found)))
    return 0


def examine() -> dict[str, Any]:
    """Return versions, devices, and what Qt and OpenGL can do."""
    from napari_concert.model import runtime

    device = runtime.resolve_device()
    return {
        "versions": runtime.versions(),
        "device": device,
        "device_name": runtime.describe_device(device),
        "devices": runtime.available_devices(),
        "cores": os.cpu_count(),
        "window": window(),
    }


def window() -> dict[str, Any]:
    """Return what Qt and OpenGL say; asked in a process of its own, since Qt ends its process where it can't start."""
    command = (sys.executable, "-m", "napari_concert.ui.window_check")
    try:
        done = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
            command, capture_output=True, text=True, timeout=WAIT, check=False
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"Qt did not start within {WAIT:.0f} s"}
    found: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        found |= json.loads(line)
    if done.returncode:
        said = next((line.strip() for line in done.stderr.splitlines() if line.strip()), f"status {done.returncode}")
        found["problem"] = f"no window can be opened here ({said}); on a machine without a display use xvfb-run"
    return found


def lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the findings as names and texts."""
    yield from found["versions"].items()
    yield "device", f"{found['device_name']} (found: {', '.join(found['devices'])})"
    yield "cores", str(found["cores"])
    window = found["window"]
    yield "Qt", window.get("qt") or "none; pip install 'napari-concert[pyside6]'"
    yield "Qt platform", window.get("platform") or "none"
    yield "OpenGL", window.get("opengl") or "not available here; the window needs 2.1 or later"
    if window.get("problem"):
        yield "problem", window["problem"]
