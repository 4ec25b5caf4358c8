import numpy as np
from PIL import Image, ImageDraw

from boneage.pipeline.visualisation.panels import (
    BACKGROUND,
    PANEL_WIDTH,
    WARNING,
    draw_bar,
    draw_wrapped,
    join_panels,
    new_panel,
)


def rows_of(picture, colour):
    return np.flatnonzero((np.asarray(picture) == colour).all(axis=2).any(axis=1))


def test_long_text_is_wrapped_within_the_panel():
    panel = Image.new("RGB", (PANEL_WIDTH, 300), BACKGROUND)
    below = draw_wrapped(ImageDraw.Draw(panel), "one word after another " * 6, 10, WARNING)
    rows = rows_of(panel, WARNING)
    assert rows.min() >= 10
    assert rows.max() < below
    assert below - 10 >= 3 * 20
    assert (np.asarray(panel)[:, -20:] == BACKGROUND).all()


def test_the_bar_runs_from_the_lowest_value_at_the_bottom_to_the_highest():
    panel = Image.new("RGB", (PANEL_WIDTH, 400), BACKGROUND)
    colours = np.array([[255, 0, 0], [0, 255, 0]], np.uint8)
    below = draw_bar(ImageDraw.Draw(panel), 50, colours, [(0.0, "1 y"), (1.0, "2 y")])
    red, green = rows_of(panel, (255, 0, 0)), rows_of(panel, (0, 255, 0))
    assert green.min() == 50
    assert green.max() < red.min()
    assert red.max() < below
    ticks = np.flatnonzero((np.asarray(panel)[:, 46] != BACKGROUND).any(axis=1))
    assert ticks.tolist() == [50, red.max()]


def test_every_panel_says_what_it_is_for_and_pictures_stand_side_by_side():
    panel, _ = new_panel(200, "hand", "10 y 0 m", "120.0 months")
    assert (np.asarray(panel)[166:186] != BACKGROUND).any()
    joined = join_panels([Image.new("RGB", (30, 200), "white"), panel])
    assert joined.size == (30 + PANEL_WIDTH, 200)
    assert (np.asarray(joined)[:, :30] == 255).all()
