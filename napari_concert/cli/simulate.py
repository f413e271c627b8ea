"""``napari-concert simulate``: slides with known truth."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_concert.cli.parser import at_least
from napari_concert.cli.paths import require_writable_file

if TYPE_CHECKING:
    from anndata import AnnData

    from napari_concert.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    about = "Write a simulated slide whose true answer to any painted patch is known."
    parser = commands.add_parser("simulate", help="a simulated slide with known truth", description=about)
    kinds = parser.add_subparsers(metavar="KIND", required=True, title="kinds")
    tumour = kinds.add_parser(
        "tumour", help="tumour nodules in three perturbations and control, in lung tissue", description=about
    )
    tumour.add_argument("out", metavar="OUT.h5ad", type=Path)
    tumour.add_argument("--seed", metavar="S", type=at_least(0), default=0, help="draws everything (default 0)")
    tumour.add_argument("--spots", metavar="N", type=at_least(1), default=1903, help="spots (default 1903)")
    tumour.add_argument("--genes", metavar="G", type=at_least(1), default=2000, help="genes (default 2000)")
    tumour.add_argument(
        "--family",
        metavar="NAME",
        help="a family of slides ('napari-concert simulate families'); the sample's by default",
    )
    tumour.set_defaults(run=run)
    _add_stroke(kinds)
    about = "List the families of slides, and what is varied in each."
    kinds.add_parser("families", help=about.lower().rstrip("."), description=about).set_defaults(run=run_families)


def _add_stroke(kinds: Commands) -> None:
    about = (
        "Write a registered stack of mouse-brain-like sections whose true answer to any painted lesion is known: half "
        "from a sham brain, half from one with an ischaemic core, whose effect spreads in the plane and through z."
    )
    parser = kinds.add_parser(
        "stroke", help="sections of a sham brain and of one with an ischaemic core", description=about
    )
    parser.add_argument("out", metavar="OUT.h5ad", type=Path)
    parser.add_argument("--seed", metavar="S", type=at_least(0), default=0, help="draws everything (default 0)")
    parser.add_argument(
        "--sections", metavar="N", type=at_least(2), default=8, help="sections, half of each brain (default 8)"
    )
    parser.add_argument("--spots", metavar="N", type=at_least(1), default=2400, help="spots a section (default 2400)")
    parser.add_argument("--genes", metavar="G", type=at_least(1), default=2000, help="genes (default 2000)")
    parser.set_defaults(run=run_stroke)


def run(args: Namespace) -> int:
    """Write a simulated tumour slide."""
    require_writable_file(args.out, (".h5ad",))
    from napari_concert.simulate import family, tumour

    recipe = family(args.family).recipe if args.family else None
    return _write(tumour(args.spots, args.genes, args.seed, recipe), args.out)


def run_stroke(args: Namespace) -> int:
    """Write a simulated stack of brain sections."""
    require_writable_file(args.out, (".h5ad",))
    from napari_concert.simulate import stroke

    return _write(stroke(args.sections, args.spots, args.genes, args.seed), args.out)


def _write(slide: AnnData, out: Path) -> int:
    from napari_concert.io import atomic_path

    with atomic_path(out) as scratch:
        slide.write_h5ad(scratch, compression="gzip")
    patch = int(slide.obs["what_if"].sum())
    print(f"{out}: {slide.n_obs:,} spots × {slide.n_vars:,} genes; obs what_if marks {patch} spots to paint.")
    return 0


def run_families(_args: Namespace) -> int:
    """Print the families' names."""
    from napari_concert.simulate import FAMILIES

    width = max(map(len, FAMILIES))
    print("\n".join(f"{name:<{width}}  {family.varies}" for name, family in FAMILIES.items()))
    return 0
