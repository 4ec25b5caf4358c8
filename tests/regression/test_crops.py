import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame, Points, Scan, resample
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.regression import HAND_SITES, crop_hand, crop_regions, crop_whole, recrop


@pytest.fixture(scope="module")
def hand():
    """A girl's phantom hand of ten years with its true landmarks."""
    return draw_phantom_hand(np.random.default_rng(2), sex="F", age_months=120.0)


@pytest.fixture(scope="module")
def stack(hand):
    return crop_regions(hand.scan, hand.points, HAND_SITES, side=64)


def site(name):
    return next(s for s in HAND_SITES if s.name == name)


def test_every_site_of_a_whole_hand_is_present(stack):
    assert stack.present.all()
    assert stack.pixels.shape == (17, 64, 64)
    assert stack.names == tuple(s.name for s in HAND_SITES)
    assert (stack.pixels.min(), stack.pixels.max()) == (0, 1)


def test_frames_lead_back_to_the_landmark(hand, stack):
    for name, landmark in (("pip_3", "middle_PIP"), ("mcp_5", "little_MCP"), ("dip_2", "index_DIP")):
        frame = stack.frames[stack.names.index(name)]
        assert np.allclose(frame.apply([[31.5, 31.5]])[0], hand.points.position(landmark), atol=1e-6)


def test_distal_is_up_in_every_finger(hand, stack):
    for finger, number in (("index", 2), ("middle", 3), ("ring", 4), ("little", 5)):
        frame = stack.frames[stack.names.index(f"pip_{number}")]
        rows, cols = (frame.inverse().apply([hand.points.position(f"{finger}_{j}") for j in ("DIP", "MCP")])).T
        assert rows[0] < 0
        assert rows[1] > 64
        assert np.abs(cols - 31.5).max() < 15


def test_crops_do_not_depend_on_how_the_hand_lies(hand, stack):
    c, s = np.cos(0.6), np.sin(0.6)
    turn = Frame.from_linear(0.8 * np.array([[c, -s], [s, c]]), [200.0, -20.0])
    turned = Scan(resample(hand.scan.pixels, turn, (1000, 900)))
    again = crop_regions(turned, hand.points.mapped(turn), HAND_SITES, side=64)
    assert again.present.all()
    assert np.abs(again.pixels - stack.pixels).mean() < 0.03


def test_cropped_again_the_regions_are_those_of_another_size(hand, stack):
    copy = Scan(resample(hand.scan.pixels, Frame.resize(hand.scan.pixels.shape, (700, 400)), (700, 400)))
    copy = copy.as_resized_copy_of(hand.scan.pixels.shape)
    incomplete = dataclasses.replace(
        hand.points, positions=np.where(np.arange(37)[:, None] == 0, np.nan, hand.points.positions)
    )
    for scan, points in ((hand.scan, hand.points), (copy, incomplete)):
        small, large = (crop_regions(scan, points, HAND_SITES, side=side) for side in (64, 80))
        again = recrop(scan, small, 80)
        assert np.array_equal(again.present, large.present)
        assert np.abs(again.pixels - large.pixels).max() < 1e-3
        for frame, expected in zip(again.frames, large.frames, strict=True):
            assert (frame is None) == (expected is None)
            assert frame is None or np.allclose(frame.matrix, expected.matrix)


def test_crops_do_not_depend_on_the_exposure(hand, stack):
    darker = Scan(hand.scan.pixels * 0.5 + 20)
    assert np.abs(crop_regions(darker, hand.points, HAND_SITES, side=64).pixels - stack.pixels).max() < 1e-3


def test_a_squashed_copy_gives_the_same_regions(hand, stack):
    rows, cols = hand.scan.pixels.shape
    squash = Frame.resize((rows, cols), (rows, cols // 2))
    copy = Scan(resample(hand.scan.pixels, squash, (rows, cols // 2))).as_resized_copy_of((rows, cols))
    again = crop_regions(copy, hand.points, HAND_SITES, side=64)
    assert np.abs(again.pixels - stack.pixels).mean() < 0.04
    centre = np.array([[31.5, 31.5]])
    for frame, expected in zip(again.frames, stack.frames, strict=True):
        assert np.allclose(frame.apply(centre), expected.apply(centre), atol=1e-6)


def test_a_region_without_its_landmark_is_missing_and_no_other(hand):
    positions = hand.points.positions.copy()
    positions[hand.points.names.index("ring_tip")] = np.nan
    found = crop_regions(hand.scan, Points(hand.points.names, positions), HAND_SITES, side=32)
    missing = [name for name, present in zip(found.names, found.present, strict=True) if not present]
    assert missing == ["dip_4"]
    assert (found.pixels[found.names.index("dip_4")] == 0).all()


def test_a_region_outside_the_image_or_without_extent_is_missing(hand):
    upper_part = Scan(hand.scan.pixels[:500])
    found = crop_regions(upper_part, hand.points, [site("radius"), site("pip_3")], side=32)
    assert found.present.tolist() == [False, True]
    together = Points(hand.points.names, np.full((37, 2), 300.0))
    assert not crop_regions(hand.scan, together, HAND_SITES, side=32).present.any()


def test_names_that_the_points_lack_are_named(hand):
    with pytest.raises(ValueError, match="needs the landmark"):
        crop_regions(hand.scan, Points(("a",), [[1.0, 2.0]]), HAND_SITES, side=32)
    with pytest.raises(ValueError, match="cannot be cropped from a 3D scan"):
        crop_regions(Scan(np.zeros((5, 5, 5))), hand.points, HAND_SITES, side=32)


def test_a_mirrored_hand_gives_the_same_regions_if_marked_as_mirrored(hand):
    stack = crop_regions(hand.scan, hand.points, HAND_SITES, side=64)
    columns = hand.scan.pixels.shape[1]
    flip = Frame.from_linear(np.diag([1.0, -1.0]), np.array([0.0, columns - 1.0]))
    mirrored = dataclasses.replace(hand.scan, pixels=hand.scan.pixels[:, ::-1])
    again = crop_regions(mirrored, hand.points.mapped(flip), HAND_SITES, side=64, mirrored=True)
    assert np.abs(again.pixels - stack.pixels).max() < 1e-3
    unmarked = crop_regions(mirrored, hand.points.mapped(flip), HAND_SITES, side=64)
    assert np.abs(unmarked.pixels[:, :, ::-1] - stack.pixels).max() < 1e-3


def turned_hand(hand, angle=0.6, scale=0.8):
    """The hand turned and made smaller, and its landmarks."""
    c, s = np.cos(angle), np.sin(angle)
    turn = Frame.from_linear(scale * np.array([[c, -s], [s, c]]), [200.0, -20.0])
    return Scan(resample(hand.scan.pixels, turn, (1000, 900))), hand.points.mapped(turn)


def test_the_hand_is_upright_with_a_margin_however_it_lies(hand):
    straight = crop_hand(hand.scan, hand.points, hand.points, side=96)
    again = crop_hand(*turned_hand(hand), hand.points, side=96)
    assert straight.names == ("hand",)
    assert np.abs(again.pixels - straight.pixels).mean() < 0.03
    places = straight.frames[0].inverse().apply(hand.points.positions)
    assert places.min() == pytest.approx(95 / 2 - 96 / 2.4, abs=0.01)
    assert places.max() == pytest.approx(95 / 2 + 96 / 2.4, abs=0.01)


def test_a_mirrored_hand_is_mirrored_back_if_marked_as_mirrored(hand):
    columns = hand.scan.pixels.shape[1]
    flip = Frame.from_linear(np.diag([1.0, -1.0]), np.array([0.0, columns - 1.0]))
    mirrored = dataclasses.replace(hand.scan, pixels=hand.scan.pixels[:, ::-1])
    straight = crop_hand(hand.scan, hand.points, hand.points, side=64)
    again = crop_hand(mirrored, hand.points.mapped(flip), hand.points, side=64, mirrored=True)
    assert np.abs(again.pixels - straight.pixels).max() < 0.03


def test_a_hand_that_cannot_be_aligned_or_lies_outside_is_missing(hand):
    together = Points(hand.points.names, np.full((37, 2), 300.0))
    outside = Points(hand.points.names, hand.points.positions + 2000)
    for points in (together, outside):
        assert not crop_hand(hand.scan, points, hand.points, side=32).present.any()


def test_the_whole_image_of_that_size_is_the_image_itself():
    pixels = np.random.default_rng(0).uniform(0, 255, (100, 100)).astype(np.float32)
    stack = crop_whole(Scan(pixels), side=100)
    low, high = np.percentile(pixels, (1, 99))
    assert np.allclose(stack.pixels[0], np.clip((pixels - low) / (high - low), 0, 1), atol=1e-5)
    assert stack.frames[0].apply([[3.0, 4.0]]).tolist() == [[3.0, 4.0]]


def test_the_whole_of_a_squashed_copy_is_that_of_its_original(hand):
    rows, columns = hand.scan.pixels.shape
    squash = Frame.resize((rows, columns), (rows, columns // 2))
    copy = Scan(resample(hand.scan.pixels, squash, (rows, columns // 2))).as_resized_copy_of((rows, columns))
    of_original, of_copy = crop_whole(hand.scan, side=64), crop_whole(copy, side=64)
    assert np.abs(of_original.pixels - of_copy.pixels).mean() < 0.02
    corner = np.array([[-0.5, -0.5], [63.5, 63.5]])
    for stack in (of_original, of_copy):
        assert np.allclose(stack.frames[0].apply(corner), [[-0.5, -0.5], [rows - 0.5, columns - 0.5]])
