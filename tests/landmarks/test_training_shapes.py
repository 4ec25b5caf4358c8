import math

import numpy as np
import pytest

from boneage.imaging import Points, Scan
from boneage.landmarks.similarity import rotation
from boneage.landmarks.training_shapes import UsualPose, read_training_shapes, select_far_apart
from tests.landmarks.conftest import NAMES


def test_training_data_is_checked(scenes):
    (scan, points), (other, _) = scenes[0][:2]
    with pytest.raises(ValueError, match="at least 2 scans"):
        read_training_shapes([scan], [points])
    with pytest.raises(ValueError, match="names differ"):
        read_training_shapes([scan, other], [points, Points(("a", "b", "c", "d"), points.positions)])
    absent = points.positions.copy()
    absent[0] = np.nan
    with pytest.raises(ValueError, match="cross is absent in every"):
        read_training_shapes([scan, other], [Points(NAMES, absent)] * 2)
    in_one_place = Points(NAMES, np.full((4, 2), 5.0), np.ones(4), ("",) * 4)
    with pytest.raises(ValueError, match="all lie in one place"):
        read_training_shapes([scan, other], [points, in_one_place])
    with pytest.raises(ValueError, match="at least 2 landmarks"):
        read_training_shapes([scan, other], [points, Points(NAMES, np.full((4, 2), np.nan))])


def test_the_usual_size_and_place_are_relative_to_the_larger_side():
    """Squares of 20, 40 and 60 pixels in an image of 100 x 200, each 10 pixels below its middle."""
    corners = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
    points = [Points(NAMES, corners * side + [60, 100]) for side in (20, 40, 60)]
    scans = [Scan(np.zeros((100, 200)))] * 3
    names, shapes = read_training_shapes(scans, points)
    assert names == NAMES
    usual = UsualPose.measure(shapes)
    assert usual.size_ratio == pytest.approx(40 / 200)
    assert usual.centre_offset == pytest.approx([10 / 200, 0], abs=0.003)


def test_the_usual_pose_is_measured_in_true_proportions():
    """A square of 40 mm, 10 mm right of the middle of an image of 100 x 200 mm, in pixels of 1 x 4 mm."""
    corners = np.array([[30.0, 90.0], [30.0, 130.0], [70.0, 90.0], [70.0, 130.0]])
    points = Points(NAMES, corners / [1, 4])
    scan = Scan(np.zeros((100, 50)), spacing=(1.0, 4.0))
    usual = UsualPose.measure(read_training_shapes([scan] * 2, [points] * 2)[1])
    assert usual.size_ratio == pytest.approx(40 / 200)
    assert usual.centre_offset == pytest.approx([0, 10 / 200])
    assert usual.place(scan).apply(points.positions) == pytest.approx((corners - [50, 110]) / 40)


def test_the_usual_pose_places_the_usual_centre_at_the_middle_in_the_usual_size():
    scan, middle = Scan(np.zeros((100, 60))), UsualPose(0.5, np.zeros(2))
    pose = UsualPose(0.5, np.array([0.1, 0.0])).place(scan)
    assert pose.apply([[60.0, 30.0]]) == pytest.approx(np.zeros((1, 2)))
    assert pose.apply([[110.0, 30.0]]) == pytest.approx(np.array([[1.0, 0.0]]))
    assert middle.place(scan, 0.5).apply([[75.0, 30.0]]) == pytest.approx(np.array([[1.0, 0.0]]))
    turned = middle.place(scan, turn=rotation(math.pi / 2, 2))
    assert turned.apply([[100.0, 30.0]]) == pytest.approx(np.array([[0.0, 1.0]]))
    mirrored = middle.place(scan, turn=np.diag([1.0, -1.0]))
    assert mirrored.apply([[50.0, 80.0]]) == pytest.approx(np.array([[0.0, -1.0]]))
    assert np.linalg.det(mirrored.matrix) < 0


def test_the_usual_pose_heeds_the_proportions_of_the_pixels():
    pose = UsualPose(1.0, np.zeros(2)).place(Scan(np.zeros((100, 50)), spacing=(1.0, 2.0)))
    assert pose.apply([[100.0, 50.0]]) == pytest.approx(np.array([[0.5, 0.5]]))
    flat = UsualPose(0.5, np.zeros(2)).place(Scan(np.zeros((100, 100)), spacing=(1.0, 4.0)))
    assert flat.apply([[50.0, 50.0], [50.0, 75.0], [70.0, 50.0]]) == pytest.approx(
        np.array([[0.0, 0.0], [0.0, 0.5], [0.1, 0.0]])
    )


def test_the_usual_pose_of_a_volume_is_turned_about_its_middle():
    scan = Scan(np.zeros((10, 40, 20)), spacing=(4.0, 1.0, 1.0), modality="mri")
    pose = UsualPose(0.5, np.zeros(3)).place(scan, turn=rotation(math.pi / 2, 3))
    assert pose.apply([[5.0, 20.0, 10.0], [10.0, 20.0, 10.0]]) == pytest.approx(np.array([[0.0, 0, 0], [1.0, 0, 0]]))
    assert pose.apply([[5.0, 40.0, 10.0]]) == pytest.approx(np.array([[0.0, 0.0, 1.0]]))


def test_shapes_are_in_true_proportions():
    points = Points(NAMES, np.array([[0.0, 0.0], [0.0, 10.0], [10.0, 0.0], [10.0, 10.0]]))
    scan = Scan(np.zeros((40, 20)), spacing=(1.0, 2.0))
    _, (shape, _) = read_training_shapes([scan, scan], [points, points])
    assert np.array_equal(shape.in_file, points.positions)
    height, width = np.ptp(shape.shape, axis=0)
    assert width == pytest.approx(2 * height)


def test_the_landmarks_that_score_a_pose_lie_far_apart():
    shape = np.array([[0.0, 0.0], [0.01, 0.0], [0.5, 0.0], [-0.5, 0.4], [0.49, 0.0]])
    assert select_far_apart(shape, 3).tolist() == [3, 2, 0]
    assert sorted(select_far_apart(shape, 9).tolist()) == [0, 1, 2, 3, 4]
