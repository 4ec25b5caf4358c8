"""The votes of one stage, on a strip of two peaks whose voters are known."""

import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.landmarks import StageSettings
from boneage.landmarks.stages import CoarseStage, CoarseVotes
from boneage.landmarks.views import View

STAGE = StageSettings(resolution=100, feature_range=0.1, smoothing=0.015, step=2)


class Pointer:
    """A stand-in forest of one leaf for each position: what it votes for, for two landmarks, is known."""

    def __init__(self, displacements):
        self.displacements_ = displacements.astype(np.float32)
        self.spreads_ = np.zeros(displacements.shape[:2], np.float32)


@pytest.fixture
def votes():
    """Votes of a view of 60 x 120: two in three for the left place of each landmark, the others for the right.

    Positions in the left half vote for the left place: (20, 30) and (40, 30); those in the right half, half as many,
    for the right one: (20, 90) and (40, 90).
    """
    axes = np.arange(0, 60, 2), np.arange(0, 120, 2)
    positions = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    left = positions[:, 1] < 60
    positions = positions[left | (positions[:, 0] % 4 == 0)]
    columns = np.where(positions[:, 1] < 60, 30, 90)
    places = np.stack([np.stack([np.full(len(columns), row), columns], axis=1) for row in (20, 40)], axis=1)
    forest = Pointer(places - positions[:, None])
    view = View(np.zeros((60, 120), np.float32), Frame.identity(2), 100)
    leaves = np.arange(len(positions), dtype=np.int32)[:, None]
    return CoarseVotes(CoarseStage(STAGE, forest), view, positions, leaves)


def test_the_highest_peak_of_each_landmark_is_located(votes):
    places, scores = votes.locate()
    assert places == pytest.approx(np.array([[20.0, 30.0], [40.0, 30.0]]), abs=0.05)
    assert scores == pytest.approx([2 / 3, 2 / 3], abs=0.02)


def test_only_the_votes_of_a_window_count(votes):
    right = np.array([0.0, 60.0]), np.array([59.0, 119.0])
    places, scores = votes.locate(window=right)
    assert places == pytest.approx(np.array([[20.0, 90.0], [40.0, 90.0]]), abs=0.05)
    assert scores == pytest.approx([1.0, 1.0], abs=0.02)
    mixed = np.array([0.0, 40.0]), np.array([59.0, 99.0])  # 20 columns of the left half, 40 of the right
    places, scores = votes.locate(window=mixed)
    assert places[:, 1] == pytest.approx([90.0, 90.0], abs=0.05), "the left place is outside the window"
    assert scores == pytest.approx([0.5, 0.5], abs=0.02)


@pytest.mark.parametrize(
    ("low", "high", "place"),
    [
        ((-50.0, -50.0), (90.0, 59.0), (20.0, 30.0)),  # beyond the view's first pixels
        ((0.0, 60.0), (900.0, 900.0), (20.0, 90.0)),  # ... and its last
        ((10.2, 60.5), (30.7, 110.5), (20.0, 90.0)),  # between pixels
    ],
)
def test_a_window_may_reach_beyond_the_view(votes, low, high, place):
    places, _ = votes.locate((np.array(low), np.array(high)))
    assert places[0] == pytest.approx(place, abs=0.05)


@pytest.mark.parametrize(("low", "high"), [((200.0, 200.0), (260.0, 320.0)), ((-90.0, -90.0), (-30.0, -30.0))])
def test_a_window_outside_the_view_is_no_error(votes, low, high):
    places, scores = votes.locate(window=(np.array(low), np.array(high)))
    assert places.shape == (2, 2)
    assert (places >= 0).all()
    assert (places < votes.view.picture.shape).all()
    assert (scores < 0.1).all()


@pytest.mark.parametrize(("n_peaks", "min_ratio", "n"), [(3, 0.4, 2), (2, 0.4, 2), (1, 0.4, 1), (3, 0.6, 1)])
def test_the_lower_peaks_are_listed_after_the_highest(votes, n_peaks, min_ratio, n):
    """The lower peak of each landmark is half as high."""
    listed = votes.list_peaks(n_peaks, min_ratio)
    assert len(listed) == 2
    for places, row in zip(listed, (20.0, 40.0), strict=True):
        assert places == pytest.approx(np.array([[row, 30.0], [row, 90.0]])[:n], abs=0.05)


def test_a_stage_casts_the_votes_of_every_so_many_pixels(all_round_localiser):
    stage = all_round_localiser._coarse[0]
    picture = np.random.default_rng(0).normal(20, 5, (31, 45)).astype(np.float32)
    view = View(picture, Frame.identity(2), stage.stage.resolution)
    before = picture.copy()
    votes, fewer = stage.cast(view), stage.coarsen(3).cast(view)
    n_trees = stage.stage.forest.n_trees
    assert (len(votes.positions), votes.leaves.shape) == (16 * 23, (16 * 23, n_trees))
    assert fewer.positions.tolist() == [[row, column] for row in range(0, 31, 6) for column in range(0, 45, 6)]
    same = (votes.positions % 6 == 0).all(axis=1)
    assert np.array_equal(votes.leaves[same], fewer.leaves)
    assert np.array_equal(picture, before)


def test_noise_decides_which_neighbourhoods_are_flat(all_round_localiser):
    """Beside a bright bar the picture is faint: where that is taken for flat, all positions there end alike."""
    trees = all_round_localiser._coarse[0]
    settings = dataclasses.replace(trees.stage, contrast=0.1)
    stage = CoarseStage(settings, trees.forest)
    picture = np.random.default_rng(0).normal(20, 1, (60, 60)).astype(np.float32)
    picture[:, :6] = 2000
    view = View(picture, Frame.identity(2), settings.resolution)

    def count_leaves(*noise):
        votes = stage.cast(view, *noise)
        return len(np.unique(votes.leaves[votes.positions[:, 1] > 40], axis=0))

    assert count_leaves(0.001) > 4 * count_leaves(10.0)
    assert count_leaves() == count_leaves(settings.noise)
