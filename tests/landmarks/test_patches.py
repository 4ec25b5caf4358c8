import dataclasses

import numpy as np
import pytest

from boneage.landmarks import StageSettings
from boneage.landmarks.patches import ball_grid, crop_patches, draw_patch_plan, half_side, patch_frame

STAGE = StageSettings(resolution=100, feature_range=0.05, radius=0.1, n_positions=200, n_copies=2)


@pytest.mark.parametrize("ndim", [2, 3])
def test_training_positions_lie_within_the_radius(ndim):
    plan = draw_patch_plan(STAGE, np.array([1, 4]), ndim, seed=0)
    assert plan.images.tolist() == [1, 1, 4, 4]
    assert plan.offsets.shape == (800, ndim)
    lengths = np.linalg.norm(plan.offsets, axis=1)
    assert 9 < lengths.max() <= 10
    assert np.mean(lengths < 10 * 0.5 ** (1 / ndim)) == pytest.approx(0.5, abs=0.06)
    again = draw_patch_plan(STAGE, np.array([1, 4]), ndim, seed=0)
    assert np.array_equal(again.offsets, plan.offsets)


def test_a_patch_shows_its_landmark_in_the_middle_pixel():
    levels = np.zeros((80, 90), np.float32)
    levels[30, 40] = 1000
    stage = dataclasses.replace(STAGE, max_rotation_rad=0.3)
    half = half_side(stage)
    plan = draw_patch_plan(stage, np.array([0, 7]), 2, seed=1)
    patches = crop_patches(levels, np.array([30.0, 40.0]), np.eye(2), plan, 7, half)
    assert len(patches) == 2
    for patch, place in patches:
        assert patch.shape == (2 * half + 1, 2 * half + 1)
        assert patch.dtype == np.int16
        assert np.abs(place - half).max() <= 0.5
        assert np.abs(np.array(np.unravel_index(patch.argmax(), patch.shape)) - place).max() <= 1


def test_a_patch_reaches_as_far_as_the_features_of_its_positions():
    assert half_side(STAGE) == 10 + 5 + 2


def test_a_frame_takes_its_centre_to_the_middle():
    turn = np.array([[0.0, 2.0], [-2.0, 0.0]])
    frame = patch_frame(np.array([30.0, 40.0]), turn, 17)
    assert frame.apply([[30.0, 40.0], [31.0, 40.0]]) == pytest.approx(np.array([[17.0, 17.0], [17.0, 15.0]]))


def test_a_ball_holds_every_other_offset_within_its_radius():
    grid = ball_grid(4.5, 2, 2)
    assert (np.linalg.norm(grid, axis=1) <= 4.5).all()
    assert (grid % 2 == 0).all()
    assert len(grid) == 5 * 5 - 4  # the four corners are longer
