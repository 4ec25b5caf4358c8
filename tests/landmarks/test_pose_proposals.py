import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.landmarks import ForestLocaliser, change_stages
from boneage.landmarks.pose_proposals import _select_far_apart, _window_centres, propose_pose
from boneage.landmarks.similarity import rotation
from tests.landmarks.conftest import draw_scene, mean_distance


@pytest.fixture
def pose_search(all_round_localiser):
    return all_round_localiser._pose_search


@pytest.fixture
def mean_shape(all_round_localiser):
    return all_round_localiser.mean_shape_


def test_a_proposal_places_the_usual_centre_at_the_middle_in_the_usual_size():
    scan = Scan(np.zeros((100, 60)))
    pose = propose_pose(scan, 0.5, np.array([0.1, 0.0]))
    assert pose.apply([[60.0, 30.0]]) == pytest.approx(np.zeros((1, 2)))
    assert pose.apply([[110.0, 30.0]]) == pytest.approx(np.array([[1.0, 0.0]]))
    turned = propose_pose(scan, 0.5, np.zeros(2), rotation(math.pi / 2, 2))
    assert turned.apply([[100.0, 30.0]]) == pytest.approx(np.array([[0.0, 1.0]]))
    mirrored = propose_pose(scan, 0.5, np.zeros(2), np.diag([1.0, -1.0]))
    assert mirrored.apply([[50.0, 80.0]]) == pytest.approx(np.array([[0.0, -1.0]]))
    assert np.linalg.det(mirrored.matrix) < 0


def test_a_proposal_heeds_the_proportions_of_the_pixels():
    pose = propose_pose(Scan(np.zeros((100, 50)), spacing=(1.0, 2.0)), 1.0, np.zeros(2))
    assert pose.apply([[100.0, 50.0]]) == pytest.approx(np.array([[0.5, 0.5]]))


def test_the_upright_pose_and_its_mirror_image_are_found(pose_search, mean_shape, scenes):
    scan, points = scenes[1][0]
    (upright, *_), (mirrored, *_) = pose_search.proposer.propose_upright(scan)
    assert mean_distance(upright, points, mean_shape) < 0.06
    assert np.linalg.det(upright.matrix) > 0 > np.linalg.det(mirrored.matrix)


def test_a_faint_small_scene_is_found_in_a_bright_frame(scenes, tiny_settings, monkeypatch):
    settings = dataclasses.replace(tiny_settings, first_scales=(1.0, 0.65))
    equalised = change_stages(settings, lambda stage: dataclasses.replace(stage, contrast=0.1))
    localiser = ForestLocaliser(settings=equalised, n_jobs=2).fit(*zip(*scenes[0], strict=True))
    proposer, mean_shape = localiser._pose_search.proposer, localiser.mean_shape_
    scan, points = draw_scene(np.random.default_rng(1))
    pixels = scan.pixels * 0.02
    pixels[:8] = pixels[-8:] = pixels[:, :8] = pixels[:, -8:] = 100
    pixels = np.pad(pixels, ((60, 0), (0, 60)), constant_values=0.4)
    moved = dataclasses.replace(points, positions=points.positions + np.array([60, 0]))
    voted_in = []
    rank = proposer._rank
    monkeypatch.setattr(proposer, "_rank", lambda scan, poses: voted_in.append(scan.pixels) or rank(scan, poses))
    small = proposer.propose_windows(Scan(pixels))[0]
    assert min(mean_distance(pose, moved, mean_shape) for pose in small[:3]) < 0.06
    scene = voted_in[0][60:, :110][25:85, 25:85]  # which has as much contrast as the frame now
    assert np.ptp(scene) > 0.3 * np.ptp(voted_in[0])
    assert np.ptp(pixels[60:, :110][25:85, 25:85]) < 0.03 * np.ptp(pixels)


def test_a_large_image_is_shrunk_first(pose_search, mean_shape, scenes):
    scan, points = scenes[1][1]
    large = Scan(np.kron(scan.pixels, np.ones((8, 8))))
    small, to_small = pose_search.proposer._shrink(large)
    assert max(small.pixels.shape) < 600
    assert np.allclose(to_small.apply([[439.5, 439.5]]), (np.array(small.pixels.shape) - 1) / 2)
    moved = dataclasses.replace(points, positions=points.positions * 8 + 3.5)
    assert mean_distance(pose_search.proposer.propose_upright(large)[0][0], moved, mean_shape) < 0.06


def test_windows_cover_an_image_and_are_eight_at_most_along_an_axis():
    assert _window_centres(2.0, 1.0).tolist() == [0.0]
    centres = _window_centres(0.5, 1.0)
    assert centres[0] == -centres[-1] == pytest.approx(-0.275)
    assert np.diff(centres).max() <= 0.35 * 0.5
    assert len(_window_centres(0.01, 1.0)) == 8


def test_proposals_vote_for_landmarks_that_lie_far_apart():
    shape = np.array([[0.0, 0.0], [0.01, 0.0], [0.5, 0.0], [-0.5, 0.4], [0.49, 0.0]])
    assert _select_far_apart(shape, 3).tolist() == [3, 2, 0]
    assert sorted(_select_far_apart(shape, 9).tolist()) == [0, 1, 2, 3, 4]
