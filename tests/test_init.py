from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import napari_concert

HEAVY = ("torch", "qtpy", "PySide6", "PyQt6", "napari", "magicgui", "anndata", "scanpy", "matplotlib")


def test_importing_the_package_imports_nothing_heavy():
    code = f"import sys, napari_concert; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_reading_a_slide_imports_neither_torch_nor_qt():
    code = (
        "import sys, napari_concert as c; c.read(c.simulate.sample_path()); "
        "print([m for m in ('torch', 'qtpy', 'PySide6', 'napari') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("name", napari_concert.__all__)
def test_every_public_name_resolves(name):
    assert getattr(napari_concert, name) is not None
    assert name in dir(napari_concert)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = napari_concert.no_such_name


def test_the_version_is_that_of_the_installed_package():
    assert napari_concert.__version__ == version("napari-concert")
