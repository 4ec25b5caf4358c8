import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.landmarks.calibration import calibrate_scores
from boneage.landmarks.pose_search import PoseHypothesis


class Search:
    """A stand-in search: a pose has a support of 10, its mirror image one of ``mirrored``."""

    def __init__(self, mirrored):
        self.mirrored = mirrored
        self.n_corrected = 0

    def correct(self, scan, poses):
        self.n_corrected += 1
        (pose,) = poses
        support = 10.0 if np.linalg.det(pose.matrix) > 0 else self.mirrored
        return [PoseHypothesis(pose, np.zeros((1, 2)), np.ones(1), support)]


@pytest.mark.parametrize(
    ("mirrored", "may_mirror", "min_support"), [(2.0, True, 6.0), (8.0, True, 10.0), (8.0, False, 6.0)]
)
def test_a_certain_pose_has_more_support_than_the_mirror_images(mirrored, may_mirror, min_support):
    search, scans, poses = Search(mirrored), [Scan(np.zeros((9, 9)))] * 50, [Frame.identity(2)] * 50
    result = calibrate_scores(search, lambda scan, hypothesis: 0.3, scans, poses, may_mirror, n_jobs=1)
    assert result == pytest.approx((min_support, 0.3))
    assert search.n_corrected == 20 * (1 + may_mirror), "twenty scans suffice"


def test_where_no_pose_can_be_corrected_every_support_is_certain():
    search = Search(0.0)
    search.correct = lambda scan, poses: []
    assert calibrate_scores(search, None, [Scan(np.zeros((9, 9)))] * 2, [Frame.identity(2)] * 2, True, 1) == (0.0, 0.0)
