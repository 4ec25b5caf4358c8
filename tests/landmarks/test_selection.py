import math

import numpy as np
import pytest

from boneage.imaging import Points, Scan
from boneage.landmarks import ForestLocaliser
from boneage.landmarks.selection import CRITERIA, weigh_doubt


@pytest.fixture(scope="module")
def localiser(scenes, tiny_settings):
    """A localiser that has learnt the scenes."""
    scans, points = zip(*scenes[0], strict=True)
    return ForestLocaliser(settings=tiny_settings).fit(scans, points)


def blur(scan):
    """The scene with half of its contrast, under noise."""
    noise = np.random.default_rng(1).normal(0, 25, scan.pixels.shape)
    return Scan(0.5 * scan.pixels + noise)


def test_a_noisy_scene_is_more_doubtful_than_a_clear_one(localiser, scenes):
    clear = [weigh_doubt(localiser, scan) for scan, _ in scenes[1]]
    noisy = [weigh_doubt(localiser, blur(scan)) for scan, _ in scenes[1]]
    for name in CRITERIA[:2]:
        assert np.mean([getattr(d, name) for d in clear]) < np.mean([getattr(d, name) for d in noisy])
    assert all(0 < d.disagreement < 5 and 0 < d.spread < 20 and d.implausibility > 0 for d in clear)


def test_the_committee_agrees_about_where_the_landmarks_are(localiser, scenes):
    scan = scenes[1][0][0]
    located, plain = localiser.find(scan, committee=True), localiser.find(scan)
    assert plain.committee is None
    assert np.array_equal(plain.points.positions, located.points.positions)
    assert located.committee.shape == (6, 4, 2)
    spread = np.linalg.norm(located.committee - located.committee.mean(axis=0), axis=2)
    assert np.median(spread) < 0.02  # of the extent


def test_posture_is_where_the_landmarks_lie_in_the_common_pose(localiser, scenes):
    posture = weigh_doubt(localiser, scenes[1][0][0]).posture
    assert np.abs(posture.reshape(4, 2) - localiser.mean_shape_).max() < 0.1


def test_doubts_do_not_depend_on_the_size_of_the_original(localiser, scenes):
    scan = scenes[1][0][0]
    shape = tuple(3 * n for n in scan.pixels.shape)
    once, thrice = weigh_doubt(localiser, scan), weigh_doubt(localiser, scan.as_resized_copy_of(shape))
    for name in CRITERIA:
        assert getattr(once, name) == pytest.approx(getattr(thrice, name), rel=1e-3)


def test_where_no_pose_is_found_the_doubt_is_infinite_and_there_is_no_posture(localiser):
    doubt = weigh_doubt(localiser, Scan(np.random.default_rng(0).normal(20, 2, (110, 110))))
    assert math.isinf(doubt.disagreement)
    assert math.isinf(doubt.implausibility)
    assert np.isnan(doubt.posture).all()
    assert len(doubt.posture) == 8


def test_points_of_another_number_of_axes_are_refused(localiser):
    with pytest.raises(ValueError, match="3D one"):
        weigh_doubt(localiser, Scan(np.random.default_rng(0).normal(size=(9, 9, 9))))
    assert isinstance(localiser.locate(Scan(np.eye(40))), Points)
