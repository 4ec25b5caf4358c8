"""Regions of volumes, on a bone made of a formula: whatever way it lies, its crop is the same."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from boneage.imaging import Frame, Points, Scan
from boneage.imaging.phantoms import draw_phantom_volume
from boneage.regression import VOLUME_SITES, CropSpec, Site, crop_hand, crop_regions, crop_whole, recrop
from boneage.regression.crops import fit_proportions, flatten_regions, join_regions, to_thumbnail

SITE = Site("bone", "bone", ("middle",), (), ("tip",), (), ("middle", "tip"), 2.0, 0.0, ("middle", "aside"))
SIDE = 40  # at a length of 20, a voxel of the crop is as long as one of the unit
MIDDLE = (SIDE - 1) / 2
# in the bone's own axes: depth, along, aside. An ellipsoid, and a spot at the tip, one aside and one deep
BLOBS = {"shaft": ((0, 0, 0), (3, 8, 3)), "tip": ((0, 14, 0), (2, 2, 2)), "aside": ((0, 0, 11), (2, 2, 2)),
         "deep": ((9, 0, 0), (2, 2, 2))}  # fmt: skip
LANDMARKS = {"middle": (0, 0, 0), "tip": (0, 20, 0), "aside": (0, 5, 30)}


def draw_bone(turn, spacing=(1.0, 1.0, 1.0), field=70.0, mirrored=False):
    """A volume with the bone in its middle; the turn's columns are the bone's axes, as planes, rows, columns.

    Unturned, the distal end is up and the side to the right.
    """
    axes = np.asarray(turn) * [1.0, -1.0, 1.0]
    if mirrored:
        axes = axes * np.array([[1.0], [1.0], [-1.0]])
    shape = tuple(round(field / step) for step in spacing)
    centre = (np.array(shape) - 1) / 2 * spacing
    grid = np.moveaxis(np.indices(shape), 0, -1) * spacing - centre
    own = grid @ axes
    pixels = sum(np.exp(-(((own - place) / width) ** 2).sum(axis=-1) / 2) for place, width in BLOBS.values())
    places = {name: (axes @ place + centre) / spacing for name, place in LANDMARKS.items()}
    scan = Scan(pixels, spacing=spacing, spacing_unit="mm", modality="mri")
    return scan, Points(tuple(places), np.stack(list(places.values())))


def crop(scan, points, **options):
    return crop_regions(scan, points, [SITE], side=SIDE, **options)


def slanted(seed=0):
    return Rotation.random(random_state=seed).as_matrix()


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


def test_a_mirrored_hand_gives_the_same_crop_when_told_so(straight):
    scan, points = draw_bone(slanted(2), mirrored=True)
    told, untold = crop(scan, points, mirrored=True), crop(scan, points)
    assert np.abs(told.pixels - straight.pixels).max() < 0.08
    assert np.abs(untold.pixels[:, ::-1] - straight.pixels).max() < 0.08
    assert np.abs(untold.pixels - straight.pixels).max() > 0.5


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
    with pytest.raises(ValueError, match="proportions that its file says"):
        fit_proportions(scan, points, points)
    with pytest.raises(ValueError, match="not of volumes"):
        to_thumbnail(scan, 20)


def test_cubes_become_pictures(straight):
    middle, mean = flatten_regions(straight, "slice"), flatten_regions(straight, "projection")
    assert middle.pixels.shape == mean.pixels.shape == (1, SIDE, SIDE)
    assert middle.frames == straight.frames
    row, column = round(MIDDLE - 14), round(MIDDLE)
    for pictures in (middle, mean):
        assert (pictures.pixels.min(), pictures.pixels.max()) == (0, 1)
        assert pictures.pixels[0, row, column] > pictures.pixels[0, -1 - row, column] + 0.3
    odd = crop_regions(*draw_bone(np.eye(3)), [SITE], side=41)
    low, high = np.percentile(odd.pixels[0, 20], (1, 99))
    expected = np.clip((odd.pixels[0, 20] - low) / (high - low), 0, 1)
    assert np.allclose(flatten_regions(odd, "slice").pixels[0], expected, atol=1e-5)
    with pytest.raises(ValueError, match="only a volume's regions"):
        flatten_regions(middle, "slice")


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


def test_the_thirteen_bones_of_a_phantom_are_cut_at_their_growth_plates():
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
    gone = dataclasses.replace(points, positions=np.full((3, 3), np.nan))
    assert crop(scan, gone).frames == (None,)
    assert isinstance(crop(scan, points).frames[0], Frame)
