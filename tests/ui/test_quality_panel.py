"""The QC step by its buttons and tables, and the hidden spots on the canvas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_concert.evaluate.quality import LIGHTS, SEEN, Hiding, held, verdict
from napari_concert.jobs import Jobs
from napari_concert.session import Session, View
from napari_concert.session.checking import NO_MODEL, NO_SLIDE, NOTHING_PAINTED
from napari_concert.session.hidden_spots import Look
from napari_concert.slide import Slide
from napari_concert.ui.arranger import Arranger
from napari_concert.ui.brush_tool import BrushTool
from napari_concert.ui.coverage_plot import NOTHING, CoveragePlot
from napari_concert.ui.hidden_layers import RING, HiddenLayers
from napari_concert.ui.hiding_form import HidingForm
from napari_concert.ui.layers import SlideLayers
from napari_concert.ui.light_table import DECORATION, GENES, LightTable
from napari_concert.ui.quality_panel import QualityPanel
from napari_concert.ui.quality_tables import NO_LABELS
from napari_concert.ui.threads import MainThread

FEW = Hiding("random", share=0.06)


@pytest.fixture
def panel(opened: Session, show) -> QualityPanel:
    made = show(QualityPanel(opened))
    made.resize(430, 900)
    return made


@pytest.fixture
def checked(trained: Session) -> Session:
    trained.check(FEW)
    return trained


@pytest.fixture
def hidden(viewer: ViewerModel, layers: SlideLayers, brush: BrushTool, checked: Session) -> Iterator[HiddenLayers]:
    made = HiddenLayers(viewer, checked, layers, brush)
    yield made
    made.close()


def click_row(table: LightTable, row: int) -> None:
    rect = table.visualRect(table.genes.index(row, 0))
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, rect.center())


def _names(viewer: ViewerModel) -> list[tuple[int, str]]:
    return [(index, layer.name) for index, layer in enumerate(viewer.layers)]


# -- asking -----------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_said_beside_the_button(panel: QualityPanel, opened: Session, model_folder: Path) -> None:
    assert panel.why.text() == NO_MODEL
    assert not panel.start.isEnabled()
    opened.load_model(model_folder)
    assert panel.why.text() == ""
    assert panel.start.isEnabled()
    panel.hiding.choose("painted")
    assert panel.why.text() == NOTHING_PAINTED
    assert not panel.start.isEnabled()
    opened.paint([3, 4, 5])
    assert panel.hiding.painted.text() == "3 spots painted"
    assert panel.start.isEnabled()
    opened.close_slide()
    assert panel.why.text() == NO_SLIDE


def test_the_form_gives_the_one_number_that_a_way_needs(trained: Session, show, choose) -> None:
    form = show(HidingForm(trained))
    assert form.value() == Hiding("holes")
    form.hole.setValue(12)
    assert form.value() == Hiding("holes", hole=12)
    choose(form.way, "Single spots at random")
    form.share.setValue(25)
    assert form.needs.currentWidget() is form.share
    assert form.value() == Hiding("random", share=0.25, hole=12)
    form.choose("stripe")
    form.width.setValue(2.5)
    assert form.value().width == 2.5
    assert not form.way.model().item(form.way.findData("section")).isEnabled()


def test_a_stack_offers_its_sections(stack_slide: Slide, stack_model: Path, show) -> None:
    session = Session()
    session.add(stack_slide)
    form = show(HidingForm(session))
    form.choose("section")
    form.section.setCurrentText("s2")
    assert form.value() == Hiding("section", section="s2")
    session.close_slide()
    assert form.value().scheme == "holes"
    session.close()


def test_training_anew_says_what_it_costs(panel: QualityPanel, trained: Session, click) -> None:
    assert panel.cost.isHidden()
    panel.anew.click()
    assert "as long as training did: " in panel.cost.text()
    assert panel.cost.isVisible()


# -- found ------------------------------------------------------------------------------------------------------------


def test_three_clicks_to_a_gene(panel: QualityPanel, trained: Session, click) -> None:
    panel.hiding.choose("random")
    click(panel.start)
    check = trained.checked
    assert panel.verdict.text() == verdict(check)
    assert panel.caution.text() == SEEN
    assert panel.tables.isVisible()
    click_row(panel.tables.genes, 0)
    assert trained.look is Look.MAPS
    assert trained.colour.name == panel.tables.genes.genes.name(0)
    assert panel.looks.value is Look.MAPS
    click(panel.looks.buttons[Look.Z])
    assert trained.look is Look.Z
    click(panel.looks.buttons[Look.SLIDE])
    assert trained.look is Look.SLIDE
    trained.look_at(Look.Z)
    trained.show_column("tissue")
    assert panel.hint.isVisible()


def test_genes_are_sorted_by_light_and_filtered(panel: QualityPanel, checked: Session, click) -> None:
    table = panel.tables.genes
    lights = table.shown_rows()["light"].tolist()
    assert lights == sorted(lights, key=LIGHTS.index)
    assert len(lights) == len(checked.checked.quality.genes)
    panel.tables.only_green.setChecked(True)
    assert set(table.shown_rows()["light"]) <= {"green"}
    assert len(table.shown_rows()) == lights.count("green")
    panel.tables.only_green.setChecked(False)
    name = table.genes.name(2)
    panel.tables.filter.setText(name)
    assert name in table.shown_rows().index
    panel.tables.filter.setText("no such gene")
    assert table.genes.rowCount() == 0
    assert "No gene passes" in table.nothing


def test_a_light_is_a_dot_and_a_word(panel: QualityPanel, checked: Session) -> None:
    model = panel.tables.genes.genes
    cell = model.index(0, [column.title for column in GENES].index("light"))
    word, dot = model.data(cell), model.data(cell, DECORATION)
    assert word in LIGHTS
    assert not dot.isNull()
    assert model.data(model.index(0, 0), DECORATION) is None
    assert word in model.data(cell, Qt.ItemDataRole.ToolTipRole)


def test_regions_by_any_column_of_labels(panel: QualityPanel, checked: Session, click, choose) -> None:
    click(panel.tables.parts.buttons["regions"])
    regions = panel.tables.regions
    assert panel.tables.by.currentText() == "tissue"
    assert set(regions.shown_rows().index) <= set(checked.slide.tissues)
    assert regions.shown_rows()["spots"].sum() == len(checked.checked.quality.spots)


def test_a_slide_without_labels_has_no_regions(session: Session, new_slide, grid, show, keep_model) -> None:
    session.add(new_slide(grid(12), {}))
    session.load_model(keep_model(session.slide))
    session.check(Hiding("random", share=0.1))
    panel = show(QualityPanel(session))
    panel.tables.parts.choose("regions")
    assert panel.tables.regions.nothing == NO_LABELS
    assert panel.tables.regions.genes.rowCount() == 0


def test_intervals_are_drawn_and_told(panel: QualityPanel, checked: Session, click) -> None:
    click(panel.tables.parts.buttons["intervals"])
    quality = checked.checked.quality
    assert panel.tables.held.text() == held(quality)
    assert panel.tables.calibration.text() == checked.checked.calibration
    names = [line.get_label() for line in panel.tables.coverage.axes.get_lines()]
    assert names[1:] == ["right, whole counts", "held", "held (PIT)"]
    panel.tables.counts.setCurrentIndex(1)
    panel.tables.counts.activated.emit(1)
    name = panel.tables.counts.currentData()
    rows = quality.coverage[quality.coverage["expected_counts"] == name]
    drawn = panel.tables.coverage.axes.get_lines()[2].get_ydata()
    np.testing.assert_allclose(drawn, 100 * rows["held"])
    checked.model = None
    checked.model_changed.emit()
    assert not panel.tables.isVisible()


def test_an_empty_plot_says_what_to_do(show) -> None:
    plot = show(CoveragePlot())
    assert plot.axes.texts[0].get_text() == NOTHING


def test_progress_and_cancel(tiny: Slide, model_folder: Path, show, click, qtbot) -> None:
    session = Session(jobs=Jobs(deliver=MainThread()))
    session.add(tiny)
    qtbot.waitUntil(lambda: session.slide is not None)
    session.load_model(model_folder)
    qtbot.waitUntil(lambda: session.model is not None)
    panel = show(QualityPanel(session))
    panel.anew.setChecked(True)
    click(panel.start)
    assert panel.cancel.isVisible()
    assert not panel.start.isEnabled()
    qtbot.waitUntil(lambda: "epoch" in panel.doing.text(), timeout=30_000)
    click(panel.cancel)
    assert panel.doing.text().startswith("Cancelling")
    assert not panel.cancel.isEnabled()
    qtbot.waitUntil(lambda: session.checking is None, timeout=30_000)
    assert panel.cancel.isHidden() or not panel.cancel.isVisible()
    assert panel.start.isEnabled()
    assert session.checked is None
    session.close()


def test_export_writes_a_folder(
    panel: QualityPanel, checked: Session, click, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "qc"), ""))
    click(panel.export)
    assert json.loads((tmp_path / "qc" / "summary.json").read_text())["hiding"]["scheme"] == "random"


# -- on the canvas ----------------------------------------------------------------------------------------------------


def test_three_cells_on_one_scale_and_a_way_back(hidden: HiddenLayers, checked: Session, viewer: ViewerModel) -> None:
    before = {layer.name: layer.visible for layer in viewer.layers}
    gene = checked.model.genes[0]
    checked.show_hidden(gene)
    QApplication.processEvents()
    names = [cell.spots.name for cell in hidden.grid.cells]
    assert names == [f"{name}: {gene}" for name in ("observed", "predicted", "error")]
    assert viewer.canvas.grid.enabled
    observed, predicted, error = (cell.spots for cell in hidden.grid.cells)
    assert observed.face_contrast_limits == predicted.face_contrast_limits
    assert error.face_contrast_limits[0] == -error.face_contrast_limits[1]
    rows = checked.checked.quality.hidden.rows
    values = observed.features["value"].to_numpy()
    assert np.isfinite(values).sum() == len(rows)
    assert hidden.layers.text.caption.text.startswith(f"{len(rows)} hidden spots")
    checked.show_view(View.OBSERVED)
    assert hidden.grid.cells == []
    assert not viewer.canvas.grid.enabled
    assert {layer.name: layer.visible for layer in viewer.layers} == before
    assert viewer.layers.selection.active is hidden.layers.scene.spots


def test_z_is_centred_and_its_spots_are_ringed(hidden: HiddenLayers, checked: Session) -> None:
    checked.show_gene(checked.model.genes[0])
    checked.look_at(Look.Z)
    (cell,) = hidden.grid.cells
    assert cell.spots.face_contrast_limits == (-3.0, 3.0)
    assert len(cell.rings.data) == len(checked.checked.quality.hidden.rows)
    np.testing.assert_allclose(cell.rings.face_color[0], RING, atol=1e-6)


def test_hovering_says_what_was_counted_and_expected(hidden: HiddenLayers, checked: Session) -> None:
    gene = checked.model.genes[0]
    checked.show_hidden(gene)
    cell, row = hidden.grid.cells[2], int(checked.checked.quality.hidden.rows[0])
    position = cell.layout.points[row]
    lines = cell.spots.get_lines(position, view_direction=None, dims_displayed=[0, 1], world=True)
    assert lines[0] == f"spot {checked.slide.spot_names[row]}"
    assert lines[1].startswith(f"{gene}: ")
    assert lines[-1].startswith("z ")


def test_a_tool_in_hand_shows_the_slide(hidden: HiddenLayers, checked: Session) -> None:
    checked.show_hidden(checked.model.genes[0])
    assert not hidden.brush.active
    hidden.brush.set_active(True)
    assert checked.look is Look.SLIDE
    assert hidden.brush.active


def test_another_canvas_colour_and_closing_the_slide(
    hidden: HiddenLayers, checked: Session, viewer: ViewerModel
) -> None:
    checked.show_hidden(checked.model.genes[0])
    viewer.canvas.background_color_override = "white"
    assert len(hidden.grid.cells) == 3
    checked.close_slide()
    assert hidden.grid.cells == []
    assert not list(viewer.layers)


def test_a_stack_turns_to_the_section_that_was_hidden(
    viewer: ViewerModel, stack_slide: Slide, stack_model: Path
) -> None:
    session = Session()
    session.add(stack_slide)
    session.load_model(stack_model)
    layers = SlideLayers(viewer, session)
    brush = BrushTool(viewer, layers, session)
    made, arranger = HiddenLayers(viewer, session, layers, brush), Arranger(viewer, session, layers)
    session.check(Hiding("section", section="s1"))
    assert session.checked is not None
    session.show_hidden(session.model.genes[0])
    assert made.grid.cells[0].spots.name == "observed: section s1"
    places = {name: viewer.canvas.grid.position(index, viewer.layers) for index, name in _names(viewer)}
    for cell in made.grid.cells:  # rings lie on their spots, however many layers the slide itself has
        assert places[cell.spots.name] == places[cell.rings.name] != (-1, -1)
    for part in (made, arranger, brush, layers, session):
        part.close()
