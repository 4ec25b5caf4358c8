import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.landmarks import StageSettings
from boneage.landmarks.candidates import LocalView, find_most_plausible
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.search_settings import CandidateSettings, PriorSettings
from boneage.landmarks.similarity import rotation
from boneage.landmarks.stages import NearbyVotes
from boneage.landmarks.views import Bounds
from boneage.landmarks.voting import VoteMap

RNG = np.random.default_rng(0)
MEAN = np.array(
    [[0.4, 0.0], [0.3, 0.3], [-0.1, -0.2], [-0.1, 0.2], [-0.3, -0.2], [-0.3, 0.2], [-0.5, -0.2], [-0.5, 0.2]]
)


class Terrain:
    """A stand-in stage: peaks at known places, found from within 0.09; the view has 100 pixels a unit."""

    def __init__(self, peaks):
        self.stage = StageSettings(resolution=100, feature_range=0.1, radius=0.1)
        self.peaks = peaks
        self.voted, self.turns = [], []

    def normalise(self, view):
        return view.picture

    def vote_near(self, levels, k, start, turn, n_peaks, min_peak_ratio):
        self.voted.append(k)
        self.turns.append(turn)
        self.limits = n_peaks, min_peak_ratio
        near = [(place, height) for place, height in self.peaks[k] if np.linalg.norm(100 * place - start) < 9]
        near = sorted(near, key=lambda peak: -peak[1])[:n_peaks] or [(start / 100, 0.01)]
        positions, heights = np.array([100 * place for place, _ in near]), np.array([height for _, height in near])
        return NearbyVotes(positions, heights, VoteMap(np.full((3, 3), heights[0], np.float32), Frame.identity(2)))


@pytest.fixture(scope="module")
def prior():
    shapes = MEAN + RNG.normal(0, 0.01, (30, 8, 2))
    return PairwisePrior.fit(shapes, MEAN, PriorSettings())


def locate(stage, prior, start, further=(), **settings):
    """Return the most plausible candidates' positions and heights; the view is the scan, of 100 pixels a unit."""
    pose = Frame.from_linear(np.eye(2) / 100, np.zeros(2))
    bounds = Bounds(np.full(2, 0.0), np.full(2, 0.03))
    view = LocalView(stage, Scan(np.zeros((4, 4))), pose, bounds)
    turns = np.tile(np.eye(2), (len(start), 1, 1))
    found = find_most_plausible(view, start, further, turns, prior, CandidateSettings(**settings))
    return np.stack([landmark.position for landmark in found]), np.array([landmark.height for landmark in found])


def test_starts_that_agree_with_the_prior_vote_once(prior):
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    positions, scores = locate(stage, prior, MEAN + 0.01)
    assert np.allclose(positions, MEAN)
    assert scores == pytest.approx(np.full(8, 0.8))
    assert sorted(stage.voted) == list(range(8))


def test_a_start_on_the_next_finger_is_corrected_by_predictions_from_the_others(prior):
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    stage.peaks[6].append((MEAN[7], 0.8))  # the tip of the other finger has the same votes
    start = MEAN.copy()
    start[6] = MEAN[7]
    positions, _ = locate(stage, prior, start)
    assert np.allclose(positions, MEAN)
    assert stage.voted.count(6) > 1


def test_a_predicted_start_has_the_rotation_and_size_by_which_it_is_predicted(prior):
    """The shape is turned and larger; the frames of the first starts are not."""
    true = 1.2 * MEAN @ rotation(0.2, 2).T
    stage = Terrain([[(place, 0.8)] for place in true])
    stage.peaks[6].append((true[7], 0.8))
    start = true.copy()
    start[6] = true[7]
    positions, _ = locate(stage, prior, start)
    assert np.allclose(positions, true)
    first, later = stage.turns[:8], stage.turns[8:]
    assert all(np.array_equal(turn, np.eye(2)) for turn in first)
    assert any(np.allclose(turn, rotation(-0.2, 2) / 1.2) for turn in later)


def test_landmarks_found_at_one_place_are_no_error(prior):
    """Two anchors at one place tell neither rotation nor size."""
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    for k in (4, 5, 6, 7):
        stage.peaks[k] = [(MEAN[4], 0.9)]
    start = MEAN.copy()
    start[4:] = MEAN[4]
    positions, _ = locate(stage, prior, start)
    assert np.isfinite(positions).all()


def test_the_lower_of_two_peaks_is_taken_where_it_is_the_plausible_one(prior):
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    stage.peaks[4] = [(MEAN[4] + [0.055, -0.055], 0.9), (MEAN[4], 0.5)]
    positions, scores = locate(stage, prior, MEAN)
    assert np.allclose(positions[4], MEAN[4])
    assert scores[4] == pytest.approx(0.5)


def test_a_view_without_peaks_is_no_error(prior):
    positions, scores = locate(Terrain([[] for _ in MEAN]), prior, MEAN)
    assert positions.shape == MEAN.shape
    assert (scores == 0.01).all()


def test_predictions_from_misplaced_landmarks_do_not_use_up_the_starts(prior):
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    start = MEAN.copy()
    for k, wrong in ((4, 5), (6, 7)):  # a whole finger taken for the other
        stage.peaks[k].append((MEAN[wrong], 0.8))
        start[k] = MEAN[wrong]
    positions, _ = locate(stage, prior, start)
    assert np.allclose(positions, MEAN)


def test_without_a_prior_the_highest_peak_is_taken():
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    higher = MEAN[4] + [0.055, -0.055]
    stage.peaks[4] = [(higher, 0.9), (MEAN[4], 0.5)]
    positions, scores = locate(stage, PairwisePrior.flat(MEAN), MEAN)
    assert np.allclose(positions[4], higher)
    assert scores == pytest.approx(np.where(np.arange(8) == 4, 0.9, 0.8))
    assert stage.limits[0] == 1
    assert sorted(stage.voted) == list(range(8))


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, True),
        ({"max_start_distance": 0.01}, False),  # all landmarks lie further than that from the mean shape
        ({"min_start_distance": 0.9}, False),  # all places are near the first start
    ],
)
def test_settings_decide_which_further_starts_there_are(prior, settings, found):
    """All votes for the tip of a finger are on the next finger at first."""
    places = MEAN + np.array([0.02, 0.0])
    stage = Terrain([[(place, 0.8)] for place in places])
    stage.peaks[6].append((places[7], 0.8))
    start = places.copy()
    start[6] = places[7]
    positions, _ = locate(stage, prior, start, **settings)
    assert np.allclose(positions[6], places[6] if found else places[7])


def test_a_landmark_has_a_largest_number_of_new_starts(prior):
    """The votes are nowhere, so that every prediction is a place without votes."""
    counts = []
    for most in (1, 3):
        stage = Terrain([[] for _ in MEAN])
        scattered = MEAN + np.random.default_rng(3).normal(0, 0.1, MEAN.shape)
        locate(stage, prior, scattered, max_new_starts=most, min_start_distance=1e-6)
        counts.append(np.bincount(stage.voted))
    assert counts[0].max() == 2
    assert counts[1].max() == 4


def test_a_peak_of_further_votes_beside_a_known_one_is_no_candidate(prior):
    """All votes for the tip are on the next finger at first; near enough to it, its own place is not taken."""
    for distance, k in ((0.005, 6), (0.5, 7)):
        stage = Terrain([[(place, 0.8)] for place in MEAN])
        stage.peaks[6].append((MEAN[7], 0.8))
        start = MEAN.copy()
        start[6] = MEAN[7]
        positions, _ = locate(stage, prior, start, min_distance=distance)
        assert np.allclose(positions[6], MEAN[k])


def test_a_landmark_is_found_from_a_further_start_alone():
    """Its place is far from the start, and without a prior nothing predicts it."""
    there = MEAN[2] + [0.3, 0.0]
    further = [np.zeros((0, 2))] * 8
    further[2] = np.stack([MEAN[2] + 0.01, there + 0.02, there])  # the first is near the start, the third the second

    def find(*further, **settings):
        stage = Terrain([[(place, 0.8)] for place in MEAN])
        stage.peaks[2] = [(there, 0.8)]
        positions, scores = locate(stage, PairwisePrior.flat(MEAN), MEAN, *further, **settings)
        return stage.voted.count(2), positions[2], scores[2]

    assert find()[2] == 0.01
    n_voted, place, height = find(further)
    assert n_voted == 2
    assert np.allclose(place, there)
    assert height == pytest.approx(0.8)
    assert find(further, min_start_distance=0.005)[0] == 4
