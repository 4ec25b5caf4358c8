from pathlib import Path

import numpy as np
import pytest

from boneage.imaging import Frame, UnreadableScan
from boneage.imaging.volumes.building import LARGEST_VOXELS, build_volume, check_numbers, check_volume_size
from tests.imaging.volume_files import ramp

PATH = Path("hand.v1.nii.gz")
AXIAL = Frame.from_linear(np.diag([3.0, 1.0, 0.5])[::-1], (10, 20, 30))  # k to the head, j to the back, i to the left


def test_sizes_up_to_both_limits_are_allowed():
    check_volume_size(PATH, (2, 16, 16))
    check_volume_size(PATH, (512, 512, LARGEST_VOXELS // 512**2))


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((20, 1, 24), r"is a single slice, not a volume \(20 x 1 x 24 voxels\)"),
        ((2, 15, 500), r"too small to show a hand \(2 x 15 x 500 voxels\)"),
        ((512, 512, 513), r"too large \(512 x 512 x 513 voxels, at most 134,217,728 in all\)"),
    ],
)
def test_sizes_beyond_a_limit_are_refused(shape, reason):
    with pytest.raises(UnreadableScan, match=reason):
        check_volume_size(PATH, shape)


def test_voxels_that_are_no_numbers_are_counted():
    voxels = ramp().astype(np.float32)
    check_numbers(PATH, voxels)
    voxels[0, 0, :2] = np.nan, np.inf
    with pytest.raises(UnreadableScan, match="has 2 voxels that are no numbers"):
        check_numbers(PATH, voxels)


def test_a_volume_has_the_usual_order_of_axes_and_the_way_back():
    scan = build_volume(PATH, ramp().astype(np.float32), AXIAL, sex="F")
    assert (scan.source, scan.modality, scan.spacing_unit, scan.sex) == ("hand.v1", "mri", "mm", "F")
    assert (scan.pixels.shape, scan.original_shape) == ((20, 18, 24), (18, 20, 24))
    assert scan.spacing == (1.0, 3.0, 0.5)
    k, j, i = scan.to_original.apply([[4, 3, 9]])[0].astype(int).tolist()
    assert scan.pixels[4, 3, 9] == ramp()[k, j, i]
    assert np.array_equal(scan.to_patient.matrix, AXIAL.matrix)


def test_axes_that_are_not_perpendicular_are_refused_with_the_path():
    skewed = Frame.from_linear(AXIAL.matrix[:3, :3] + [[0.1, 0, 0], [0, 0, 0], [0, 0, 0]], (0, 0, 0))
    with pytest.raises(UnreadableScan, match="not perpendicular") as caught:
        build_volume(PATH, ramp().astype(np.float32), skewed)
    assert caught.value.path == PATH
