import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.landmarks.search_settings import SelfSimilaritySettings
from boneage.landmarks.self_similarity import find_self_similarities, measure_repetition
from boneage.landmarks.similarity import rotation

LADDER = np.array([[row / 6, column] for row in range(-3, 4) for column in (-0.1, 0.1)])
N_FINGERS, JOINTS = 4, (0.3, 0.45, 0.6, 0.75)
SPREAD_RAD = 0.25


def draw_fan():
    """Four fingers of four joints, each turned from the one before about the same wrist, extent about 1."""
    straight = np.array([[-joint, 0.0] for joint in JOINTS])
    angles = SPREAD_RAD * (np.arange(N_FINGERS) - (N_FINGERS - 1) / 2)
    return np.concatenate([straight @ rotation(angle, 2).T for angle in angles]) + np.array([0.5, 0.0])


def count_hits(move, shape, tolerance=0.01):
    """Return how many landmarks a move lays upon another one."""
    distances = np.linalg.norm(move.apply(shape)[:, None] - shape, axis=2)
    return int(((distances < tolerance) & ~np.eye(len(shape), dtype=bool)).any(axis=1).sum())


def angle_of(move):
    return float(np.arctan2(move.matrix[1, 0], move.matrix[0, 0]))


def test_a_ladder_is_moved_by_a_rung_either_way():
    moves = find_self_similarities(LADDER, SelfSimilaritySettings(2))
    steps = sorted(float(move.matrix[0, 2]) for move in moves)
    assert steps == pytest.approx([-1 / 6, 1 / 6], abs=0.02)
    for move in moves:
        assert move.matrix[:2, :2] == pytest.approx(np.eye(2), abs=0.05)
        assert count_hits(move, LADDER) == 12


def test_fingers_are_laid_upon_the_next_by_a_turn_about_the_wrist():
    fan, wrist = draw_fan(), np.array([[0.5, 0.0]])
    moves = find_self_similarities(fan, SelfSimilaritySettings(2))
    assert all(np.abs(move.apply(wrist) - wrist).max() < 0.02 for move in moves)
    assert sorted(map(angle_of, moves)) == pytest.approx([-SPREAD_RAD, SPREAD_RAD], abs=0.03)
    assert all(count_hits(move, fan) == 12 for move in moves), "three of four fingers"


def test_moves_are_distinct_small_and_never_mirror():
    fan = draw_fan()
    moves = find_self_similarities(fan, SelfSimilaritySettings(8))
    assert 2 <= len(moves) <= 8
    for k, move in enumerate(moves):
        assert isinstance(move, Frame)
        assert np.linalg.det(move.matrix) > 0
        assert abs(np.log(move.scale())) < 0.12
        assert abs(angle_of(move)) < 0.7
        for other in [Frame.identity(2), *moves[:k]]:
            assert np.linalg.norm(move.apply(fan) - other.apply(fan), axis=1).mean() > 0.05


def test_the_best_moves_come_first_and_the_same_ones_each_time():
    fan = draw_fan()
    moves, fewer = (
        find_self_similarities(fan, SelfSimilaritySettings(8)),
        find_self_similarities(fan, SelfSimilaritySettings(3)),
    )
    assert [move.matrix.tolist() for move in fewer] == [move.matrix.tolist() for move in moves[:3]]
    assert count_hits(moves[0], fan, 0.04) >= max(count_hits(move, fan, 0.04) for move in moves[2:])


@pytest.mark.parametrize(
    "shape",
    [
        np.zeros((1, 2)),
        np.array([[0.0, 0.0], [0.0, 1.0]]),
        np.zeros((5, 2)),
        np.array([[-0.5, -0.5], [0.5, -0.4], [0.1, 0.5]]),
        np.random.default_rng(0).normal(size=(8, 3)),
    ],
    ids=["one", "two", "all at one place", "all far apart", "volume"],
)
def test_where_nothing_is_alike_there_are_no_moves(shape):
    assert find_self_similarities(shape, SelfSimilaritySettings(8)) == []


def test_none_are_returned_where_none_are_asked_for():
    assert find_self_similarities(LADDER, SelfSimilaritySettings(0)) == []


def test_a_ladder_repeats_itself_more_than_a_fan_does():
    settings = SelfSimilaritySettings()
    assert measure_repetition(LADDER, settings) == pytest.approx(12 / 14, abs=0.05), "all but the last rung"
    assert measure_repetition(draw_fan(), settings) == pytest.approx(12 / 16, abs=0.1), "three of four fingers"
    assert measure_repetition(np.zeros((1, 2)), settings) == 0
    assert measure_repetition(np.random.default_rng(0).normal(size=(8, 3)), settings) == 0, "a volume has no moves"
