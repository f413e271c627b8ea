"""``napari-concert [view] [PATH]``: open the app."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_concert.cli.columns import (
    SLIDE,
    ColumnOptions,
    add_column_options,
    add_spacing_option,
    in_space,
    with_columns,
)
from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from napari_concert.cli.parser import Commands
    from napari_concert.slide import Columns


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("view", help="open the app (the default)", description="Open the app.")
    parser.add_argument("path", metavar="PATH", nargs="?", type=Path, help=f"slide to open: {SLIDE}")
    add_column_options(parser)
    add_spacing_option(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Open the app, with a slide if a path is given."""
    if args.path is not None:
        require_slide_file(args.path)
    columns = _columns(args)
    open_app(args.path, columns, um_per_unit=args.um_per_unit, registered=args.registered, z_spacing=args.z_spacing)
    return 0


def require_slide_file(path: Path) -> None:
    """Check in no time that a path may be a slide; the app reads it in the background.

    Raises
    ------
    ConcertError
        If it is missing, of another kind, not HDF5, or a folder that lacks a part.
    """
    import h5py

    from napari_concert.io.spaceranger_files import find_outs, is_space_ranger

    if is_space_ranger(path):
        find_outs(path)
        return
    if not path.exists():
        raise ConcertError(f"There is no file {path}. Check the path.")
    if path.is_dir() or path.suffix not in (".h5ad", ".h5"):
        raise ConcertError(
            f"{path} is not a slide this app reads (.h5ad, .h5, a folder of Space Ranger). Save it as .h5ad first."
        )
    if not h5py.is_hdf5(path):
        raise ConcertError(f"{path} can't be read: it is damaged, or no HDF5 file. Copy or save it again.")


def _columns(args: Namespace) -> Columns | None:
    """Return the columns if any were given; only for them, and to find sections, must the slide be read here."""
    options = ColumnOptions.of(args)
    if args.path is None or (options.is_empty and args.z_spacing is None):
        return None
    from napari_concert.io import read

    slide = with_columns([read(args.path)], options)[0]
    in_space(slide, args.z_spacing)
    return None if options.is_empty else slide.columns


def open_app(
    path: Path | None,
    columns: Columns | None = None,
    *,
    um_per_unit: float | None,
    registered: bool | None,
    z_spacing: float | None = None,
) -> None:
    """Open the window, and return when it is closed.

    Raises
    ------
    ConcertError
        If there is no display, or no Qt.
    """
    require_display()
    try:
        from napari_concert.ui.plugin import launch

        launch(path, columns, um_per_unit=um_per_unit, registered=registered, z_spacing=z_spacing)
    except ImportError as error:
        raise ConcertError(
            f"The window can't be opened ({error}). Install Qt with: pip install 'napari-concert[pyside6]'."
        ) from error


def require_display() -> None:
    """Check for a display where Qt would end the process without one.

    Raises
    ------
    ConcertError
        If there is none.
    """
    has_display = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform.startswith("linux") and not has_display:
        raise ConcertError(
            "There is no display to open a window on. Run it on a desktop or under xvfb-run, "
            "or make a figure with: napari-concert demo --headless OUT.png."
        )
