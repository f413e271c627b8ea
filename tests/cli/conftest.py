"""One small simulated slide and one model trained on it, through the command line itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_concert.cli import main
from napari_concert.model.runtime import set_threads

SPOTS, GENES = 220, 24


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """So small a training is no faster on more."""
    set_threads(1)


@pytest.fixture(scope="session")
def slide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slide") / "tumour.h5ad"
    assert main(["simulate", "tumour", str(path), "--spots", str(SPOTS), "--genes", str(GENES), "--seed", "3"]) == 0
    return path


@pytest.fixture(scope="session")
def model_path(slide_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "model"
    assert main(["train", str(slide_path), "--model", str(path), "--max-epochs", "3"]) == 0
    return path


@pytest.fixture
def run_json(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run a command that must succeed, and return the JSON object that it prints."""

    def run(*words: object) -> dict[str, Any]:
        capsys.readouterr()
        assert main([*map(str, words), "--json"]) == 0

        def refuse(literal: str) -> None:
            raise AssertionError(f"{literal} is not JSON")

        return json.loads(capsys.readouterr().out, parse_constant=refuse)

    return run


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must be refused, and return its one line."""

    def run(*words: object) -> str:
        capsys.readouterr()
        assert main([*map(str, words)]) == 2
        captured = capsys.readouterr()
        lines = [line for line in captured.err.splitlines() if line.startswith("napari-concert:")]
        assert captured.out == ""
        assert len(lines) == 1
        assert "Traceback" not in captured.err
        return lines[0]

    return run
