import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.landmarks import ForestLocaliser, StageSettings
from boneage.landmarks.refining import Refiner
from boneage.landmarks.voting import VoteMap


@pytest.fixture(scope="module")
def fitted(scenes, tiny_settings):
    return ForestLocaliser(settings=tiny_settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))


@pytest.fixture(scope="module")
def plain(fitted):
    """A refiner of the same stages that knows nothing of how landmarks lie to each other."""
    return Refiner(fitted._local, fitted.mean_shape_, None, None)


def find(localiser, scan):
    return localiser._finder.search(scan, 0.0, lambda outcome: 1.0)


def test_landmarks_are_refined_with_and_without_a_constellation(fitted, plain, scenes):
    scan, points = scenes[1][0]
    outcome = find(fitted, scan)
    for refiner in (fitted._refiner, plain):
        start = refiner.start_from(outcome)
        positions, scores, votes = refiner.refine(scan, outcome.pose, start, fitted.bounds_)
        found = outcome.pose.inverse().apply(positions)
        assert np.linalg.norm(found - points.positions, axis=1).max() < 2.5
        assert ((scores > 0) & (scores <= 1)).all()
        for vote, place in zip(votes, found, strict=True):
            peak = np.array(np.unravel_index(vote.values.argmax(), vote.values.shape))
            assert np.abs(vote.to_map.apply(place[None])[0] - peak).max() < 2


def test_more_is_seen_in_the_right_pose_than_in_its_mirror_image(fitted, scenes):
    from boneage.imaging.shapes import mirror

    scan, _ = scenes[1][1]
    right = find(fitted, scan)
    (wrong, *_) = fitted._finder.correct(scan, [mirror(2).compose(right.pose)])
    assert fitted._refiner.score(scan, right, fitted.bounds_) > 1.5 * fitted._refiner.score(scan, wrong, fitted.bounds_)


def test_a_coarse_estimate_far_from_its_place_is_not_begun_from(fitted, scenes):
    outcome = find(fitted, scenes[1][0][0])
    outcome.positions[1] += 0.4
    start = fitted._refiner.start_from(outcome)
    assert np.array_equal(start[1], fitted.mean_shape_[1])
    assert np.array_equal(start[0], outcome.positions[0])


def test_without_a_constellation_nothing_is_odd(plain, fitted):
    astray = fitted.mean_shape_ + np.array([[9.0, 9.0], [0, 0], [0, 0], [0, 0]])
    assert not plain.find_odd(astray).any()
    assert fitted._refiner.find_odd(astray)[0]


class Drifting:
    """A stand-in stage that finds each landmark a pixel below where it begins, but one of them far away."""

    stage = StageSettings(resolution=100, feature_range=0.1, radius=0.1)

    def __init__(self):
        self.begun = []

    def locate(self, view, starts, turns):
        self.begun.append(starts)
        drift = [1.0, 1.0, 40.0 * (len(self.begun) > 1), 1.0]
        found = starts + np.outer(drift, [1.0, 0.0])
        maps = tuple(VoteMap(np.full((3, 3), len(self.begun), np.float32), Frame.identity(2)) for _ in starts)
        return found, np.full(4, 0.1 * len(self.begun)), maps


@pytest.mark.parametrize("repeats", [0, 1, 3])
def test_the_last_stage_votes_again_and_what_would_go_elsewhere_stays(fitted, scenes, repeats):
    first, last = Drifting(), Drifting()
    refiner = Refiner([first, last], fitted.mean_shape_, None, None, repeats)
    scan, _ = scenes[1][0]
    outcome = find(fitted, scan)
    positions, scores, votes = refiner.refine(scan, outcome.pose, fitted.mean_shape_, fitted.bounds_)
    assert (len(first.begun), len(last.begun)) == (1, 1 + repeats)
    moved = 100 * np.linalg.norm(positions - fitted.mean_shape_, axis=1)
    assert moved == pytest.approx([2 + repeats, 2 + repeats, 0, 2 + repeats], abs=1e-6)
    latest = 0.1 * (1 + repeats)
    assert scores == pytest.approx([latest, latest, 0.1, latest])
    assert [int(vote.values.max()) for vote in votes] == [1 + repeats, 1 + repeats, 1, 1 + repeats]
