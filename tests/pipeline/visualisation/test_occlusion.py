import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.visualisation import occlusion as occlusion_figures
from boneage.pipeline.visualisation.occlusion import draw_explanation
from boneage.pipeline.visualisation.panels import HEIGHT, PANEL_WIDTH
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
    return Assessment("hand", "hand.png", "flagged", "no region for carpus", "F", None, estimate, (stack,))


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
    picture = draw_explanation(SCAN, assessment, [make_occlusion()])
    assert picture.size == (2 * 600 + PANEL_WIDTH, HEIGHT)
    falls, rises = colour_at(picture, 0, 9.5, 9.5), colour_at(picture, 1, 9.5, 9.5)
    assert falls[2] > falls[0] + 50
    assert rises[0] > rises[2] + 30
    for region in (0, 1):
        assert np.ptp(colour_at(picture, region, 30, 30)) == 0
    assert np.ptp(np.asarray(picture)[40:80, 600:1200]) == 0


def test_next_to_nothing_looks_like_nothing(assessment):
    picture = draw_explanation(SCAN, assessment, [make_occlusion(-0.02, 0.02)])
    assert np.ptp(colour_at(picture, 0, 9.5, 9.5)) < 10


def test_each_region_is_labelled_where_it_lies(assessment):
    left = np.asarray(draw_explanation(SCAN, assessment, [make_occlusion()]))[:, :600]
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
    picture = draw_explanation(SCAN, dataclasses.replace(assessment, regions=(stack,), estimate=estimate), [one])
    assert picture.size == (600 + PANEL_WIDTH, HEIGHT)


def test_a_refused_hand_has_nothing_to_explain(assessment):
    with pytest.raises(ValueError, match="no age to explain"):
        draw_explanation(SCAN, dataclasses.replace(assessment, regions=()), [make_occlusion()])


@pytest.mark.parametrize("flat", [False, True])
def test_the_regions_of_a_volume_are_drawn_themselves(assessment, flat):
    cubes = np.zeros((3, 20, 20, 20), np.float32)
    frames = (Frame.identity(3), Frame.identity(3), None)
    stack = RegionStack(NAMES, cubes[:, 0] if flat else cubes, np.array([True, True, False]), frames)
    changes = np.zeros((3, 7, 7, 7))
    changes[0, 2, 5, 5], changes[0, 3, 5, 5], changes[1, 0, 5, 5], changes[2] = -6.0, 1.0, 3.0, np.nan
    occlusion = Occlusion(NAMES, changes[:, 2] if flat else changes, frames, patch=2.0, age_months=120.0)
    picture = draw_explanation(
        Scan(np.zeros((9, 9, 9)), modality="mri"), dataclasses.replace(assessment, regions=(stack,)), [occlusion]
    )
    assert picture.size == (HEIGHT + PANEL_WIDTH, HEIGHT)
    tile, colours = HEIGHT // 2, np.asarray(picture).astype(int)
    place = round((5 + 1) / 8 * tile)
    falls, rises = colours[place, place], colours[place, tile + place]
    assert falls[2] > falls[0] + 50
    assert (rises[0] > rises[2] + 30) == (not flat)
    assert np.ptp(colours[tile:, :tile], axis=(0, 1)).max() == 0, "a missing region has no tile"


HAND = Frame.from_linear(10 * np.eye(2), (60.0, 20.0))  # 40 pixels of it are 400 of the scan, rather much of 300


@pytest.fixture
def joined(assessment):
    """The same hand, read by another age model too, as one square that holds both regions."""
    hand = RegionStack(("hand",), np.zeros((1, 40, 40), np.float32), np.array([True]), (HAND,))
    estimate = AgeEstimate(90.0, ("hand", *NAMES), (60.0, 110.0, 150.0, np.nan), (0.5, 0.375, 0.125, 0.0))
    return dataclasses.replace(assessment, estimate=estimate, regions=(hand, *assessment.regions))


def make_whole(change):
    """Hidden anywhere, the hand's age changes by as much."""
    cells = Frame.from_linear(2.5 * np.eye(2), (2.0, 2.0))  # patches of 5 pixels, 2.5 apart
    return Occlusion(("hand",), np.full((1, 15, 15), change), (HAND.compose(cells),), patch=2.0, age_months=90.0)


@pytest.mark.parametrize(("change", "relative"), [(-4.0, 1.0), (0.0, 0.5), (4.0, 0.0), (8.0, -0.5)])
def test_the_changes_of_several_age_models_add_up(joined, change, relative):
    picture = draw_explanation(SCAN, joined, [make_whole(change), make_occlusion(-4.0, 8.0 - change)])
    full = colour_at(draw_explanation(SCAN, joined, [make_whole(0.0), make_occlusion(-8.0, 8.0)]), 0, 9.5, 9.5)
    blue = colour_at(picture, 0, 9.5, 9.5)
    if relative > 0:
        assert blue[2] - blue[0] == pytest.approx(relative * (full[2] - full[0]), abs=10)
    else:
        assert (blue[0] > blue[2] + 20) == (relative < 0)


def test_the_scale_ends_at_the_largest_sum(joined):
    def read_panel(whole, region):
        picture = draw_explanation(SCAN, joined, [make_whole(whole), make_occlusion(region, 0.0)])
        return np.asarray(picture)[120:430, -PANEL_WIDTH:].tobytes()

    assert read_panel(-3.0, -3.0) == read_panel(0.0, -6.0)
    assert read_panel(3.0, -3.0) == read_panel(-3.0, 3.0) == read_panel(3.0, 0.0) != read_panel(0.0, -6.0)


def test_a_hand_as_a_whole_is_told_at_its_upper_edge_and_bones_where_they_lie(joined):
    left = np.asarray(draw_explanation(SCAN, joined, [make_whole(-1.0), make_occlusion()]))[:, :600]
    written = np.argwhere((left > 200).all(axis=2))
    written = written[written[:, 0] > 30]
    edge = 2 * HAND.apply([[-0.5, 19.5]])[0]
    label = np.abs(written - edge - (14, 0)).max(axis=1) < 80
    assert label.sum() > 50
    assert 0 < written[label, 0].min() - edge[0] < 12
    assert np.ptp(written[label, 0]) < 20
    assert abs(written[label, 1].mean() - edge[1]) < 10
    written = written[~label]
    for frame in FRAMES[:2]:
        near = np.abs(written - 2 * frame.apply([[19.5, 19.5]])[0]).max(axis=1) < 60
        assert near.sum() > 30
        written = written[~near]
    assert len(written) == 0


def test_a_square_larger_than_the_picture_is_told_within_it(joined):
    hand = dataclasses.replace(joined.regions[0], frames=(Frame.from_linear(40 * np.eye(2), (-300.0, -650.0)),))
    larger = dataclasses.replace(joined, regions=(hand, *joined.regions[1:]))
    left = np.asarray(draw_explanation(SCAN, larger, [make_whole(-1.0), make_occlusion()]))[:, :600]
    written = np.argwhere((left[30:70] > 200).all(axis=2))
    assert len(written) > 50
    assert np.abs(written[:, 1].mean() - 2 * (40 * 19.5 - 650)) < 10


def test_a_region_of_two_age_models_is_told_once(assessment):
    (stack,) = assessment.regions
    twice = dataclasses.replace(assessment, regions=(stack, stack))
    once = np.asarray(draw_explanation(SCAN, assessment, [make_occlusion()]))
    again = np.asarray(draw_explanation(SCAN, twice, [make_occlusion(-3.0, 1.5)] * 2))
    assert np.array_equal(once[:, :600], again[:, :600])
    assert np.abs(once[:, 600:].astype(int) - again[:, 600:]).max() <= 2, "half and half are the whole"


def test_an_age_model_that_took_no_part_is_not_drawn(joined, assessment):
    absent = dataclasses.replace(joined, regions=(None, *assessment.regions), estimate=assessment.estimate)
    one, other = (draw_explanation(SCAN, each, [make_occlusion()]) for each in (absent, assessment))
    assert np.array_equal(np.asarray(one), np.asarray(other))


def test_each_age_model_that_read_the_hand_needs_its_occlusion(joined):
    with pytest.raises(ValueError, match="an occlusion for each of 2 age models, got 1"):
        draw_explanation(SCAN, joined, [make_occlusion()])


def test_patches_of_several_sizes_are_told(joined, assessment, monkeypatch):
    rows = []
    monkeypatch.setattr(occlusion_figures, "draw_wrapped", lambda draw, text, top: rows.append(text) or top)
    draw_explanation(SCAN, joined, [make_whole(-1.0), make_occlusion()])
    draw_explanation(SCAN, assessment, [make_occlusion()])
    assert [text for text in rows if text.startswith("The patch is")] == [
        "The patch is 12 or 25 % as wide as the field it is slid over.",
        "The patch is 25 % as wide as the field it is slid over.",
    ]


def test_the_cubes_of_several_age_models_are_drawn_one_after_the_other(assessment):
    def make(names, present, place, change):
        frames = tuple(Frame.identity(3) if there else None for there in present)
        stack = RegionStack(names, np.zeros((len(names), 20, 20, 20), np.float32), np.array(present), frames)
        changes = np.zeros((len(names), 7, 7, 7))
        changes[place, 2, 5, 5], changes[~stack.present] = change, np.nan
        return stack, Occlusion(names, changes, frames, patch=2.0, age_months=90.0)

    hand, whole = make(("hand",), [True], 0, -6.0)
    bones, parts = make(NAMES, [True, True, False], 1, 6.0)
    estimate = AgeEstimate(90.0, ("hand", *NAMES), (60.0, 110.0, 150.0, np.nan), (0.5, 0.375, 0.125, 0.0))
    both = dataclasses.replace(assessment, estimate=estimate, regions=(hand, bones))
    picture = draw_explanation(Scan(np.zeros((9, 9, 9)), modality="mri"), both, [whole, parts])
    colours, tile = np.asarray(picture).astype(int), HEIGHT // 2
    place = round((5 + 1) / 8 * tile)
    falls, still, rises = colours[place, place], colours[place, tile + place], colours[tile + place, place]
    assert falls[2] > falls[0] + 50
    assert np.ptp(still) == 0
    assert rises[0] > rises[2] + 30
    assert np.ptp(colours[tile:, tile : 2 * tile], axis=(0, 1)).max() == 0, "the missing one is the last"
