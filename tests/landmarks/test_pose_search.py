import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.landmarks.pose_proposals import propose_pose
from boneage.landmarks.pose_search import _find_distinct
from boneage.landmarks.similarity import rotation
from tests.landmarks.conftest import draw_scene, mean_distance


@pytest.fixture
def pose_search(all_round_localiser):
    return all_round_localiser._pose_search


@pytest.fixture
def mean_shape(all_round_localiser):
    return all_round_localiser.mean_shape_


@pytest.fixture
def min_support(all_round_localiser):
    return all_round_localiser.certain_support_


def score_nothing(hypothesis):
    """Return a local score of 0 in every pose."""
    return 0.0


def test_a_small_scene_is_found(pose_search, mean_shape, min_support):
    scan, points = draw_scene(np.random.default_rng(3), size=147)
    (best,), sure = pose_search.search(scan, 0.6 * min_support, score_nothing)
    assert sure
    assert mean_distance(best.pose, points, mean_shape) < 0.06
    assert 0 < best.support <= best.scores.sum()


def test_a_small_scene_is_found_beside_squares_that_outvote_it(pose_search, mean_shape):
    rng = np.random.default_rng(3)
    scan, points = draw_scene(rng)
    pixels = np.pad(scan.pixels, ((50, 0), (0, 50)), constant_values=20)
    for row, col in ((3, 5), (3, 60), (25, 30), (20, 100), (20, 130), (70, 140), (100, 125), (135, 140)):
        pixels[row : row + 13, col : col + 13] = 100  # like one of its landmarks
    moved = dataclasses.replace(points, positions=points.positions + np.array([50, 0]))
    usual, small = (
        pose_search.proposer.propose_upright(Scan(pixels))[0],
        pose_search.proposer.propose_windows(Scan(pixels))[0],
    )
    assert min(mean_distance(pose, moved, mean_shape) for pose in usual) > 0.1
    assert min(mean_distance(pose, moved, mean_shape) for pose in small[:3]) < 0.06
    hypotheses, _ = pose_search.search(
        Scan(pixels), 1000.0, lambda hypothesis: 0.4 - min(mean_distance(hypothesis.pose, moved, mean_shape), 0.2)
    )
    assert mean_distance(hypotheses[0].pose, moved, mean_shape) < 0.06


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_a_turned_scene_is_found(pose_search, mean_shape, min_support, scenes, quarter_turns):
    scan, points = scenes[1][0]
    place = points.positions
    for _ in range(quarter_turns):
        place = np.stack([scan.pixels.shape[1] - 1 - place[:, 1], place[:, 0]], axis=1)
    (best,), _ = pose_search.search(Scan(np.rot90(scan.pixels, quarter_turns)), 0.8 * min_support, score_nothing)
    assert mean_distance(best.pose, dataclasses.replace(points, positions=place), mean_shape) < 0.06


def test_a_blank_image_has_no_pose(pose_search):
    assert pose_search.proposer.propose_upright(Scan(np.zeros((3, 900)))) == [[], []]
    assert pose_search.search(Scan(np.zeros((3, 900))), 1.0, lambda hypothesis: 1.0) == ([], False)


def test_the_search_ends_at_the_first_certain_pose(pose_search, scenes, monkeypatch):
    called = []
    for name in ("propose_usual", "propose_upright", "propose_rotated"):
        propose = getattr(pose_search.proposer, name)
        monkeypatch.setattr(
            pose_search.proposer, name, lambda scan, name=name, propose=propose: called.append(name) or propose(scan)
        )
    scan = scenes[1][0][0]
    assert pose_search.search(scan, 0.1, score_nothing)[0][0].support > 0.1
    assert called == ["propose_usual"]
    hypotheses, sure = pose_search.search(scan, 1000.0, lambda hypothesis: 0.9)
    assert sure
    assert len(hypotheses) == 1
    assert called[1:] == ["propose_usual"]


def test_where_no_support_suffices_the_highest_local_score_decides(pose_search, mean_shape, scenes, monkeypatch):
    scan, points = scenes[1][0]
    angle = math.radians(60)

    def score(hypothesis):
        return 0.7 - min(mean_distance(hypothesis.pose, points, mean_shape), 0.6)

    wrong = propose_pose(scan, 0.5, np.zeros(2), rotation(angle, 2))
    monkeypatch.setattr(pose_search.proposer, "propose_usual", lambda _: [[wrong]])
    (best,), sure = pose_search.search(scan, 1000.0, score)
    assert sure
    assert mean_distance(best.pose, points, mean_shape) < 0.06


def test_where_all_local_scores_are_low_several_poses_are_returned(pose_search, mean_shape, scenes):
    scan, points = scenes[1][0]

    def score(hypothesis):
        return 0.4 - min(mean_distance(hypothesis.pose, points, mean_shape), 0.4)

    hypotheses, sure = pose_search.search(scan, 1000.0, score)
    scores = [score(hypothesis) for hypothesis in hypotheses]  # 0 for all that are far off: their order is arbitrary
    assert not sure
    assert 4 <= len(hypotheses) <= 18
    assert scores == sorted(scores, reverse=True)
    assert mean_distance(hypotheses[0].pose, points, mean_shape) < 0.06
    located = [hypothesis.pose.inverse().apply(mean_shape) for hypothesis in hypotheses]
    for k, hypothesis in enumerate(hypotheses):
        assert all(np.linalg.norm(hypothesis.pose.apply(p) - mean_shape, axis=1).mean() > 0.1 for p in located[:k])
    assert pose_search.search(scan, 1000.0, score_nothing) == ([], False)
    assert pose_search.search(scan, 1000.0, score, thorough=False) == ([], False)


def test_of_poses_that_are_alike_the_first_is_taken():
    shape = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, 0.3]])
    shifts = (0.0, 0.05, 0.2, 0.26, -0.15)
    poses = [Frame.from_linear(np.eye(2) / 100, np.array([shift, 0.0])) for shift in shifts]
    assert _find_distinct(poses, shape, 9) == [0, 2, 4]
    assert _find_distinct(poses, shape, 2) == [0, 2]
    assert _find_distinct([poses[0], rotation_about_itself(poses[0])], shape, 9) == [0, 1]
    assert _find_distinct([], shape, 9) == []


def rotation_about_itself(pose):
    return Frame.from_linear(rotation(0.4, 2), np.zeros(2)).compose(pose)
