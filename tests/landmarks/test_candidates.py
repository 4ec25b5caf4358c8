import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.landmarks.candidates import CandidateSearch
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.stages import NearbyVotes
from boneage.landmarks.views import View
from boneage.landmarks.voting import VoteMap

RNG = np.random.default_rng(0)
MEAN = np.array(
    [[0.4, 0.0], [0.3, 0.3], [-0.1, -0.2], [-0.1, 0.2], [-0.3, -0.2], [-0.3, 0.2], [-0.5, -0.2], [-0.5, 0.2]]
)


class Terrain:
    """A stand-in stage: peaks at known places, found from within 0.09; the view has 100 pixels a unit."""

    def __init__(self, peaks):
        self.peaks = peaks
        self.voted = []

    def normalise(self, view):
        return view.picture

    def vote_near(self, levels, k, start, turn, n_peaks):
        self.voted.append(k)
        near = [(place, height) for place, height in self.peaks[k] if np.linalg.norm(100 * place - start) < 9]
        near = sorted(near, key=lambda peak: -peak[1])[:n_peaks] or [(start / 100, 0.01)]
        positions, heights = np.array([100 * place for place, _ in near]), np.array([height for _, height in near])
        return NearbyVotes(positions, heights, VoteMap(np.full((3, 3), heights[0], np.float32), Frame.identity(2)))


@pytest.fixture(scope="module")
def prior():
    shapes = MEAN + RNG.normal(0, 0.01, (30, 8, 2))
    return PairwisePrior.fit(shapes, MEAN)


def search(stage, prior, **options):
    view = View(np.zeros((4, 4), np.float32), Frame.identity(2), 100)
    to_view = Frame.from_linear(100 * np.eye(2), np.zeros(2))
    options = {"n_peaks": 4} | options
    return CandidateSearch(stage, view, to_view, prior, lambda p: np.tile(np.eye(2), (len(p), 1, 1)), **options)


def test_starts_that_agree_with_the_prior_vote_once(prior):
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    positions, scores, maps = search(stage, prior).locate(MEAN + 0.01)
    assert np.allclose(positions, MEAN)
    assert scores == pytest.approx(np.full(8, 0.8))
    assert sorted(stage.voted) == list(range(8))
    assert len(maps) == 8


def test_a_start_on_the_next_finger_is_corrected_by_predictions_from_the_others(prior):
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    stage.peaks[6].append((MEAN[7], 0.8))  # the tip of the other finger has the same votes
    start = MEAN.copy()
    start[6] = MEAN[7]
    positions, _, _ = search(stage, prior).locate(start)
    assert np.allclose(positions, MEAN)
    assert stage.voted.count(6) > 1


def test_the_lower_of_two_peaks_is_taken_where_it_is_the_plausible_one(prior):
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    stage.peaks[4] = [(MEAN[4] + [0.055, -0.055], 0.9), (MEAN[4], 0.5)]
    positions, scores, _ = search(stage, prior).locate(MEAN)
    assert np.allclose(positions[4], MEAN[4])
    assert scores[4] == pytest.approx(0.5)


def test_a_view_without_peaks_is_no_error(prior):
    positions, scores, _ = search(Terrain([[] for _ in MEAN]), prior).locate(MEAN)
    assert positions.shape == MEAN.shape
    assert (scores == 0.01).all()


def test_only_outliers_and_landmarks_of_few_votes_get_further_starts():
    loose = PairwisePrior.fit(MEAN + RNG.normal(0, 0.03, (30, 8, 2)), MEAN)

    def locate(place, height):
        stage = Terrain([[(place, 0.8)] for place in MEAN])
        stage.peaks[6] = [(place, height), (MEAN[6], 0.8)]
        start = MEAN.copy()
        start[6] = place
        return search(stage, loose, n_peaks=1, doubtful_height=0.5).locate(start)[0]

    beside = MEAN[6] + (0.1, 0.0)
    assert not loose.find_outliers(np.vstack([MEAN[:6], beside, MEAN[7]])).any()
    assert np.allclose(locate(beside, 0.3), MEAN)
    assert np.allclose(locate(beside, 0.5)[6], beside)
    assert np.allclose(locate(MEAN[7], 0.9), MEAN)


def test_predictions_from_misplaced_landmarks_do_not_use_up_the_starts(prior):
    stage = Terrain([[(place, 0.8)] for place in MEAN])
    start = MEAN.copy()
    for k, wrong in ((4, 5), (6, 7)):  # a whole finger taken for the other
        stage.peaks[k].append((MEAN[wrong], 0.8))
        start[k] = MEAN[wrong]
    positions, _, _ = search(stage, prior).locate(start)
    assert np.allclose(positions, MEAN)
