import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.imaging.shapes import mirror
from boneage.landmarks import ForestLocaliser, StageSettings
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.refinement import Refinement
from boneage.landmarks.similarity import rotation
from boneage.landmarks.stages import NearbyVotes
from boneage.landmarks.views import Bounds
from boneage.landmarks.voting import VoteMap


@pytest.fixture(scope="module")
def fitted(scenes, tiny_settings):
    return ForestLocaliser(settings=tiny_settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))


@pytest.fixture(scope="module")
def plain(fitted):
    """A refinement by the same stages without a pairwise prior."""
    return Refinement(fitted._local, fitted.mean_shape_, None, None)


def find(localiser, scan):
    return localiser._pose_search.search(scan, 0.0, lambda hypothesis: 1.0)[0][0]


def test_landmarks_are_refined_with_and_without_a_pairwise_prior(fitted, plain, scenes):
    scan, points = scenes[1][0]
    hypothesis = find(fitted, scan)
    for refinement in (fitted._refinement, plain):
        start = refinement.initial_positions(hypothesis)
        found = refinement.refine(scan, hypothesis.pose, start, fitted.bounds_)
        places = found.pose.inverse().apply(found.positions)
        assert np.linalg.norm(places - points.positions, axis=1).max() < 2.5
        assert ((found.scores > 0) & (found.scores <= 1)).all()
        for vote, place in zip(found.votes, places, strict=True):
            peak = np.array(np.unravel_index(vote.values.argmax(), vote.values.shape))
            assert np.abs(vote.to_map.apply(place[None])[0] - peak).max() < 2


def test_the_right_pose_scores_higher_than_its_mirror_image(fitted, scenes):
    scan, _ = scenes[1][1]
    right = find(fitted, scan)
    (wrong, *_) = fitted._pose_search.correct(scan, [mirror(2).compose(right.pose)])
    assert fitted._refinement.score(scan, right, fitted.bounds_) > 1.5 * fitted._refinement.score(
        scan, wrong, fitted.bounds_
    )


def test_a_coarse_estimate_far_from_its_place_is_no_start(fitted, scenes):
    hypothesis = find(fitted, scenes[1][0][0])
    hypothesis.positions[1] += 0.4
    start = fitted._refinement.initial_positions(hypothesis)
    assert np.array_equal(start[1], fitted.mean_shape_[1])
    assert np.array_equal(start[0], hypothesis.positions[0])


def test_without_a_prior_there_are_no_outliers(plain, fitted):
    misplaced = fitted.mean_shape_ + np.array([[9.0, 9.0], [0, 0], [0, 0], [0, 0]])
    assert not plain.find_outliers(misplaced).any()
    assert fitted._refinement.find_outliers(misplaced)[0]


class Terrain:
    """A stand-in stage of 100 pixels a unit: in each set a peak a landmark, found from within ``reach`` pixels."""

    stage = StageSettings(resolution=100, feature_range=0.1, radius=0.1)

    def __init__(self, places, reach):
        """Peaks of shape (n, 2), or of several sets (n_sets, n, 2)."""
        self.places, self.reach = np.atleast_3d(places.T).T, reach

    def normalise(self, view):
        self.view = view
        return view.picture

    def vote_near(self, levels, k, start, turn, n_peaks):
        near = [self.view.to_view.apply(places)[k] for places in self.places]
        place = min(near, key=lambda place: np.linalg.norm(place - start))
        found = np.linalg.norm(place - start) < self.reach
        height = 0.8 if found else 0.05
        values = np.full((3, 3), height, np.float32)
        return NearbyVotes((place if found else start)[None], np.array([height]), VoteMap(values, Frame.identity(2)))


SCAN = Scan(np.zeros((200, 200)))
RIGHT = Frame.from_linear(0.01 * np.eye(2), np.full(2, -1.0))
BOUNDS = Bounds(np.full(2, -0.7), np.full(2, 0.7))


def draw_shape(width=0.4, slope=0.0):
    """Return a mean shape (its own mirror image without a slope), and the prior of shapes that vary a little."""
    mean = np.array([[row, column] for row in (-0.4, -0.1, 0.2, 0.5) for column in (-0.2, width - 0.2 + slope * row)])
    shapes = mean + np.random.default_rng(0).normal(0, 0.01, (30, 8, 2))
    return mean, PairwisePrior.fit(shapes, mean)


def test_a_later_stage_of_a_finer_view_corrects_an_earlier_one():
    mean, prior = draw_shape()
    mistaken = mean + 0.045 * (np.arange(8) == 2)[:, None] * [1.0, 0.0]  # off by no more than training shapes vary
    blurred, clear = Terrain(RIGHT.inverse().apply(mistaken), 9), Terrain(RIGHT.inverse().apply(mean), 2)
    first = Refinement([blurred], mean, None, prior).refine(SCAN, RIGHT, mean, BOUNDS)
    assert first.positions == pytest.approx(mistaken, abs=1e-6)
    both = Refinement([blurred, clear], mean, None, prior).refine(SCAN, RIGHT, mean, BOUNDS)
    assert both.positions == pytest.approx(mean, abs=1e-6)


def test_of_a_low_score_the_first_stage_is_restarted_in_poses_nearby():
    mean, prior = draw_shape()
    turned = Frame.from_linear(rotation(0.25, 2), np.zeros(2)).compose(RIGHT)
    stage = Terrain(RIGHT.inverse().apply(mean), 4)  # so near a turn of 0.25 brings none of them
    refinement = Refinement([stage], mean, None, prior)

    certain = refinement.refine(SCAN, turned, mean, BOUNDS)
    assert certain.scores.max() < 0.1
    doubted = refinement.refine(SCAN, turned, mean, BOUNDS, doubtful=0.5)
    assert doubted.scores.min() == 0.8
    assert doubted.pose.inverse().apply(doubted.positions) == pytest.approx(RIGHT.inverse().apply(mean), abs=1e-6)

    nowhere = Refinement([Terrain(np.full((8, 2), 900.0), 4)], mean, None, prior)
    assert nowhere.refine(SCAN, turned, mean, BOUNDS, doubtful=0.5).pose.matrix == pytest.approx(turned.matrix)


def test_of_several_poses_the_one_nearest_to_the_landmarks_is_returned():
    mean, prior = draw_shape(width=0.3, slope=0.25)
    turned, away = (
        Frame.from_linear(rotation(angle, 2), np.full(2, shift)).compose(RIGHT)
        for angle, shift in ((0.25, 0), (2, 0.3))
    )
    refinement = Refinement([Terrain(RIGHT.inverse().apply(mean), 4)], mean, None, prior)
    places = pytest.approx(RIGHT.inverse().apply(mean), abs=1e-6)
    found = refinement.refine_best(SCAN, [away, turned], BOUNDS, lowest=0.5, may_mirror=False)
    assert found.pose.inverse().apply(found.positions) == places

    of_the_other_side = mirror(2).compose(turned)
    mirrored = refinement.refine_best(SCAN, [away, of_the_other_side], BOUNDS, lowest=0.5, may_mirror=True)
    assert mirrored.pose.inverse().apply(mirrored.positions) == places
    assert np.linalg.det(mirrored.pose.matrix) > 0
    assert refinement.refine_best(SCAN, [away, of_the_other_side], BOUNDS, lowest=0.5, may_mirror=False) is None


def test_of_poses_that_score_alike_in_the_first_stage_the_last_decides():
    mean, prior = draw_shape(width=0.3, slope=0.25)
    wrong = Frame.from_linear(np.eye(2), np.array([0.3, 0.0])).compose(RIGHT)
    places = RIGHT.inverse().apply(mean)
    both, clear = Terrain(np.stack([places, wrong.inverse().apply(mean)]), 9), Terrain(places, 9)
    refinement = Refinement([both, clear], mean, None, prior)
    for poses in ([wrong, RIGHT], [RIGHT, wrong]):
        found = refinement.refine_best(SCAN, poses, BOUNDS, lowest=0.5, may_mirror=False)
        assert found.pose.inverse().apply(found.positions) == pytest.approx(places, abs=1e-6)
