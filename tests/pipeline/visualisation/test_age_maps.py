import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.visualisation.age_maps import draw_age_map, list_map_rows
from boneage.pipeline.visualisation.panels import HEIGHT, PANEL_WIDTH, TEXT, WARNING
from boneage.regression import AgeEstimate, AgeMap

SCAN = Scan(np.full((500, 300), 0.5))  # drawn twice as large
DONE = Assessment("hand", "hand.png", "ok", sex="F", estimate=AgeEstimate(120.0, ("hand",), (120.0,), (1.0,)))


def make_map(months, weights=None):
    """A map whose cells are 50 pixels wide and windows 120; the first window's middle at row 100, column 80."""
    months = np.asarray(months, float)
    weights = np.full(months.shape, 1 / months.size) if weights is None else np.asarray(weights, float)
    frame = Frame.from_linear(50 * np.eye(2), (100.0, 80.0))
    return AgeMap(months, weights, frame, window=2.4, age_months=float((weights * months).sum()))


def colour_at(picture, row, column):
    """What is drawn at a place of the scan."""
    return np.asarray(picture).astype(int)[round(2 * row + 0.5), round(2 * column + 0.5)]


def test_older_is_yellower_and_nothing_is_coloured_outside():
    picture = draw_age_map(SCAN, DONE, make_map([[60, 60, 60, 180], [60, 60, 60, 180]]))
    assert picture.size == (600 + PANEL_WIDTH, HEIGHT)
    young, old = colour_at(picture, 100, 80), colour_at(picture, 100, 230)
    assert old[1] > young[1] + 50  # viridis: from violet to yellow
    assert young[2] > old[2]
    for row, column in ((70, 80), (180, 80), (100, 50), (100, 260)):
        assert np.ptp(colour_at(picture, row, column)) == 0, (row, column)


def test_a_map_that_hardly_varies_does_not_look_as_if_it_did():
    picture = draw_age_map(SCAN, DONE, make_map([[100, 101, 100, 101]]))
    assert np.abs(colour_at(picture, 100, 80) - colour_at(picture, 100, 130)).max() < 15


def test_what_weighs_little_is_faint():
    picture = draw_age_map(SCAN, DONE, make_map([[60, 100, 100, 60]], [[0.001, 0.298, 0.001, 0.7]]))
    grey = colour_at(picture, 300, 200)
    faint, strong = (np.abs(colour_at(picture, 100, column) - grey).max() for column in (80, 230))
    assert 0 < faint < 0.4 * strong


def test_what_no_region_covers_has_no_colour_and_regions_are_equally_strong():
    drawn = dataclasses.replace(make_map([[60, 100, 100, 60]], [[0.1, 0.0, 0.0, 0.9]]), window=math.nan, n_regions=2)
    picture = draw_age_map(SCAN, DONE, drawn)
    grey = colour_at(picture, 300, 200)
    light, none, heavy = (colour_at(picture, 100, column) for column in (80, 155, 230))
    assert np.array_equal(none, grey)
    assert np.abs(light - heavy).max() <= 1
    assert np.ptp(light) > 20
    assert [row["column"] for row in list_map_rows(drawn)] == [0, 3]


def test_a_square_as_large_as_a_window_stands_in_the_middle_of_the_map():
    picture = draw_age_map(SCAN, DONE, make_map([[60, 100, 80, 90]]))
    white = np.argwhere((np.asarray(picture)[:, :600] == TEXT).all(axis=2))
    middle = 2 * np.array([100, 155]) + 0.5
    assert white.mean(axis=0) == pytest.approx(middle, abs=2)
    assert np.ptp(white, axis=0) == pytest.approx(240, abs=4)


def test_a_map_without_windows_shows_none():
    drawn = make_map([[60, 100, 80, 90]])
    with_window, without = (
        np.asarray(draw_age_map(SCAN, DONE, one))[:, :600]
        for one in (drawn, dataclasses.replace(drawn, window=math.nan))
    )
    assert (with_window == TEXT).all(axis=2).any()
    assert not (without == TEXT).all(axis=2).any()


def test_a_map_that_makes_up_another_age_than_the_prediction_says_so():
    for months, warned in (([[120, 120]], False), ([[120, 130]], True)):
        picture = np.asarray(draw_age_map(SCAN, DONE, make_map(months)))
        assert (picture == WARNING).all(axis=2).any() == warned


def test_rows_say_where_cells_lie_in_original_pixels():
    drawn = make_map([[60.0, 72.0]], [[0.25, 0.75]])
    assert list(list_map_rows(drawn)) == [
        {"row": 0, "column": 0, "x": "80.00", "y": "100.00", "months": "60.00", "weight": "0.250000"},
        {"row": 0, "column": 1, "x": "130.00", "y": "100.00", "months": "72.00", "weight": "0.750000"},
    ]


def test_the_map_of_a_squashed_copy_is_drawn_in_true_proportions():
    copy = Scan(np.full((250, 150), 0.5)).as_resized_copy_of((500, 300))
    drawn = make_map([[60, 60, 60, 180]])
    one, other = (np.asarray(draw_age_map(scan, DONE, drawn)).astype(int) for scan in (SCAN, copy))
    assert np.abs(one - other).max() < 3
    wide = dataclasses.replace(SCAN, spacing=(1.0, 2.0))
    assert draw_age_map(wide, DONE, drawn).width == 1200 + PANEL_WIDTH
