"""A stack in a slide's file, and stacks of several files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData, read_h5ad

from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata, read, read_stack, write_registered
from napari_concert.io.stacks import KEY, REGISTERED
from napari_concert.slide import Columns, Rigid, Slide, Stack

New = Callable[..., AnnData]
STACK = Stack(("b", "a"), (0.0, 12.5), {"a": Rigid(30, (5.0, -7.5), mirrored=True)})


@pytest.fixture
def stacked(new_adata: New) -> Slide:
    adata = new_adata()
    adata.obs["slab"] = ["a"] * 30 + ["b"] * 34
    return from_anndata(adata, columns=Columns(section="slab")).with_stack(STACK).with_registered(True)


def test_a_stack_comes_back_from_its_file(stacked: Slide, tmp_path: Path) -> None:
    write_registered(tmp_path / "stack.h5ad", stacked)
    back = read(tmp_path / "stack.h5ad")
    assert back.stack == STACK
    assert back.columns.section == "slab"
    assert back.registered
    np.testing.assert_array_equal(back.coords, stacked.coords)
    np.testing.assert_array_equal(back.raw_coords, stacked.raw_coords)
    assert back.fingerprint == stacked.fingerprint
    assert KEY not in stacked.adata.uns


def test_other_tools_find_registered_positions(stacked: Slide, tmp_path: Path) -> None:
    write_registered(tmp_path / "stack.h5ad", stacked)
    table = read_h5ad(tmp_path / "stack.h5ad")
    np.testing.assert_array_equal(table.obsm["spatial"], stacked.raw_coords)
    np.testing.assert_array_equal(table.obsm[REGISTERED], stacked.coords)
    assert json.loads(table.uns[KEY])["order"] == ["b", "a"]


def test_units_that_the_user_set_are_written_too(stacked: Slide, tmp_path: Path) -> None:
    chosen = stacked.with_um_per_unit(2.0)
    write_registered(tmp_path / "stack.h5ad", chosen)
    back = read(tmp_path / "stack.h5ad")
    assert back.units.um_per_unit == 2.0
    np.testing.assert_allclose(back.coords, chosen.coords)


def test_what_the_caller_says_goes_before_the_file(stacked: Slide, tmp_path: Path) -> None:
    write_registered(tmp_path / "stack.h5ad", stacked)
    path = tmp_path / "stack.h5ad"
    assert not read(path, registered=False).registered
    assert read(path, registered=False).stack == STACK
    assert read(path, columns=Columns()).stack is None
    assert read(path, columns=Columns(section="slab")).stack == STACK


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"section": "nowhere"}', "[1]", json.dumps({"section": "slab"})])
def test_a_damaged_stack_is_noted_and_the_slide_read(stacked: Slide, text: str) -> None:
    adata = stacked.adata.copy()
    adata.uns[KEY] = text
    slide = from_anndata(adata)
    assert slide.stack is None
    assert any(KEY in note for note in slide.notes)


def test_a_slide_without_a_stack_is_not_written(slide: Slide, tmp_path: Path) -> None:
    with pytest.raises(ConcertError, match="register"):
        write_registered(tmp_path / "stack.h5ad", slide)
    assert not list(tmp_path.iterdir())


# -- several files ----------------------------------------------------------------------------------------------------


@pytest.fixture
def files(new_adata: New, tmp_path: Path) -> Callable[..., list[Path]]:
    """Write slides as low.h5ad, high.h5ad … after a change of each."""

    def written(*changes: Callable[[AnnData], object], **uns: object) -> list[Path]:
        paths = [tmp_path / f"{name}.h5ad" for name in ("low", "high", "top")[: len(changes)]]
        for path, change in zip(paths, changes, strict=True):
            adata = new_adata(**uns)
            change(adata)
            adata.write_h5ad(path)
        return paths

    return written


def as_is(_adata: AnnData) -> None:
    pass


def test_files_become_sections_under_their_names(files: Callable[..., list[Path]]) -> None:
    slide = read_stack(files(as_is, as_is, spatial_units="um"))
    assert slide.n_spots == 128
    assert slide.columns.section == "section"
    assert set(slide.sections) == {"low", "high"}
    assert slide.units.name == "µm"
    assert slide.spot_names.is_unique
    assert slide.columns.perturbation == "perturbation"
    first = read(files(as_is)[0])
    np.testing.assert_array_equal(slide.counts[:64].toarray(), first.counts.toarray())
    np.testing.assert_array_equal(slide.raw_coords[64:], first.raw_coords)


def test_a_stack_of_files_can_be_written_and_read(files: Callable[..., list[Path]], tmp_path: Path) -> None:
    def odd(adata: AnnData) -> None:
        adata.obs["only here"] = ["x", None] * 32
        adata.obs["perturbation"] = adata.obs["perturbation"].cat.rename_categories({"Jak2": "Tgfbr2"})

    slide = read_stack(files(as_is, odd)).with_stack(Stack.spaced(("low", "high"), 10.0))
    write_registered(tmp_path / "out.h5ad", slide)
    back = read(tmp_path / "out.h5ad")
    assert back.stack == slide.stack
    assert set(back.states) == {"control", "Jak2", "Tgfbr2"}
    assert set(back.labels("only here")) == {"x", None}


def test_only_shared_genes_stay(files: Callable[..., list[Path]]) -> None:
    def fewer(adata: AnnData) -> None:
        adata.var_names = ["other", *adata.var_names[1:]]

    slide = read_stack(files(as_is, fewer))
    assert list(slide.genes) == [f"Gene{i}" for i in range(1, 12)]
    assert any("2 genes" in note for note in slide.notes)


def test_units_are_made_equal(files: Callable[..., list[Path]]) -> None:
    def in_mm(adata: AnnData) -> None:
        adata.obsm["spatial"] = adata.obsm["spatial"] / 1000
        adata.uns["spatial_units"] = "mm"

    slide = read_stack(files(as_is, in_mm, spatial_units="um"))
    np.testing.assert_allclose(slide.coords[64:], slide.coords[:64])


def test_sections_of_a_files_own_keep_their_names(files: Callable[..., list[Path]]) -> None:
    def two(adata: AnnData) -> None:
        adata.obs["slice"] = ["one"] * 30 + ["two"] * 34

    assert set(read_stack(files(two, as_is)).sections) == {"one", "two", "high"}
    assert set(read_stack(files(two, two)).sections) == {"low one", "low two", "high one", "high two"}


def test_files_that_do_not_fit_are_refused(files: Callable[..., list[Path]]) -> None:
    def unlike(adata: AnnData) -> None:
        adata.var_names = [f"other{i}" for i in range(12)]

    def in_um(adata: AnnData) -> None:
        adata.uns["spatial_units"] = "um"

    def pixels(adata: AnnData) -> None:
        adata.obsm["spatial"] = adata.obsm["spatial"] * 3

    with pytest.raises(ConcertError, match="No gene"):
        read_stack(files(as_is, unlike))
    with pytest.raises(ConcertError, match="low"):
        read_stack(files(as_is, in_um))
    with pytest.raises(ConcertError, match="units differ"):
        read_stack(files(as_is, pixels))
    with pytest.raises(ConcertError, match="No file"):
        read_stack([])
