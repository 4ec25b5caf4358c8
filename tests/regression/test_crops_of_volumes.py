"""Regions of volumes, on a bone made of a formula: its crop is the same in any orientation."""

import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame, Points, Scan
from boneage.imaging.phantoms import draw_phantom_volume
from boneage.regression import VOLUME_SITES, CropSpec, crop_hand, crop_regions, crop_whole, recrop
from boneage.regression.flattening import flatten_regions
from boneage.regression.region_stack import join_regions
from tests.regression.volume_bone import MIDDLE, SIDE, SITE, draw_bone, slanted


def crop(scan, points, **options):
    return crop_regions(scan, points, [SITE], side=SIDE, **options)


@pytest.fixture(scope="module")
def straight():
    return crop(*draw_bone(np.eye(3)))


def test_the_bone_lies_along_the_rows_with_its_tip_up_and_its_side_to_the_right(straight):
    assert straight.pixels.shape == (1, SIDE, SIDE, SIDE)
    pixels = straight.pixels[0]
    for name, (depth, along, aside) in {"tip": (0, 14, 0), "aside": (0, 0, 11), "deep": (9, 0, 0)}.items():
        place = np.round([MIDDLE + depth, MIDDLE - along, MIDDLE + aside]).astype(int)
        opposite = np.round([MIDDLE - depth, MIDDLE + along, MIDDLE - aside]).astype(int)
        assert pixels[tuple(place)] > 0.6, name
        assert pixels[tuple(opposite)] < 0.5, name
    weights = np.clip(crop(*draw_bone(slanted())).pixels[0] - 0.5, 0, None)
    places = np.moveaxis(np.indices(weights.shape), 0, -1) - MIDDLE
    spread = np.sqrt((weights[..., None] * places**2).sum(axis=(0, 1, 2)) / weights.sum())
    assert spread[1] > 1.5 * max(spread[0], spread[2])


@pytest.mark.parametrize("seed", range(4))
def test_however_the_bone_lies_the_crop_is_the_same(straight, seed):
    again = crop(*draw_bone(slanted(seed)))
    assert np.abs(again.pixels - straight.pixels).max() < 0.08
    assert np.abs(again.pixels - straight.pixels).mean() < 0.01


def test_voxels_that_are_no_cubes_give_the_same_crop(straight):
    again = crop(*draw_bone(slanted(1), spacing=(1.4, 0.7, 1.0)))
    assert np.abs(again.pixels - straight.pixels).mean() < 0.015


def test_a_mirrored_hand_gives_the_same_crop_if_marked_as_mirrored(straight):
    scan, points = draw_bone(slanted(2), mirrored=True)
    marked, unmarked = crop(scan, points, mirrored=True), crop(scan, points)
    assert np.abs(marked.pixels - straight.pixels).max() < 0.08
    assert np.abs(unmarked.pixels[:, ::-1] - straight.pixels).max() < 0.08
    assert np.abs(unmarked.pixels - straight.pixels).max() > 0.5


def test_frames_lead_back_to_the_landmarks():
    scan, points = draw_bone(slanted(3), spacing=(1.4, 0.7, 1.0))
    frame = crop(scan, points).frames[0]
    found = frame.apply([[MIDDLE, MIDDLE, MIDDLE], [MIDDLE, MIDDLE - 20, MIDDLE]])
    assert np.allclose(found, points.positions[:2], atol=1e-6)


def test_a_region_without_a_landmark_a_side_or_voxels_is_missing():
    scan, points = draw_bone(np.eye(3))
    for k in range(3):
        positions = points.positions.copy()
        positions[k] = np.nan
        assert not crop(scan, Points(points.names, positions)).present.any()
    in_line = Points(points.names, [points.positions[0], points.positions[1], points.positions[1] + [0, -5, 0]])
    assert not crop(scan, in_line).present.any()
    beside = dataclasses.replace(points, positions=points.positions + np.array([40, 0, 0]))
    assert not crop(scan, beside).present.any()
    assert (crop(scan, beside).pixels == 0).all()


def test_sites_of_radiographs_and_of_volumes_are_not_mixed_up():
    scan, points = draw_bone(np.eye(3))
    flat = dataclasses.replace(SITE, lateral=())
    with pytest.raises(ValueError, match="region bone cannot be cropped from a 3D scan"):
        crop_regions(scan, points, [flat], side=8)
    with pytest.raises(ValueError, match="region bone cannot be cropped from a 2D scan"):
        crop_regions(Scan(np.zeros((9, 9))), points, [SITE], side=8)


def test_cropped_again_cubes_are_those_of_another_size():
    scan, points = draw_bone(slanted(1))
    small, large = crop(scan, points), crop_regions(scan, points, [SITE], side=50)
    again = recrop(scan, small, 50)
    assert np.abs(again.pixels - large.pixels).max() < 1e-3
    assert np.allclose(again.frames[0].matrix, large.frames[0].matrix)
    with pytest.raises(ValueError, match="cannot be cropped again"):
        recrop(scan, flatten_regions(small, "slice"), 50)


def test_the_hand_as_one_cube_however_it_lies():
    scan, points = draw_bone(np.eye(3))
    straight = crop_hand(scan, points, points, side=32)
    again = crop_hand(*draw_bone(slanted(2)), points, side=32)
    assert straight.names == again.names == ("hand",)
    assert straight.pixels.shape == (1, 32, 32, 32)
    assert np.abs(again.pixels - straight.pixels).mean() < 0.02
    mirrored = crop_hand(*draw_bone(slanted(2), mirrored=True), points, side=32, mirrored=True)
    assert np.abs(mirrored.pixels - straight.pixels).mean() < 0.02
    assert join_regions(straight, straight).pixels.shape == (2, 32, 32, 32)


def test_the_whole_volume_of_that_size_is_the_volume_itself():
    pixels = np.random.default_rng(0).uniform(0, 255, (12, 12, 12)).astype(np.float32)
    stack = crop_whole(Scan(pixels), side=12)
    low, high = np.percentile(pixels, (1, 99))
    assert np.allclose(stack.pixels[0], np.clip((pixels - low) / (high - low), 0, 1), atol=1e-5)
    assert crop_whole(draw_bone(np.eye(3))[0], side=16).pixels.shape == (1, 16, 16, 16)


def test_the_thirteen_bones_of_a_phantom_are_cropped_at_their_growth_plates():
    hand = draw_phantom_volume(np.random.default_rng(3), sex="F", age_months=130.0, spacing_mm=(1.8, 1.8, 1.8))
    stack = CropSpec("regions", 16, ndim=3).crop(hand.scan, hand.points)
    assert stack.pixels.shape == (13, 16, 16, 16)
    assert stack.present.sum() >= 12
    for site, frame in zip(VOLUME_SITES, stack.frames, strict=True):
        if frame is None:
            continue
        assert np.allclose(frame.apply([[7.5, 7.5, 7.5]])[0], hand.points.position(site.centre[0]), atol=1e-6)
        sides = np.linalg.norm(frame.matrix[:3, :3] * 1.8, axis=0) * 16
        assert np.allclose(sides, sides[0])
        assert 6 < sides[0] < 45, "a few millimetres to a few centimetres"
        assert np.linalg.det(frame.matrix[:3, :3]) > 0, "a left hand is not mirrored"


def test_frames_of_missing_regions_are_none():
    scan, points = draw_bone(np.eye(3))
    absent = dataclasses.replace(points, positions=np.full((3, 3), np.nan))
    assert crop(scan, absent).frames == (None,)
    assert isinstance(crop(scan, points).frames[0], Frame)
