import cv2
import numpy as np
import pytest

from boneage.imaging import Points, Scan
from boneage.imaging.phantoms import draw_phantom_hand, draw_phantom_volume
from boneage.regression import CROP_KINDS, HAND_SITES, VOLUME_SITES, CropSpec

SITES = tuple(site.name for site in HAND_SITES)
OF_RADIOGRAPHS = [kind for kind in CROP_KINDS if kind not in ("regions-slice", "regions-projection")]


@pytest.fixture(scope="module")
def hand():
    return draw_phantom_hand(np.random.default_rng(2), sex="F", age_months=120.0, shape=(450, 350))


@pytest.mark.parametrize("kind", OF_RADIOGRAPHS)
def test_every_way_of_cutting_gives_the_regions_it_names(hand, kind):
    crop_spec = CropSpec(kind, 32)
    stack = crop_spec.crop(hand.scan, hand.points, hand.points)
    assert stack.names == crop_spec.region_names
    assert stack.pixels.shape == (len(stack.names), 32, 32)
    assert stack.present.all()


def test_the_names_and_sides_of_each():
    assert CropSpec().region_names == SITES
    assert CropSpec("hand").region_names == ("hand",)
    assert CropSpec("hand+regions").region_names == ("hand", *SITES)
    assert CropSpec("whole").region_names == ("whole",)
    assert [CropSpec(kind).side for kind in OF_RADIOGRAPHS] == [64, 96, 64, 100]
    assert [CropSpec(kind, ndim=3).side for kind in CROP_KINDS] == [32, 64, 64, 64, 32, 64]
    assert CropSpec("whole").sites == ()


def test_only_the_whole_image_needs_no_landmarks(hand):
    assert [kind for kind in CROP_KINDS if not CropSpec(kind, ndim=3).needs_landmarks] == ["whole"]
    assert CropSpec("whole").crop(hand.scan).present.all()
    for kind in ("regions", "hand"):
        with pytest.raises(ValueError, match=f"cutting {kind} needs the landmarks"):
            CropSpec(kind).crop(hand.scan)
    with pytest.raises(ValueError, match="a shape to lay it upon"):
        CropSpec("hand").crop(hand.scan, hand.points)


def test_landmarks_that_are_not_enough_are_named_with_their_sites(hand):
    half = hand.points.names[:18]
    with pytest.raises(ValueError, match=r"of 17 regions \(.*mcp_2.*\) are cut around .* landmarks .*: "):
        CropSpec().check_landmarks(half)
    CropSpec("hand").check_landmarks(half)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kind": "half"}, "one of regions, regions-slice"),
        ({"side": 3}, "at least 8"),
        ({"sites": VOLUME_SITES}, "region radius cannot be cropped from 2D scans"),
        ({"ndim": 4}, "2 or 3 axes"),
        ({"kind": "regions-slice"}, "makes pictures of volumes"),
        ({"ndim": 3, "proportions": "fitted"}, "volumes have the proportions"),
        ({"ndim": 3, "thumbnail": 50}, "no thumbnails"),
        ({"proportions": "square"}, "file or fitted"),
        ({"thumbnail": 3}, "at least 8 pixels"),
    ],
)
def test_impossible_ways_are_refused(values, reason):
    with pytest.raises(ValueError, match=reason):
        CropSpec(**values)


def test_a_hand_that_lacks_a_landmark_of_the_reference_is_refused(hand):
    with pytest.raises(ValueError, match="laid upon the landmark"):
        CropSpec("hand").crop(hand.scan, Points(("a",), [[1.0, 2.0]]), hand.points)


@pytest.mark.parametrize("kind", ["hand", "regions", "hand+regions"])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_copy_squashed_by_no_one_knows_how_much_gives_what_its_original_gives(hand, kind, mirrored):
    rows, columns = hand.scan.pixels.shape
    squashed = cv2.resize(hand.scan.pixels, (220, 400), interpolation=cv2.INTER_AREA)
    moved = (hand.points.positions + 0.5) * [400 / rows, 220 / columns] - 0.5
    if mirrored:
        squashed, moved = squashed[:, ::-1], moved * [1, -1] + [0, 219]
    copy, points = Scan(squashed), Points(hand.points.names, moved)
    fitted, plain = CropSpec(kind, 48, proportions="fitted"), CropSpec(kind, 48)
    original = fitted.crop(hand.scan, hand.points, hand.points)
    assert np.abs(original.pixels - plain.crop(hand.scan, hand.points, hand.points).pixels).mean() < 0.005

    def apart(crop_spec):
        stack = crop_spec.crop(copy, points, hand.points, mirrored=mirrored)
        assert stack.present.all()
        return np.abs(stack.pixels - original.pixels).mean()

    assert apart(fitted) < 0.02
    assert 2 * apart(fitted) < apart(plain)


def test_proportions_are_the_files_own_where_too_few_landmarks_tell(hand):
    positions = np.full_like(hand.points.positions, np.nan)
    positions[:2] = hand.points.positions[:2]
    two = Points(hand.points.names, positions)
    fitted, plain = CropSpec("hand", 48, proportions="fitted"), CropSpec("hand", 48)
    one, other = (crop_spec.crop(hand.scan, two, hand.points) for crop_spec in (fitted, plain))
    assert np.array_equal(one.pixels, other.pixels)
    with pytest.raises(ValueError, match="a shape to lay it upon"):
        CropSpec("regions", proportions="fitted").crop(hand.scan, hand.points)


@pytest.mark.parametrize("kind", ["hand", "whole"])
def test_a_radiograph_and_its_thumbnail_are_cut_alike(hand, kind):
    rows, columns = hand.scan.pixels.shape
    small = cv2.resize(hand.scan.pixels, (100, 100), interpolation=cv2.INTER_NEAREST_EXACT)
    moved = (hand.points.positions + 0.5) * [100 / rows, 100 / columns] - 0.5
    copy, points = Scan(small), Points(hand.points.names, moved)
    crop_spec = CropSpec(kind, 80, proportions="fitted", thumbnail=100)
    large, tiny = crop_spec.crop(hand.scan, hand.points, hand.points), crop_spec.crop(copy, points, hand.points)
    assert np.abs(large.pixels - tiny.pixels).mean() < 0.004
    assert np.abs(CropSpec(kind, 80).crop(hand.scan, hand.points, hand.points).pixels - tiny.pixels).mean() > 0.012
    corner = [[0.0, 0.0], [79.0, 79.0]]
    there = tiny.frames[0].apply(corner)
    back = (large.frames[0].apply(corner) + 0.5) * [100 / rows, 100 / columns] - 0.5
    assert np.abs(there - back).max() < 0.5, "the frame leads to the pixels of the original"


def test_fitted_proportions_name_the_landmark_that_is_lacking(hand):
    few = hand.points.select(hand.points.names[:20])
    for kind in ("hand", "hand+regions"):
        with pytest.raises(ValueError, match=f"laid upon the landmark {hand.points.names[20]}, which the points lack"):
            CropSpec(kind, proportions="fitted").crop(hand.scan, few, hand.points)


@pytest.fixture(scope="module")
def volume():
    return draw_phantom_volume(np.random.default_rng(0), sex="M", age_months=150.0, spacing_mm=(2.0, 1.8, 1.8))


@pytest.mark.parametrize("kind", CROP_KINDS)
def test_every_way_of_cutting_a_volume_gives_the_regions_it_names(volume, kind):
    crop_spec = CropSpec(kind, 16, ndim=3)
    stack = crop_spec.crop(volume.scan, volume.points, volume.points)
    assert stack.names == crop_spec.region_names
    assert stack.pixels.shape == (len(stack.names), *crop_spec.shape)
    assert len(crop_spec.shape) == (2 if kind in ("regions-slice", "regions-projection") else 3)
    assert stack.present.mean() > 0.9
    assert {frame.ndim for frame in stack.frames if frame} == {3}


def test_volumes_are_cut_at_the_sites_of_volumes():
    assert CropSpec(ndim=3).sites == VOLUME_SITES
    assert CropSpec("regions-slice", ndim=3).region_names == tuple(site.name for site in VOLUME_SITES)


def test_radiographs_and_volumes_are_not_mixed_up(hand, volume):
    with pytest.raises(ValueError, match="cutting is of 3D scans, got 2D"):
        CropSpec("whole", ndim=3).crop(hand.scan)
    with pytest.raises(ValueError, match="cutting is of 2D scans, got 3D"):
        CropSpec("whole").crop(volume.scan)
