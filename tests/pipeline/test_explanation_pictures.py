import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.explanation_pictures import draw_explanation
from boneage.pipeline.panels import HEIGHT, PANEL_WIDTH
from boneage.regression import AgeEstimate, Occlusion, RegionStack

SCAN = Scan(np.full((500, 300), 0.5))  # drawn twice as large
NAMES = ("radius", "pip_3", "carpus")
# 40 pixels of a region are 100 of the scan; the third region is missing
FRAMES = (Frame.from_linear(2.5 * np.eye(2), (50.0, 40.0)), Frame.from_linear(2.5 * np.eye(2), (300.0, 150.0)), None)
CELLS = Frame.from_linear(5 * np.eye(2), (4.5, 4.5))  # patches of 10 pixels, 5 apart


@pytest.fixture
def assessment():
    present = np.array([True, True, False])
    stack = RegionStack(NAMES, np.zeros((3, 40, 40), np.float32), present, FRAMES)
    estimate = AgeEstimate(120.0, NAMES, (110.0, 150.0, np.nan), (0.75, 0.25, 0.0))
    return Assessment("hand", "hand.png", "flagged", "no region for carpus", "F", None, estimate, stack)


def make_occlusion(first=-6.0, second=3.0):
    """What is in the upper left of the first region speaks for a higher age, in that of the second for a lower."""
    changes = np.zeros((3, 7, 7))
    changes[0, 1, 1], changes[1, 1, 1], changes[2] = first, second, np.nan
    frames = tuple(frame and frame.compose(CELLS) for frame in FRAMES)
    return Occlusion(NAMES, changes, frames, patch=2.0, age_months=120.0)


def colour_at(picture, region, row, column):
    """What the right picture shows at a place in a region."""
    y, x = 2 * FRAMES[region].apply([[row, column]])[0] + 0.5
    return np.asarray(picture).astype(int)[round(y), 600 + round(x)]


def test_blue_where_the_age_falls_and_orange_where_it_rises(assessment):
    picture = draw_explanation(SCAN, assessment, make_occlusion())
    assert picture.size == (2 * 600 + PANEL_WIDTH, HEIGHT)
    falls, rises = colour_at(picture, 0, 9.5, 9.5), colour_at(picture, 1, 9.5, 9.5)
    assert falls[2] > falls[0] + 50
    assert rises[0] > rises[2] + 30
    for region in (0, 1):
        assert np.ptp(colour_at(picture, region, 30, 30)) == 0
    assert np.ptp(np.asarray(picture)[40:80, 600:1200]) == 0


def test_next_to_nothing_looks_like_nothing(assessment):
    picture = draw_explanation(SCAN, assessment, make_occlusion(-0.02, 0.02))
    assert np.ptp(colour_at(picture, 0, 9.5, 9.5)) < 10


def test_each_region_is_labelled_where_it_lies(assessment):
    left = np.asarray(draw_explanation(SCAN, assessment, make_occlusion()))[:, :600]
    written = np.argwhere((left > 200).all(axis=2))
    written = written[written[:, 0] > 30]  # below the caption
    for frame in FRAMES[:2]:
        middle = 2 * frame.apply([[19.5, 19.5]])[0]
        near = np.abs(written - middle).max(axis=1) < 60
        assert near.sum() > 30
        assert np.abs(written[near].mean(axis=0) - middle).max() < 10
        written = written[~near]
    assert len(written) == 0


def test_a_hand_in_one_picture_has_no_regions_to_be_told_apart(assessment):
    stack = RegionStack(("hand",), np.zeros((1, 40, 40), np.float32), np.array([True]), FRAMES[:1])
    estimate = AgeEstimate(120.0, ("hand",), (120.0,), (1.0,))
    whole = make_occlusion()
    one = dataclasses.replace(whole, names=("hand",), changes=whole.changes[:1], frames=whole.frames[:1])
    picture = draw_explanation(SCAN, dataclasses.replace(assessment, regions=stack, estimate=estimate), one)
    assert picture.size == (600 + PANEL_WIDTH, HEIGHT)


def test_a_refused_hand_has_nothing_to_explain(assessment):
    with pytest.raises(ValueError, match="no age to explain"):
        draw_explanation(SCAN, dataclasses.replace(assessment, regions=None), make_occlusion())


@pytest.mark.parametrize("flat", [False, True])
def test_the_regions_of_a_volume_are_drawn_themselves(assessment, flat):
    cubes = np.zeros((3, 20, 20, 20), np.float32)
    frames = (Frame.identity(3), Frame.identity(3), None)
    stack = RegionStack(NAMES, cubes[:, 0] if flat else cubes, np.array([True, True, False]), frames)
    changes = np.zeros((3, 7, 7, 7))
    changes[0, 2, 5, 5], changes[0, 3, 5, 5], changes[1, 0, 5, 5], changes[2] = -6.0, 1.0, 3.0, np.nan
    occlusion = Occlusion(NAMES, changes[:, 2] if flat else changes, frames, patch=2.0, age_months=120.0)
    picture = draw_explanation(
        Scan(np.zeros((9, 9, 9)), modality="mri"), dataclasses.replace(assessment, regions=stack), occlusion
    )
    assert picture.size == (HEIGHT + PANEL_WIDTH, HEIGHT)
    tile, colours = HEIGHT // 2, np.asarray(picture).astype(int)
    place = round((5 + 1) / 8 * tile)
    falls, rises = colours[place, place], colours[place, tile + place]
    assert falls[2] > falls[0] + 50
    assert (rises[0] > rises[2] + 30) == (not flat)
    assert np.ptp(colours[tile:, :tile], axis=(0, 1)).max() == 0, "a missing region has no tile"
