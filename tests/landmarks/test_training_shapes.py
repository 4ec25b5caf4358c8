import numpy as np
import pytest

from boneage.imaging import Points, Scan
from boneage.landmarks.training_shapes import measure_usual_pose, read_training_shapes
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
    size_ratio, centre_offset = measure_usual_pose(shapes)
    assert size_ratio == pytest.approx(40 / 200)
    assert centre_offset == pytest.approx([10 / 200, 0], abs=0.003)


def test_shapes_are_in_true_proportions():
    points = Points(NAMES, np.array([[0.0, 0.0], [0.0, 10.0], [10.0, 0.0], [10.0, 10.0]]))
    scan = Scan(np.zeros((40, 20)), spacing=(1.0, 2.0))
    _, (shape, _) = read_training_shapes([scan, scan], [points, points])
    assert np.array_equal(shape.in_file, points.positions)
    height, width = np.ptp(shape.shape, axis=0)
    assert width == pytest.approx(2 * height)
