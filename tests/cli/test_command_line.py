"""The command line as a whole: help, versions, errors of one line, and what is loaded when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from napari_concert import __version__
from napari_concert.cli import main
from napari_concert.cli.output import plain
from napari_concert.cli.parser import COMMANDS, parse


def test_help_names_every_command_and_loads_nothing_heavy():
    code = (
        "import sys, napari_concert.cli\n"
        "try:\n    napari_concert.cli.main(['--help'])\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'torch', 'napari', 'scanpy', 'anndata', 'qtpy', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", [*COMMANDS, "simulate tumour"])
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([*command.split(), "--help"])
    assert end.value.code == 0
    assert f"napari-concert {command}" in capsys.readouterr().out


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"napari-concert {__version__}\n"


def test_a_misspelt_command_suggests_the_nearest(refusal):
    assert "train" in refusal("trian", "slide.h5ad", "--model", "m")


def test_a_misspelt_option_suggests_the_nearest(refusal):
    assert "--genes" in refusal("train", "slide.h5ad", "--model", "m", "--ganes", "3")


def test_a_missing_option_is_named(refusal):
    assert "--model" in refusal("train", "slide.h5ad")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--seed", "x"), ("--seed", "-1"), ("--max-epochs", "0"), ("--um-per-unit", "0"), ("--um-per-unit", "nan")],
)
def test_a_number_out_of_range_is_refused(refusal, option, value):
    assert option in refusal("train", "slide.h5ad", "--model", "m", option, value)


def test_a_bare_path_opens_the_app():
    assert parse(["some slide.h5ad"]).path == Path("some slide.h5ad")
    assert parse([]).path is None
    assert parse(["--um-per-unit", "0.5", "slide.h5ad"]).um_per_unit == 0.5
    assert parse(["a b.h5ad"]).command_line == "napari-concert 'a b.h5ad'"


def test_json_values_are_plain():
    import numpy as np

    values = {
        "a": np.float64("nan"),
        "b": [np.int64(3), float("inf"), None],
        "c": np.bool_(True),
        "d": ("x", Path("y")),
    }
    assert plain(values) == {"a": None, "b": [3, None, None], "c": True, "d": ["x", "y"]}


def test_ctrl_c_gives_130(monkeypatch, capsys):
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_concert.cli.doctor.run", interrupted)
    assert main(["doctor"]) == 130
    assert "Cancelled" in capsys.readouterr().err
