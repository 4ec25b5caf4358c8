import numpy as np
import pytest

from boneage.landmarks.voting import cast_votes, find_peak, find_peaks, smooth, vote, weigh_votes


class OneLeafEach:
    """A stand-in forest: position k ends in leaf k, which points exactly at the landmark."""

    def __init__(self, positions, landmark, spreads):
        self.displacements_ = (landmark - positions)[:, None].astype(np.float32)
        self.spreads_ = spreads[:, None].astype(np.float32)


@pytest.mark.parametrize("shape", [(40, 50), (20, 24, 22)])
def test_votes_that_agree_give_the_place_and_a_full_score(shape):
    rng = np.random.default_rng(0)
    landmark = np.array([18.0, 9.0, 11.0])[-len(shape) :] if len(shape) == 3 else np.array([18.0, 30.0])
    positions = rng.integers(0, shape, (100, len(shape)))
    forest = OneLeafEach(positions, landmark, np.zeros(100))
    leaves = np.arange(100, dtype=np.int32)[:, None]
    peaks, scores, maps = vote(forest, leaves, positions, np.ones((100, 1), np.float32), shape, 1.5)
    assert np.allclose(peaks[0], landmark, atol=0.05)
    assert scores[0] == pytest.approx(1.0, abs=0.02)
    assert maps.shape == (1, *shape)
    assert maps.max() == pytest.approx(scores[0], abs=0.01)


def test_weights_choose_between_two_camps():
    positions = np.array([[10, 10]] * 10 + [[30, 30]] * 12)
    forest = OneLeafEach(positions, positions.astype(float), np.array([0.0] * 10 + [9.0] * 12))
    leaves = np.arange(22, dtype=np.int32)[:, None]

    def winner(weight):
        weights = weigh_votes(forest, weight, 1.0)
        return vote(forest, leaves, positions, weights, (40, 40), 1.0)[0][0].round().tolist()

    assert winner("uniform") == [30, 30]
    assert winner("spread") == [10, 10]


def test_weights_follow_their_formulas():
    forest = OneLeafEach(np.array([[0, 0], [0, 0]]), np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([2.0, 0.0]))
    assert weigh_votes(forest, "uniform", 5.0)[:, 0].tolist() == [1, 1]
    assert weigh_votes(forest, "displacement", 5.0)[:, 0] == pytest.approx([np.exp(-1), 1])
    assert weigh_votes(forest, "spread", 2.0)[:, 0] == pytest.approx([0.5, 1])


def test_votes_outside_the_map_are_lost():
    maps = np.zeros((1, 100), np.float32)
    displacements = np.array([[[-5.0, 0.0]], [[1.0, 1.0]]], np.float32)
    leaves = np.array([[0, 1]], np.int32)
    weights, totals = np.ones((2, 1), np.float32), np.zeros(1)
    cast_votes(leaves, np.array([[2, 2]]), displacements, weights, np.array([10, 10]), maps, totals)
    assert maps.sum() == 1
    assert totals.tolist() == [2]
    assert maps[0, 33] == 1


def test_each_landmark_has_votes_and_weights_of_its_own():
    positions = np.array([[10, 10]] * 4)
    forest = OneLeafEach(positions, np.array([12.0, 8.0]), np.zeros(4))
    forest.displacements_ = np.concatenate([forest.displacements_ + 3, forest.displacements_], axis=1)
    forest.displacements_[0, 1] = 5  # one of the four votes for the second landmark lies elsewhere
    leaves, weights = np.arange(4, dtype=np.int32)[:, None], np.ones((4, 2), np.float32)
    peaks, scores, maps = vote(forest, leaves, positions, weights, (20, 20), 1.0)
    assert maps.shape == (2, 20, 20)
    assert peaks == pytest.approx(np.array([[15, 11], [12, 8]]), abs=0.01)
    assert scores == pytest.approx([1.0, 0.75], abs=0.02)
    weights[0, 1] = 0
    assert vote(forest, leaves, positions, weights, (20, 20), 1.0)[1] == pytest.approx([1.0, 1.0], abs=0.02)


def test_the_highest_maxima_come_first():
    surface = np.zeros((30, 30), np.float32)
    surface[5, 5], surface[5, 6], surface[20, 20], surface[25, 3] = 3.0, 2.5, 4.0, 1.0
    assert find_peaks(surface, 3, 2).tolist() == [[20, 20], [5, 5]]
    assert find_peaks(surface, 3, 9).tolist() == [[20, 20], [5, 5], [25, 3]]
    assert len(find_peaks(np.zeros((4, 5, 6), np.float32), 3, 4)) == 1
    assert find_peaks(surface[None] * np.array([1, 0, 2])[:, None, None], 3, 1).tolist() == [[2, 20, 20]]


def test_smoothing_preserves_the_sum_and_the_peak():
    spot = np.zeros((41, 41), np.float32)
    spot[20, 17] = 1
    soft = smooth(spot, 2.0)
    assert soft.sum() == pytest.approx(1.0, abs=1e-3)
    assert np.allclose(find_peak(soft)[0], [20, 17], atol=1e-3)


def test_a_peak_on_the_border_stays_there():
    surface = np.zeros((5, 5), np.float32)
    surface[0, 4] = 1
    assert find_peak(surface)[0].tolist() == [0, 4]
