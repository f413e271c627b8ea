"""The texts on napari's canvas."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.ui.banner import VispyBanner
from napari_concert.ui.measure import text_size
from napari_concert.ui.overlays import PictureText

NAMES = ("concert_title", "concert_legend", "concert_banner", "concert_caption")


@pytest.fixture
def text(viewer):
    return PictureText(viewer)


def test_nothing_is_shown_at_first_nor_after_clear(text, viewer):
    def visible():
        return [name for name in NAMES if viewer.canvas.overlays[name].visible and name != "concert_legend"]

    assert visible() == []
    text.set_title("Fn1", "counts")
    text.set_warning("Careful.")
    text.set_caption("2 spots")
    text.set_legend("state", ("a",), np.ones((1, 4), np.float32))
    assert visible() == ["concert_title", "concert_banner", "concert_caption"]
    assert text.legend.visible
    text.clear()
    assert visible() == []
    assert not text.legend.visible


def test_a_title_has_name_unit_and_limits(text):
    text.set_title("Fn1 · change", "log2 fold change\ncolours -1 to 1")
    assert text.title.text.splitlines() == ["Fn1 · change", "log2 fold change", "colours -1 to 1"]


def test_long_titles_are_wrapped(text):
    text.set_title("a column with a remarkably long name that goes on", "")
    lines = text.title.text.splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 30


def test_the_legend_lists_categories_with_their_colours(text):
    colours = np.array([[1, 0, 0, 1], [0, 1, 0, 1]], np.float32)
    text.set_legend("state", ("a", "b"), colours)
    assert text.legend.title == "state"
    assert text.legend.labels == ("a", "b")
    assert text.legend.colours == ((1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0))


def test_a_legend_that_would_run_off_the_canvas_says_how_many_more(text):
    names = tuple(f"niche {i}" for i in range(60))
    text.set_legend("niche", names, np.ones((60, 4), np.float32))
    assert text.legend.labels[-1] == "… and 36 more"
    assert len(text.legend.labels) == len(text.legend.colours) == 25


WARNING = "Jak2 was never measured in normal lung: what the model says there is extrapolated from other tissue."


def test_a_warning_leaves_the_title_free_at_any_width(text, viewer):
    text.set_warning(WARNING)
    for width in (500, 800, 1600):
        viewer.canvas.size = (600, width)
        assert " ".join(text.banner.text.splitlines()) == WARNING
        assert text_size(text.banner.text, 10)[0] <= max(200, width - 290)


def test_a_caption_leaves_the_scale_bar_free(text, viewer):
    words = "20 spots → Jak2\na model's extrapolation, not a proven cause"
    text.set_caption(words)
    viewer.canvas.size = (600, 1000)
    assert text.caption.text == words
    viewer.canvas.size = (600, 550)
    assert len(text.caption.text.splitlines()) == 3
    assert text_size(text.caption.text, 10)[0] <= 550 - 190


def test_the_box_of_a_warning_is_as_large_as_its_words(window):
    text = window.brush.layers.text
    text.set_warning("Extrapolation: Jak2 was never measured in normal lung. " * 5)
    (visual,) = window.canvas._viewer_overlay_to_visual[text.banner]
    assert isinstance(visual, VispyBanner)
    glyphs = visual._font_info.font_manager.get_font(visual.node.face)
    widest = max(sum(glyphs[letter]["advance"] for letter in line) for line in text.banner.text.splitlines())
    pixels = 10 * visual.node.transforms.dpi / 72  # of the font
    assert visual.box.width >= widest / 256 * pixels
    # as vispy places lines
    tops = [glyphs[letter]["offset"][1] / glyphs.ratio for letter in "ÅÉÑŐ"]
    bottoms = [
        glyphs[letter]["offset"][1] / glyphs.ratio + 2 * glyphs.slop - glyphs[letter]["size"][1] for letter in "gjpqy"
    ]
    line = (max(tops) - min(bottoms)) / 64 * pixels
    lines = len(text.banner.text.splitlines())
    assert lines > 2
    assert line * (1 + 1.1 * (lines - 1)) <= visual.box.height + 1 < line * (2 + 1.1 * (lines - 1))


def test_a_caption_of_as_many_lines_is_drawn_once(window, qtbot):
    text, drawn = window.brush.layers.text, []
    text.set_caption("1 spot")
    qtbot.wait(300)
    canvas = window.canvas._scene_canvas
    canvas.events.draw.connect(lambda _event: drawn.append(text.caption.text))
    text.set_caption("1,000 spots")
    qtbot.wait(300)
    assert drawn == ["1,000 spots"]


def test_a_caption_of_more_lines_stays_on_the_picture(window, qtbot):
    text = window.brush.layers.text
    text.set_caption("1 spot")
    qtbot.wait(300)
    (visual,) = window.canvas._viewer_overlay_to_visual[text.caption]
    low = visual.node.transform.translate[1] + visual.y_size
    text.set_caption("1 spot\n2 spots\n3 spots")
    qtbot.wait(300)
    assert visual.node.transform.translate[1] + visual.y_size == pytest.approx(low)


def test_closing_takes_the_texts_off(text, viewer):
    text.close()
    assert not set(NAMES) & set(viewer.canvas.overlays)
    viewer.canvas.size = (500, 500)
