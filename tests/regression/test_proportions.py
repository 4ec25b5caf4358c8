import dataclasses

import cv2
import numpy as np
import pytest

from boneage.imaging import Frame, Points, Scan
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.regression import CropSpec
from boneage.regression.proportions import fit_proportions, measure_hand, reduce_detail, to_thumbnail


@pytest.fixture(scope="module")
def hand():
    return draw_phantom_hand(np.random.default_rng(2), sex="F", age_months=120.0, shape=(450, 350))


@pytest.mark.parametrize("kind", ["hand", "regions", "hand+regions"])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_copy_squashed_by_an_unknown_ratio_gives_the_regions_of_its_original(hand, kind, mirrored):
    rows, columns = hand.scan.pixels.shape
    squashed = cv2.resize(hand.scan.pixels, (220, 400), interpolation=cv2.INTER_AREA)
    moved = (hand.points.positions + 0.5) * [400 / rows, 220 / columns] - 0.5
    if mirrored:
        squashed, moved = squashed[:, ::-1], moved * [1, -1] + [0, 219]
    copy, points = Scan(squashed), Points(hand.points.names, moved)
    fitted, plain = CropSpec(kind, 48, proportions="fitted"), CropSpec(kind, 48)
    original = fitted.crop(hand.scan, hand.points, hand.points)
    assert np.abs(original.pixels - plain.crop(hand.scan, hand.points, hand.points).pixels).mean() < 0.005

    def difference(crop_spec):
        stack = crop_spec.crop(copy, points, hand.points, mirrored=mirrored)
        assert stack.present.all()
        return np.abs(stack.pixels - original.pixels).mean()

    assert difference(fitted) < 0.02
    assert 2 * difference(fitted) < difference(plain)


def test_a_filled_hand_reaches_both_sides_of_its_square_as_far_as_fitted_ones_reach_its_ends(hand):
    fitted, filled = (
        CropSpec("hand", 96, proportions=kind).crop(hand.scan, hand.points, hand.points)
        for kind in ("fitted", "filled")
    )
    in_fitted, in_filled = (
        np.ptp(crop.frames[0].inverse().apply(hand.points.positions), axis=0) for crop in (fitted, filled)
    )
    assert in_filled == pytest.approx([80, 80], abs=0.5)  # a margin of a tenth on each side
    assert in_fitted == pytest.approx([80, 80 / 1.7], rel=0.2)
    assert in_filled[0] == pytest.approx(in_fitted[0], abs=0.01)


def test_a_filled_hand_is_stretched_at_most_to_twice_its_breadth_and_regions_not_at_all(hand):
    middle = [name for name in hand.points.names if name.startswith("middle")]
    finger = hand.points.select(middle)
    crop = CropSpec("hand", 96, proportions="filled").crop(hand.scan, finger, finger)
    rows, columns = np.linalg.norm(crop.frames[0].matrix[:2, :2], axis=0)
    assert rows == pytest.approx(2 * columns)
    both = [
        CropSpec("regions", 32, proportions=kind).crop(hand.scan, hand.points, hand.points)
        for kind in ("fitted", "filled")
    ]
    assert np.array_equal(both[0].pixels, both[1].pixels)


def test_proportions_are_the_files_own_with_fewer_than_three_landmarks(hand):
    positions = np.full_like(hand.points.positions, np.nan)
    positions[:2] = hand.points.positions[:2]
    two = Points(hand.points.names, positions)
    fitted, plain = CropSpec("hand", 48, proportions="fitted"), CropSpec("hand", 48)
    from_fitted, from_plain = (crop_spec.crop(hand.scan, two, hand.points) for crop_spec in (fitted, plain))
    assert np.array_equal(from_fitted.pixels, from_plain.pixels)
    with pytest.raises(ValueError, match="a reference shape"):
        CropSpec("regions", proportions="fitted").crop(hand.scan, hand.points)


@pytest.mark.parametrize("kind", ["hand", "whole"])
def test_a_radiograph_and_its_thumbnail_give_the_same_crop(hand, kind):
    rows, columns = hand.scan.pixels.shape
    small = cv2.resize(hand.scan.pixels, (100, 100), interpolation=cv2.INTER_NEAREST_EXACT)
    moved = (hand.points.positions + 0.5) * [100 / rows, 100 / columns] - 0.5
    copy, points = Scan(small), Points(hand.points.names, moved)
    crop_spec = CropSpec(kind, 80, proportions="fitted", thumbnail=100)
    large, tiny = crop_spec.crop(hand.scan, hand.points, hand.points), crop_spec.crop(copy, points, hand.points)
    assert np.abs(large.pixels - tiny.pixels).mean() < 0.004
    assert np.abs(CropSpec(kind, 80).crop(hand.scan, hand.points, hand.points).pixels - tiny.pixels).mean() > 0.012
    corner = [[0.0, 0.0], [79.0, 79.0]]
    of_thumbnail = tiny.frames[0].apply(corner)
    of_original = (large.frames[0].apply(corner) + 0.5) * [100 / rows, 100 / columns] - 0.5
    assert np.abs(of_thumbnail - of_original).max() < 0.5, "the frame leads to the pixels of the original"


def test_fitted_proportions_name_the_landmark_that_the_points_lack(hand):
    incomplete = hand.points.select(hand.points.names[:20])
    for kind in ("hand", "hand+regions"):
        with pytest.raises(ValueError, match=f"aligned by the landmark {hand.points.names[20]}, which the points lack"):
            CropSpec(kind, proportions="fitted").crop(hand.scan, incomplete, hand.points)


def test_a_small_scan_is_its_own_thumbnail(hand):
    assert to_thumbnail(hand.scan, 450) is hand.scan


def test_volumes_have_neither_fitted_proportions_nor_thumbnails(hand):
    volume = Scan(np.zeros((9, 9, 9)))
    with pytest.raises(ValueError, match="proportions that its file says"):
        fit_proportions(volume, hand.points, hand.points)
    with pytest.raises(ValueError, match="not of volumes"):
        to_thumbnail(volume, 5)


def test_the_thumbnail_of_a_part_leads_to_the_same_original_pixels(hand):
    shift = Frame.from_linear(np.eye(2), [30, 200])
    part = dataclasses.replace(hand.scan, to_original=shift)
    middle = [[(n - 1) / 2 for n in hand.scan.pixels.shape]]
    small = to_thumbnail(part, 100)
    assert small.frame_to_original().apply([[49.5, 49.5]]) == pytest.approx(shift.apply(middle))


def _pixels_of_hand(scan, points):
    inside = scan.frame_to_original().inverse().apply(points.positions)
    return np.ptp(inside, axis=0)


def test_a_hand_is_shrunk_to_its_detail_and_one_of_fewer_pixels_is_left(hand):
    length = _pixels_of_hand(hand.scan, hand.points).max()
    small = reduce_detail(hand.scan, hand.points, hand.points, 150)
    assert _pixels_of_hand(small, hand.points).max() == pytest.approx(150, abs=1)
    assert small.true_size == pytest.approx(hand.scan.true_size)
    assert reduce_detail(hand.scan, hand.points, hand.points, int(length) + 2) is hand.scan
    absent = Points(hand.points.names, np.full_like(hand.points.positions, np.nan))
    assert reduce_detail(hand.scan, absent, hand.points, 150) is hand.scan
    with pytest.raises(ValueError, match="detail of a volume"):
        reduce_detail(Scan(np.zeros((4, 4, 4))), hand.points, hand.points, 150)


def test_a_hand_is_measured_along_each_axis_of_a_squashed_picture(hand):
    rows, columns = hand.scan.pixels.shape
    length = np.ptp(hand.points.positions, axis=0).max()
    assert measure_hand(hand.scan, hand.points, hand.points) == pytest.approx([length, length])
    squashed = Scan(cv2.resize(hand.scan.pixels, (columns, rows // 3))).as_resized_copy_of((rows, columns))
    assert measure_hand(squashed, hand.points, hand.points) == pytest.approx([length / 3, length])
    absent = Points(hand.points.names, np.full_like(hand.points.positions, np.nan))
    assert np.isnan(measure_hand(hand.scan, absent, hand.points)).all()


def test_each_axis_of_a_squashed_copy_is_shrunk_to_the_same_detail(hand):
    rows, columns = hand.scan.pixels.shape
    squashed = cv2.resize(hand.scan.pixels, (columns, rows // 3), interpolation=cv2.INTER_AREA)
    copy = Scan(squashed).as_resized_copy_of((rows, columns))
    small = reduce_detail(copy, hand.points, hand.points, 160)
    assert small.pixels.shape[0] == rows // 3, "the rows had fewer pixels already"
    across = _pixels_of_hand(small, hand.points)[1] / np.ptp(hand.points.positions, axis=0)[1]
    assert across * np.ptp(hand.points.positions, axis=0).max() == pytest.approx(160, abs=1)


@pytest.mark.parametrize("kind", ["hand", "regions"])
def test_a_film_and_its_half_size_copy_are_cropped_alike_at_one_detail(hand, kind):
    rows, columns = hand.scan.pixels.shape
    half = cv2.resize(hand.scan.pixels, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
    copy = Scan(half).as_resized_copy_of((rows, columns))

    def difference(detail):
        crop_spec = CropSpec(kind, 240 if kind == "hand" else 96, detail=detail)
        crops = [crop_spec.crop(scan, hand.points, hand.points).pixels for scan in (hand.scan, copy)]
        return np.abs(crops[0] - crops[1]).mean()

    assert difference(100) < 0.5 * difference(0)
