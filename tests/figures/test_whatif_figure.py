"""The figure of a what-if: its panels, their limits, and its words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

from napari_concert import figures
from napari_concert.errors import UnknownName
from napari_concert.patches import Patch


def panel(figure: Figure, title: str):
    return next(ax for ax in figure.axes if ax.get_title(loc="left").startswith(title))


def spots_of(figure: Figure, title: str) -> EllipseCollection:
    return next(c for c in panel(figure, title).collections[::-1] if c.get_array() is not None)


def words_of(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts)


@pytest.mark.parametrize(
    ("with_truth", "baseline", "count"), [(False, False, 7), (False, True, 8), (True, False, 8), (True, True, 9)]
)
def test_panels(slide, prediction, truth, with_truth, baseline, count):
    figure = figures.whatif_figure(slide, prediction, "Up", truth=truth if with_truth else None, baseline=baseline)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert len(titles) == count
    assert ("baseline (denoised)" in titles) == baseline
    assert ("true change (simulated)" in titles) == with_truth
    assert {"observed", "predicted", "predicted change", "uncertainty", "Up by distance"} <= set(titles)


def test_panels_do_not_overlap_and_stay_on_the_sheet(slide, prediction, truth):
    for more in ({"truth": truth}, {}, {"baseline": False}):
        figure = figures.whatif_figure(slide, prediction, "Up", **more)
        FigureCanvasAgg(figure).draw()
        sheet = figure.bbox
        boxes = [ax.get_tightbbox() for ax in figure.axes]
        boxes += [text.get_window_extent() for text in figure.texts]
        for box in boxes:
            assert sheet.x0 <= box.x0
            assert box.x1 <= sheet.x1
            assert sheet.y0 <= box.y0
            assert box.y1 <= sheet.y1
        for one, other in itertools.combinations(boxes, 2):
            assert not one.overlaps(other)


def test_levels_share_their_limits(slide, prediction):
    figure = figures.whatif_figure(slide, prediction, "Up")
    limits = {spots_of(figure, title).get_clim() for title in ("observed", "baseline", "predicted")}
    assert len(limits) == 1


def test_changes_are_centred_at_zero_and_share_their_limits(slide, prediction, truth):
    figure = figures.whatif_figure(slide, prediction, "Down", truth=truth)
    low, high = spots_of(figure, "predicted change").get_clim()
    assert low == -high
    assert high == pytest.approx(1.1, rel=0.01)
    assert spots_of(figure, "true change").get_clim() == (low, high)
    assert spots_of(figure, "uncertainty").get_clim()[0] == 0


def test_unreached_spots_show_no_change(slide, prediction):
    figure = figures.whatif_figure(slide, prediction, "Up", close_up=None)
    shown = np.asarray(spots_of(figure, "predicted change").get_array())
    np.testing.assert_array_equal(shown == 0, ~prediction.reach)


def test_a_gene_that_does_not_change_still_has_a_figure(slide, prediction):
    low, high = spots_of(figures.whatif_figure(slide, prediction, "Still"), "predicted change").get_clim()
    assert low < 0 < high


def test_the_patch_is_outlined_on_every_map(slide, prediction):
    figure = figures.whatif_figure(slide, prediction, "Up")
    for title in ("observed", "baseline", "predicted", "predicted change", "uncertainty"):
        assert any(isinstance(patch, PathPatch) for patch in panel(figure, title).patches)
        bottom, top = panel(figure, title).get_ylim()
        assert bottom > top


def test_the_close_up_is_framed_on_the_maps_of_levels(slide, prediction):
    figure = figures.whatif_figure(slide, prediction, "Up", close_up=3)
    assert len(panel(figure, "observed").patches) == 2
    assert len(spots_of(figure, "predicted change").get_offsets()) < slide.n_spots
    assert len(spots_of(figure, "observed").get_offsets()) == slide.n_spots


def test_words_say_what_is_asked_and_what_it_means(slide, patch, make_prediction):
    warning = "Extrapolation: Jak2 was never measured in tissue normal lung."
    figure = figures.whatif_figure(slide, make_prediction(slide, patch, warnings=(warning,)), "Up")
    words = words_of(figure)
    assert "What if 6 spots (0.06 mm²) became Jak2?" in words
    assert warning in words
    assert "not a proven cause" in words
    assert "seed 5" in words
    assert "model abcdef0123" in words


def test_two_patches_are_told_apart(slide, patch, make_prediction):
    other = Patch([390, 391], {"perturbation": "Tgfbr2", "time": 3.0})
    figure = figures.whatif_figure(slide, make_prediction(slide, patch, other), "Up")
    assert "6 spots (0.06 mm²) became Jak2 and 2 spots (0.02 mm²) became Tgfbr2 and time 3.0" in words_of(figure)
    names = {text.get_text() for text in panel(figure, "predicted").texts}
    assert {"Jak2", "Tgfbr2 and time 3.0"} <= names


def test_sections_do_not_overlap(make_slide, make_prediction):
    slide = make_slide(sections=2)
    figure = figures.whatif_figure(slide, make_prediction(slide, Patch([5, 6], {"perturbation": "Jak2"})), "Up")
    offsets = np.asarray(spots_of(figure, "observed").get_offsets())
    assert len(np.unique(offsets, axis=0)) == slide.n_spots


def test_an_unknown_gene_is_refused(slide, prediction):
    with pytest.raises(UnknownName, match="Up"):
        figures.whatif_figure(slide, prediction, "Upp")


def test_change_by_distance_starts_in_the_patch_and_decays(slide, prediction):
    ax = Figure().add_subplot()
    figures.change_by_distance(ax, slide, prediction, "Up")
    means = next(line for line in ax.lines if line.get_marker() == "o")
    x, y = means.get_data()
    assert x[0] == 0
    assert y[0] == pytest.approx(2.0)
    assert (np.diff(y) < 0).all()
    assert "µm" in ax.get_xlabel()


def test_genes_lead_from_the_top_with_intervals_and_truth(prediction, truth, patch):
    ax = Figure().add_subplot()
    table = prediction.top_genes(patch.spots, 2)
    true = truth[np.ix_(patch.spots, [prediction.index_of(gene) for gene in table.index])].mean(axis=0)
    figures.gene_bars(ax, table, truth=true)
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Up", "Down"]
    intervals = ax.collections[1].get_segments()
    np.testing.assert_allclose(intervals[0][:, 0], table.loc["Up", ["lower", "upper"]].to_numpy(float))
    np.testing.assert_allclose(ax.collections[-1].get_offsets()[:, 0], [2.2, -1.1])


def test_limits():
    assert figures.level_limits([0, 1, np.nan], [100]) == pytest.approx(np.percentile([0, 1, 100], (1, 99)))
    assert figures.level_limits([np.nan]) == (0, 1)
    assert figures.level_limits([2, 2]) == (2, 3)
    assert figures.change_limits([0, 0, np.nan]) == (-0.05, 0.05)
    assert figures.change_limits([0, -2, 1]) == pytest.approx((-2, 2), rel=0.01)
    assert figures.sd_limits([0, 0.3]) == pytest.approx((0, 0.3))
