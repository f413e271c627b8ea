"""Maps: where spots lie, how large they are, and which way is up."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle

from napari_concert import figures
from napari_concert.figures.maps import length_text, round_length
from napari_concert.figures.style import MISSING


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_y_points_down_and_the_axes_are_equal(ax, slide):
    figures.spot_map(ax, slide, slide.gene("Up"))
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert ax.get_aspect() == 1.0
    assert not ax.axison


def test_spots_have_their_true_size_in_data_units(ax, slide):
    spots = figures.spot_map(ax, slide, slide.gene("Up"))
    assert spots.get_widths() == pytest.approx(np.full(slide.n_spots, slide.spot_diameter))
    assert spots.get_widths() == pytest.approx(spots.get_heights())
    np.testing.assert_allclose(spots.get_offsets(), slide.coords)
    FigureCanvasAgg(ax.figure).draw()
    radius = spots.get_transform().transform(spots.get_transforms()[0][:2, 0])[0]
    across = ax.transData.transform([(slide.spot_diameter, 0)]) - ax.transData.transform([(0, 0)])
    assert 2 * radius == pytest.approx(across[0, 0], rel=1e-6)


def test_missing_values_are_grey(ax, slide):
    values = slide.gene("Up")
    values[:7] = np.nan
    spots = figures.spot_map(ax, slide, values)
    others = [c for c in ax.collections if isinstance(c, EllipseCollection) and c is not spots]
    assert len(spots.get_offsets()) == slide.n_spots - 7
    assert len(others[0].get_offsets()) == 7
    assert tuple(others[0].get_facecolor()[0]) == to_rgba(MISSING)


def test_limits_are_percentiles_unless_given(ax, slide):
    values = slide.gene("Up")
    assert figures.spot_map(ax, slide, values).get_clim() == pytest.approx(np.percentile(values, (1, 99)))
    assert figures.spot_map(ax, slide, values, limits=(-1, 3)).get_clim() == (-1, 3)


def test_a_patch_is_outlined_and_named(ax, slide, patch):
    figures.spot_map(ax, slide, slide.gene("Up"), outlines=[patch.spots, [0]], names=["lesion"])
    outlines = [p for p in ax.patches if isinstance(p, PathPatch)]
    assert len(outlines) == 2
    inside = outlines[0].get_path().contains_points(slide.coords)
    np.testing.assert_array_equal(np.flatnonzero(inside), patch.spots)
    assert "lesion" in [text.get_text() for text in ax.texts]


def test_a_patch_of_two_parts_has_two_outlines(ax, slide):
    figures.spot_map(ax, slide, slide.gene("Up"), outlines=[[0, 399]])
    assert len(ax.patches) == 2


def test_the_scale_bar_has_a_round_length_and_its_unit(ax, slide):
    figures.spot_map(ax, slide, slide.gene("Up"))
    (bar,) = ax.lines
    assert np.ptp(bar.get_xdata()) == 500
    assert ax.texts[-1].get_text() == "500 µm"


@pytest.mark.parametrize(("longest", "length"), [(475, 200), (500, 500), (1999, 1000), (0.3, 0.2), (7, 5)])
def test_round_lengths(longest, length):
    assert round_length(longest) == pytest.approx(length)


def test_lengths_in_words():
    assert length_text(500, "µm") == "500 µm"
    assert length_text(2000, "µm") == "2 mm"
    assert length_text(2000, "units") == "2000 units"


def test_a_colour_bar_says_what_it_shows(ax, slide):
    figures.spot_map(ax, slide, slide.gene("Up"), label="counts")
    (beside,) = ax.child_axes
    assert beside.get_ylabel() == "counts"


def test_overlapping_sections_lie_side_by_side(make_slide):
    slide = make_slide(sections=3)
    layout = figures.lay_out(slide)
    assert [name for name, _ in layout.sections] == ["S1", "S2", "S3"]
    boxes = [box for _, box in layout.sections]
    for i, (low, high) in enumerate(boxes):
        for b_low, b_high in boxes[i + 1 :]:
            assert (high < b_low).any() or (b_high < low).any()
    first, third = layout.points[:400], layout.points[800:]
    np.testing.assert_allclose(first - first[0], third - third[0])


def test_names_of_sections_stand_clear_of_the_title(ax, make_slide):
    slide = make_slide(sections=3)
    figures.spot_map(ax, slide, slide.gene("Up"), title="observed")
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    title = ax._left_title.get_window_extent(renderer)
    named = [text for text in ax.texts if text.get_text() in {"S1", "S2", "S3"}]
    assert len(named) == 3
    assert all(text.get_window_extent(renderer).y1 < title.y0 for text in named)


@pytest.mark.parametrize("raised", [-6.0, 0.0, 3.0, 8.0])
@pytest.mark.parametrize("section", [0, 2])
def test_no_name_of_a_section_lies_on_the_frame_of_a_close_up(ax, make_slide, section, raised):
    slide = make_slide(sections=3)
    layout = figures.lay_out(slide)
    low, high = layout.sections[section][1]
    frame = low - [0.0, raised], low + 0.6 * (high - low)
    figures.spot_map(ax, slide, slide.gene("Up"), title="observed", layout=layout, close_up=frame)
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    (dashed,) = (patch for patch in ax.patches if isinstance(patch, Rectangle))
    assert not dashed.get_clip_on(), "all of it is seen at the map's edge"
    drawn = dashed.get_window_extent(renderer)
    names = [text.get_window_extent(renderer) for text in ax.texts if text.get_text() in {"S1", "S2", "S3"}]
    near = [name for name in names if name.x0 < drawn.x1 and name.x1 > drawn.x0]
    assert near
    assert all(name.y0 > drawn.y1 or name.y1 < drawn.y1 for name in near)
    assert all(name.y1 < ax._left_title.get_window_extent(renderer).y0 for name in names)


def test_sections_in_depth_lie_side_by_side(make_slide):
    from napari_concert.io.slides import from_anndata

    table = make_slide(sections=2).adata.copy()
    table.obsm["spatial"] = np.column_stack([table.obsm["spatial"], np.repeat([0.0, 16.0], 400)])
    del table.obs["section"]
    layout = figures.lay_out(from_anndata(table))
    assert [name for name, _ in layout.sections] == ["z = 0 µm", "z = 16 µm"]
    assert len(np.unique(layout.points, axis=0)) == 800


def test_one_section_stays_where_it_is(slide):
    np.testing.assert_allclose(figures.lay_out(slide).points, slide.coords)


def test_spots_without_coordinates_are_left_out(ax, make_slide):
    from napari_concert.io.slides import from_anndata

    table = make_slide().adata.copy()
    table.obsm["spatial"][3] = np.nan
    slide = from_anndata(table)
    spots = figures.spot_map(ax, slide, slide.gene("Up"), outlines=[[3]])
    assert len(spots.get_offsets()) == 399
    assert not ax.patches


def test_a_window_keeps_the_shape_and_stays_on_the_slide(slide):
    layout = figures.lay_out(slide)
    low, high = layout.window([0, 1], 300.0)
    assert (low >= layout.box[0] - 1e-9).all()
    assert (high[1] - low[1]) / (high[0] - low[0]) == pytest.approx(layout.aspect)
    assert layout.window([0, 399], 300.0) is None
    assert layout.window([], 300.0) is None
