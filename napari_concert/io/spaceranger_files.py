"""Where the parts of a Space Ranger folder lie, in all its versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from napari_concert.errors import ConcertError
from napari_concert.slide.image import SIZES

MATRIX = "filtered_feature_bc_matrix"
POSITIONS = ("tissue_positions.parquet", "tissue_positions.csv", "tissue_positions_list.csv")
CLUSTERS = (
    "analysis/clustering/gene_expression_graphclust/clusters.csv",
    "analysis/clustering/graphclust/clusters.csv",
)
BINS = "binned_outputs"  # Visium HD
BEST_BIN = "square_008um"  # what 10x itself analyses: of finer bins most are nearly empty
PLAIN = ("outs", BINS)  # names of folders that say nothing of the sample


@dataclass(frozen=True)
class Outs:
    """The parts of a folder.

    Attributes
    ----------
    name
        Of the sample, by its folder.
    matrix
        The counts: an .h5, or a folder with an .mtx.
    positions, factors, clusters
        The list of spots, the scale factors, Space Ranger's own clusters; None where there are none.
    images
        Files by name: "hires", "lowres".
    notes
        What the user should know of the choice.
    """

    name: str
    matrix: Path
    positions: Path
    factors: Path | None
    clusters: Path | None
    images: dict[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def is_space_ranger(path: Path) -> bool:
    """Tell in no time whether a path may be a folder of Space Ranger, or the matrix file of one."""
    if path.is_dir():
        return any(_is_outs(folder) or (folder / BINS).is_dir() for folder in (path, path / "outs"))
    return _is_matrix_file(path) and (path.parent / "spatial").is_dir()


def find_outs(path: Path) -> Outs:
    """Return the parts of a Space Ranger folder.

    Parameters
    ----------
    path
        The ``outs`` folder, the sample's folder that holds it, a folder of Visium HD bins, or a matrix file.

    Raises
    ------
    ConcertError
        If the path is missing, or the matrix or the list of spots is.
    """
    if not path.exists():
        raise ConcertError(f"There is no folder {path}. Check the path.")
    notes: tuple[str, ...] = ()
    folder = (path if path.is_dir() else path.parent).resolve()
    if not _is_outs(folder) and (_is_outs(folder / "outs") or (folder / "outs" / BINS).is_dir()):
        folder = folder / "outs"
    if not _is_outs(folder) and (folder / BINS).is_dir():
        folder = folder / BINS
    if not _is_outs(folder) and any(map(_is_outs, folder.glob("square_*um"))):
        folder, notes = _best_bin(folder)
    matrix = path if _is_matrix_file(path) else _matrix_in(folder)
    return _parts(folder, matrix, notes)


def _parts(folder: Path, matrix: Path | None, notes: tuple[str, ...]) -> Outs:
    spatial = folder / "spatial"
    positions = _first(spatial / name for name in POSITIONS)
    if matrix is None:
        raise ConcertError(
            f"{folder} has no {MATRIX}.h5 and no folder {MATRIX}. Open the folder 'outs' that Space Ranger wrote, or "
            "an .h5ad."
        )
    if positions is None:
        raise ConcertError(
            f"{folder} does not say where the spots are: there is no {POSITIONS[1]} in its folder 'spatial' "
            f"(nor {POSITIONS[2]}, nor {POSITIONS[0]}). Copy Space Ranger's folder 'spatial' beside {matrix.name}."
        )
    images = {name: spatial / f"tissue_{name}_image.png" for name in SIZES}
    return Outs(
        name=_name(folder),
        matrix=matrix,
        positions=positions,
        factors=_first([spatial / "scalefactors_json.json"]),
        clusters=_first(folder / name for name in CLUSTERS),
        images={name: image for name, image in images.items() if image.is_file()},
        notes=notes,
    )


def _best_bin(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Return the folder of the 8 µm bins, else of the coarsest ones, and a note on the others."""
    bins = sorted((each for each in folder.glob("square_*um") if _is_outs(each)), key=lambda each: each.name)
    chosen = next((each for each in bins if each.name == BEST_BIN), bins[-1])
    others = ", ".join(each.name for each in bins if each != chosen)
    note = f"{chosen.name} is read. For other bins open their own folder: {others}." if others else ""
    return chosen, (note,) if note else ()


def _is_outs(folder: Path) -> bool:
    return (folder / "spatial").is_dir() or _matrix_in(folder) is not None


def _matrix_in(folder: Path) -> Path | None:
    """Return the counts of a folder; the file's name may begin with the sample's, as in 10x' own downloads."""
    plain = _first([folder / f"{MATRIX}.h5"])
    if plain is not None or not folder.is_dir():
        return plain
    named = sorted(folder.glob(f"*_{MATRIX}.h5"))
    if len(named) == 1:
        return named[0]
    table = folder / MATRIX
    return table if table.is_dir() else None


def _is_matrix_file(path: Path) -> bool:
    return path.name.endswith("feature_bc_matrix.h5") and path.is_file()


def _name(folder: Path) -> str:
    """Return the sample's name: that of the innermost folder that was not named by Space Ranger."""
    named = [part for part in folder.parts if part not in PLAIN and not part.startswith("square_")]
    name = named[-1] if len(named) > 1 else folder.name
    return f"{name} {folder.name}" if folder.name.startswith("square_") and name != folder.name else name


def _first(paths: Iterable[Path]) -> Path | None:
    return next((path for path in paths if path.is_file()), None)
