import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.landmarks import ForestLocaliser
from boneage.landmarks.guessing import guess_pose
from boneage.landmarks.poses import NoSimilarity
from tests.landmarks.conftest import draw_scene


@pytest.fixture(scope="module")
def finder(scenes, tiny_settings):
    """A finder that has learnt the scenes, for quarter turns, two sizes and the mirror image."""
    settings = dataclasses.replace(
        tiny_settings,
        first_scales=(1.0, 0.75),
        first_rotations_rad=tuple(np.arange(4) * np.pi / 2),
        first_mirrored=True,
    )
    localiser = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))
    return localiser._make_finder(), localiser.mean_shape_


def off_by(pose, points, mean_shape):
    return np.linalg.norm(pose.apply(points.positions) - mean_shape, axis=1).mean()


def test_a_guess_puts_the_usual_place_at_the_middle_in_the_usual_size():
    scan = Scan(np.zeros((100, 60)))
    pose = guess_pose(scan, 0.5, np.array([0.1, 0.0]))
    assert pose.apply([[60.0, 30.0]]) == pytest.approx(np.zeros((1, 2)))
    assert pose.apply([[110.0, 30.0]]) == pytest.approx(np.array([[1.0, 0.0]]))
    turned = guess_pose(scan, 0.5, np.zeros(2), math.pi / 2)
    assert turned.apply([[100.0, 30.0]]) == pytest.approx(np.array([[0.0, 1.0]]))
    mirrored = guess_pose(scan, 0.5, np.zeros(2), 0.0, True)
    assert mirrored.apply([[50.0, 80.0]]) == pytest.approx(np.array([[0.0, -1.0]]))
    assert np.linalg.det(mirrored.matrix) < 0


def test_a_guess_heeds_the_pixels_proportions():
    pose = guess_pose(Scan(np.zeros((100, 50)), spacing=(1.0, 2.0)), 1.0, np.zeros(2))
    assert pose.apply([[100.0, 50.0]]) == pytest.approx(np.array([[0.5, 0.5]]))


def test_where_the_usual_orientation_is_clear_nothing_else_is_tried(finder, scenes, monkeypatch):
    # The scene is so nearly its own mirror image that it is never clear by much.
    monkeypatch.setattr("boneage.landmarks.guessing._CLEAR", 1.01)
    scan, points = scenes[1][0]
    poses, everything = finder[0].find(scan)
    assert not everything
    assert len(poses) == 1
    assert off_by(poses[0], points, finder[1]) < 0.06
    assert finder[0].find(scan, thoroughly=True)[1]


def test_a_small_and_a_turned_scene_are_found(finder):
    rng = np.random.default_rng(3)
    for drawn in (draw_scene(rng, size=147), draw_scene(rng, angle=math.pi / 2)):
        poses, _ = finder[0].find(drawn[0])
        assert min(off_by(pose, drawn[1], finder[1]) for pose in poses) < 0.08


def test_a_large_image_is_drawn_smaller_first(finder, scenes):
    scan, points = scenes[1][1]
    large = Scan(np.kron(scan.pixels, np.ones((8, 8))))
    small, to_small = finder[0]._draw_small(large)
    assert max(small.pixels.shape) < 600
    assert np.allclose(to_small.apply([[439.5, 439.5]]), (np.array(small.pixels.shape) - 1) / 2)
    pose = finder[0].find(large)[0][0]
    moved = dataclasses.replace(points, positions=points.positions * 8 + 3.5)
    assert off_by(pose, moved, finder[1]) < 0.06


def test_an_image_in_which_nothing_is_seen_has_no_pose(finder):
    with pytest.raises(NoSimilarity):
        finder[0].find(Scan(np.zeros((3, 900))))
