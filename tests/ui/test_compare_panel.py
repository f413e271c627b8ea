"""The Compare step by its buttons and list, and its cells on the canvas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

from napari_concert.prediction import GeneSet
from napari_concert.session import Session, View
from napari_concert.session.stack_view import StackMode
from napari_concert.slide import Slide
from napari_concert.ui.cell_grid import CELL
from napari_concert.ui.compare_layers import CompareLayers
from napari_concert.ui.compare_panel import HOW, NO_GENE, NOTHING, ComparePanel
from napari_concert.ui.layers import SlideLayers
from napari_concert.ui.measure import text_size


@pytest.fixture
def panel(painted: Session, show) -> ComparePanel:
    return show(ComparePanel(painted))


@pytest.fixture
def cells(viewer: ViewerModel, layers: SlideLayers, painted: Session) -> Iterator[CompareLayers]:
    found = CompareLayers(viewer, painted)
    yield found
    found.close()


@pytest.fixture
def stack(stack_slide: Slide, stack_model: Path) -> Iterator[Session]:
    """Return a session on a stack with a model and two kept what-ifs."""
    session = Session()
    session.add(stack_slide)
    session.load_model(stack_model)
    session.paint(np.arange(5))
    _keep_two(session)
    yield session
    session.close()


@pytest.fixture
def cells_of_stack(viewer: ViewerModel, stack: Session) -> Iterator[CompareLayers]:
    drawn = SlideLayers(viewer, stack)
    found = CompareLayers(viewer, stack)
    yield found
    found.close()
    drawn.close()


def _keep_two(session: Session) -> None:
    session.show_gene(session.model.genes[0])
    session.keep_what_if()
    session.grow(1.05 * session.slide.pitch)
    session.keep_what_if()
    QApplication.processEvents()


def test_an_empty_list_says_what_to_do_next(panel: ComparePanel, painted: Session) -> None:
    assert panel.hint.text() == NOTHING
    assert not panel.list.isVisible()
    assert panel.keep.isEnabled()
    painted.clear()
    assert not panel.keep.isEnabled()


def test_what_is_kept_is_listed_and_can_be_put_back(panel: ComparePanel, painted: Session, click) -> None:
    first = painted.painted.tolist()
    click(panel.keep)
    painted.clear()
    assert panel.hint.text() == HOW
    assert panel.list.topLevelItem(0).text(0) == "A"
    assert f"{len(first)} spots" in panel.list.topLevelItem(0).text(1)
    panel.list.setCurrentItem(panel.list.topLevelItem(0))
    click(panel.recall)
    assert painted.painted.tolist() == first
    panel.list.topLevelItem(0).setText(0, "the core")
    assert [kept.name for kept in painted.kept] == ["the core"]
    panel.list.setCurrentItem(panel.list.topLevelItem(0))
    click(panel.forget)
    assert painted.kept == ()


def test_side_by_side_needs_two(panel: ComparePanel, painted: Session, click) -> None:
    _keep_two(painted)
    panel.list.setCurrentItem(panel.list.topLevelItem(0))
    assert not panel.compare.isEnabled()
    panel.list.selectAll()
    click(panel.compare)
    assert len(painted.current.compared) == 2
    assert panel.state.text().startswith(f"Side by side: {painted.model.genes[0]}.")
    painted.show_column("tissue")
    assert panel.state.text() == NO_GENE
    painted.add_gene_sets(GeneSet("unheard", ("Unheard",)), GeneSet("two", painted.model.genes[:2]))
    painted.show_set("unheard")
    assert panel.state.text() == NO_GENE
    painted.show_set("two")
    assert panel.state.text().startswith("Side by side: two.")
    click(panel.end)
    assert painted.current.compared == ()


def test_cells_show_each_what_if_and_their_difference(
    cells: CompareLayers, painted: Session, viewer: ViewerModel
) -> None:
    _keep_two(painted)
    before = [layer.name for layer in viewer.layers]
    painted.show_view(View.CHANGE)
    painted.compare([0, 1])
    names = [cell.spots.name for cell in cells.cells]
    assert [name.partition(":")[0] for name in names] == ["A", "B", "B − A"]
    assert viewer.canvas.grid.enabled
    assert viewer.canvas.grid.stride == CELL
    assert [layer.visible for layer in viewer.layers if layer.name in before] == [False] * len(before)
    found = painted.comparison()
    for cell, (kept, _) in zip(cells.cells, found.shown, strict=False):
        assert len(cell.rings.data) == len(kept.what_if.rows)
    assert len(cells.cells[-1].rings.data) == 0
    painted.compare([])
    assert [layer.name for layer in viewer.layers] == before
    assert all(layer.visible for layer in viewer.layers)
    assert not viewer.canvas.grid.enabled


def test_where_all_four_cells_are_full_there_is_room_for_texts_below_them(
    cells: CompareLayers, painted: Session, layers: SlideLayers, viewer: ViewerModel
) -> None:
    _keep_two(painted)
    _keep_two(painted)
    viewer.canvas.size = (720, 640)
    painted.compare(range(4))
    QApplication.processEvents()
    texts = [text for text in (layers.text.caption, layers.text.banner) if text.visible]
    assert texts
    assert {str(text.position) for text in texts} == {"bottom_left"}
    tall = sum(text_size(text.text, text.font_size)[1] for text in texts)
    camera, below = viewer.scene.camera, cells.cells[-1].layout.points[:, 0].max()
    lowest = 720 / 4 + (below - camera.center[-2]) * camera.zoom  # in the lower right cell
    assert 720 / 2 - lowest > tall
    painted.compare([0, 1, 2])
    assert str(layers.text.caption.position) == "bottom_right"


def test_closing_the_slide_ends_the_comparison(cells: CompareLayers, painted: Session, viewer: ViewerModel) -> None:
    _keep_two(painted)
    painted.compare([0, 1])
    painted.close_slide()
    assert cells.cells == []
    assert not viewer.canvas.grid.enabled


def test_cells_have_short_names_and_the_picture_says_unit_and_caution_below(
    cells: CompareLayers, layers: SlideLayers, painted: Session
) -> None:
    _keep_two(painted)
    painted.compare([0, 1])
    gene = painted.colour.name
    assert [cell.spots.name for cell in cells.cells] == [f"A: {gene}", f"B: {gene}", f"B − A: {gene}"]
    assert layers.text.caption.text.splitlines()[0] == f"{gene}: log2 fold change"
    for text in (layers.text.banner, layers.text.caption):
        assert str(text.position) == "bottom_right", "where the fourth cell would be"
    painted.add_gene_sets(GeneSet("a set whose name is far too long for a cell", painted.model.genes[:2]))
    painted.show_set("a set whose name is far too long for a cell")
    assert cells.cells[0].spots.name == "A: a set whose name…"
    assert "mean of its 2 genes" in layers.text.caption.text.splitlines()
    painted.compare([])
    assert str(layers.text.banner.position) == "top_left"
    assert str(layers.text.caption.position) == "bottom_left"


def test_each_cell_names_the_section_that_it_shows(
    cells_of_stack: CompareLayers, stack: Session, viewer: ViewerModel
) -> None:
    stack.compare([0, 1])
    gene = stack.colour.name
    dims = viewer.dims

    def names() -> list[str]:
        return [cell.spots.name for cell in cells_of_stack.cells]

    heights = cells_of_stack.cells[0].layout.stack.heights
    for level in (0, 2):
        dims.set_point(dims.ndim - 3, heights[level])
        section = f"section {stack.levels.names[level]}"
        assert names() == [f"{name}: {section}" for name in ("A", "B", "B − A")]
    stack.show_stack(mode=StackMode.GRID)
    assert names() == [f"{name}: {gene}" for name in ("A", "B", "B − A")]
    stack.show_stack(mode=StackMode.ONE)
    assert "section" in names()[0]
    stack.compare([])
    dims.set_point(dims.ndim - 3, heights[0])
    assert names() == []
