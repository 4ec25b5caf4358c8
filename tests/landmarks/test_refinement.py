import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.imaging.shapes import mirror
from boneage.landmarks import ForestLocaliser, StageSettings, paper
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.pose_search import PoseHypothesis
from boneage.landmarks.refinement import Refinement
from boneage.landmarks.search_settings import CandidateSettings, PriorSettings, SearchSettings
from boneage.landmarks.similarity import rotation
from boneage.landmarks.stages import NearbyVotes
from boneage.landmarks.views import Bounds
from boneage.landmarks.voting import VoteMap


@pytest.fixture(scope="module")
def fitted(scenes, tiny_settings):
    return ForestLocaliser(settings=tiny_settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))


@pytest.fixture(scope="module")
def plain(fitted):
    """A refinement by the same stages without local frames and without a pairwise prior."""
    shape, few = fitted.mean_shape_, fitted.pose_landmarks_
    flat = PairwisePrior.flat(shape)
    return Refinement(fitted._local, shape, np.zeros((4, 0), np.int64), flat, few, fitted._settings)


def score(refinement, scan, pose, starts):
    return refinement.open_view(scan, pose, find_bounds(starts))(starts)


def list_positions(found):
    return np.stack([landmark.position for landmark in found])


def find_bounds(shape):
    return Bounds(shape.min(axis=0) - 0.25, shape.max(axis=0) + 0.25)


def test_landmarks_are_refined_with_and_without_a_pairwise_prior(fitted, plain, scenes):
    scan, points = scenes[1][0]
    hypothesis = fitted._searcher.search(scan)
    for refinement in (fitted._refinement, plain):
        found = refinement.refine(scan, hypothesis)
        places = hypothesis.pose.inverse().apply(list_positions(found))
        assert np.linalg.norm(places - points.positions, axis=1).max() < 2.5
        assert all(0 < landmark.height <= 1 for landmark in found)
        for landmark, place in zip(found, places, strict=True):
            peak = np.array(np.unravel_index(landmark.map.values.argmax(), landmark.map.values.shape))
            assert np.abs(landmark.map.to_map.apply(place[None])[0] - peak).max() < 2


def test_a_few_landmarks_score_higher_in_the_right_pose_than_in_its_mirror_image(fitted, scenes):
    scan, points = scenes[1][1]
    right, shape = fitted._searcher.search(scan).pose, fitted.mean_shape_
    places, scores = score(fitted._refinement, scan, right, shape)
    few = fitted.pose_landmarks_
    assert places.shape == (4, 2)
    assert np.linalg.norm(right.inverse().apply(places) - points.positions[few], axis=1).max() < 4
    _, mirrored = score(fitted._refinement, scan, mirror(2).compose(right), shape)
    assert scores.mean() > 1.5 * mirrored.mean()


def test_a_pose_is_scored_by_a_few_landmarks_in_their_order(fitted, scenes):
    few = fitted.pose_landmarks_[[2, 0]]
    refinement = Refinement(fitted._local, fitted.mean_shape_, fitted.neighbours_, fitted.prior_, few, fitted._settings)
    scan = scenes[1][1][0]
    pose = fitted.usual_.place(scan)
    places, scores = score(refinement, scan, pose, fitted.mean_shape_)
    all_places, all_scores = score(fitted._refinement, scan, pose, fitted.mean_shape_)
    assert np.array_equal(places, all_places[[2, 0]])
    assert np.array_equal(scores, all_scores[[2, 0]])


class Terrain:
    """A stand-in stage: in each set a peak a landmark, found from within ``reach`` pixels."""

    def __init__(self, places, reach, resolution=100):
        """Peaks of shape (n, 2), or of several sets (n_sets, n, 2)."""
        self.stage = StageSettings(resolution=resolution, feature_range=0.1, radius=0.1)
        self.places, self.reach = np.atleast_3d(places.T).T, reach
        self.turns = []

    def coarsen(self, factor):
        return self

    def normalise(self, view):
        self.view = view
        return view.picture

    def vote_near(self, levels, k, start, turn, n_peaks=1, min_peak_ratio=0.0):
        self.turns.append(turn)
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
    return mean, PairwisePrior.fit(shapes, mean, PriorSettings())


def make_refinement(stages, mean, prior, neighbours=None, max_oversampling=3.0, **candidates):
    neighbours = np.zeros((len(mean), 0), np.int64) if neighbours is None else neighbours
    settings = dataclasses.replace(
        paper(), candidates=CandidateSettings(**candidates), max_oversampling=max_oversampling
    )
    return Refinement(stages, mean, neighbours, prior, np.arange(len(mean)), settings)


def make_hypothesis(pose, mean):
    return PoseHypothesis(pose, mean, BOUNDS)


def test_a_later_stage_of_a_finer_view_corrects_an_earlier_one():
    mean, prior = draw_shape()
    mistaken = mean + 0.045 * (np.arange(8) == 2)[:, None] * [1.0, 0.0]  # off by no more than training shapes vary
    blurred, clear = Terrain(RIGHT.inverse().apply(mistaken), 9), Terrain(RIGHT.inverse().apply(mean), 5)
    hypothesis = make_hypothesis(RIGHT, mean)
    first = make_refinement([blurred], mean, prior).refine(SCAN, hypothesis)
    assert list_positions(first) == pytest.approx(mistaken, abs=1e-6)
    both = make_refinement([blurred, clear], mean, prior).refine(SCAN, hypothesis)
    assert list_positions(both) == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize(("most", "ran"), [(3.0, [True, False, True]), (5.0, [True, True, True])])
def test_stages_much_finer_than_the_image_are_left_out_but_never_the_first(most, ran):
    """The image has 100 pixels a unit, its half 50."""
    mean, prior = draw_shape()
    stages = [Terrain(RIGHT.inverse().apply(mean), 30, resolution) for resolution in (100, 400, 300)]
    refinement = make_refinement(stages, mean, prior, max_oversampling=most)
    refinement.refine(SCAN, make_hypothesis(RIGHT, mean))
    assert refinement.least_details == (400 / most, 300 / most)
    assert [bool(stage.turns) for stage in stages] == ran
    half = Frame.from_linear(0.5 * np.eye(2), np.full(2, -0.25))
    small = Scan(np.zeros((100, 100))), RIGHT.compose(half.inverse())
    first = [Terrain(small[1].inverse().apply(mean), 60, resolution) for resolution in (300, 300)]
    found = make_refinement(first, mean, prior).refine(small[0], make_hypothesis(small[1], mean))
    assert [bool(stage.turns) for stage in first] == [True, False]
    assert list_positions(found) == pytest.approx(mean, abs=1e-6)


def test_patches_are_cropped_in_local_frames():
    mean, _ = draw_shape()
    turned = mean @ rotation(0.4, 2).T * 1.3
    neighbours = np.array([[other for other in range(8) if other != k] for k in range(8)])
    for most, expected in ((1.5, rotation(-0.4, 2) / 1.3), (1.2, np.eye(2))):
        stage = Terrain(RIGHT.inverse().apply(mean), 9)
        refinement = make_refinement([stage], mean, PairwisePrior.flat(mean), neighbours, max_local_resize=most)
        refinement.open_view(SCAN, RIGHT, BOUNDS)(turned)
        assert np.stack(stage.turns) == pytest.approx(np.tile(expected, (8, 1, 1)))


def test_the_votes_that_score_a_pose_are_of_fewer_positions(fitted, scenes):
    """Of the local stage's positions, a quarter vote at twice the step; the trees are the same."""
    stage = fitted._local[0]
    coarse = stage.coarsen(2)
    assert coarse.stage.step == 2 * stage.stage.step
    assert coarse.forests == stage.forests
    assert len(coarse._positions) < 0.4 * len(stage._positions)
    scan = scenes[1][0][0]
    pose = fitted.usual_.place(scan)
    search = SearchSettings(coarsening=1)
    settings = dataclasses.replace(fitted._settings, search=search)
    few = fitted.pose_landmarks_
    every = Refinement(fitted._local, fitted.mean_shape_, fitted.neighbours_, fitted.prior_, few, settings)
    _, of_some = score(fitted._refinement, scan, pose, fitted.mean_shape_)
    _, of_all = score(every, scan, pose, fitted.mean_shape_)
    assert of_some == pytest.approx(of_all, rel=0.3)
    assert not np.array_equal(of_some, of_all)
