import numpy as np
import pytest

from boneage.evaluation.benchmarks.stress.geometry import (
    Crop,
    Mirroring,
    Rotation,
    Scaling,
    Shrinking,
    Surround,
    Unchanged,
    restore_proportions,
)
from boneage.imaging import Points, Scan

MOVES = [
    Unchanged(),
    *(Rotation(degrees) for degrees in (15, 90, 200)),
    Mirroring(),
    Scaling(0.5),
    Scaling(2.0),
    Shrinking(60),
    Crop("wrist", 0.1),
    Crop("tips", 0.1),
    Surround("black", 1.2, degrees=20.0),
    Surround("air", 2.5, place=(0.9, 0.2)),
]


@pytest.fixture
def spot():
    """A bright spot, 6 x 6 pixels, off the middle of 90 x 120 dark ones, a landmark in it and one at either end."""
    pixels = np.full((90, 120), 10.0)
    pixels[30:36, 50:56] = 200.0
    return Scan(pixels, laterality="L"), Points(("spot", "tip", "wrist"), [[32.5, 52.5], [5.0, 60.0], [85.0, 60.0]])


@pytest.mark.parametrize("change", MOVES, ids=repr)
def test_image_and_landmarks_move_together_and_the_arguments_stay(spot, change):
    scan, points = spot
    pixels = scan.pixels.copy()
    changed, moved = change.apply(scan, points)
    peak = np.mean(np.argwhere(changed.pixels > changed.pixels.max() * 0.6), axis=0)
    assert np.linalg.norm(peak - moved.positions[0]) < 1.0
    assert np.array_equal(scan.pixels, pixels)


def test_a_mirror_image_is_of_the_other_side(spot):
    assert Mirroring().apply(*spot)[0].laterality == "R"


@pytest.mark.parametrize(("end", "lost"), [("tips", "tip"), ("wrist", "wrist")])
def test_a_crop_takes_a_share_of_the_hands_rows_at_one_end(spot, end, lost):
    cropped, points = Crop(end, 0.25).apply(*spot)
    assert cropped.pixels.shape == (65, 120)
    inside = (points.positions >= 0).all(axis=1) & (points.positions < cropped.pixels.shape).all(axis=1)
    assert [name for name, there in zip(points.names, inside, strict=True) if not there] == [lost]


def test_a_picture_without_landmarks_loses_the_same_share_of_all_its_rows():
    cropped, _ = Crop("wrist", 0.2).apply(Scan(np.eye(101)), Points((), np.empty((0, 2))))
    assert cropped.pixels.shape == (80, 101)


def test_a_small_picture_is_not_made_larger(spot):
    assert Shrinking(500).apply(*spot)[0].pixels.shape == (90, 120)
    assert Shrinking(60).apply(*spot)[0].pixels.shape == (45, 60)


def test_the_surround_is_as_dark_or_as_bright_as_the_picture_ever_is(spot):
    for grey, value in (("air", 10.0), ("black", 10.0), ("bright", 200.0)):
        placed, _ = Surround(grey, 1.5).apply(*spot)
        assert placed.pixels.shape == (135, 180)
        assert placed.pixels[0, 0] == placed.pixels[-1, -1] == value


def test_proportions_are_restored_and_landmarks_come_into_the_files_pixels():
    pixels = np.zeros((40, 40))
    pixels[20:24, 10:14] = 9.0
    scan = Scan(pixels).as_resized_copy_of((160, 80))
    restored, points = restore_proportions(scan, Points(("spot",), [[87.5, 23.5]]))
    assert restored.pixels.shape == (80, 40)
    assert restored.spacing == (2.0 * np.sqrt(2) / np.sqrt(2),) * 2
    peak = np.mean(np.argwhere(restored.pixels > 5), axis=0)
    assert np.linalg.norm(peak - points.positions[0]) < 0.6


def test_square_pixels_stay_as_they_are(spot):
    restored, points = restore_proportions(*spot)
    assert np.array_equal(restored.pixels, spot[0].pixels)
    assert np.array_equal(points.positions, spot[1].positions)
