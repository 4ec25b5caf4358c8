import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.landmarks.poses import (
    fit_pose,
    fit_similarities,
    fit_similarity,
    fit_similarity_robustly,
    mean_shape,
    rotation,
    shape_extent,
    turn_locally,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_similarity_is_found_exactly(ndim):
    shape = RNG.normal(size=(8, ndim))
    true = Frame.from_linear(2.5 * rotation(0.7, ndim), np.arange(ndim))
    assert np.allclose(fit_similarity(shape, true.apply(shape)).matrix, true.matrix)


def test_absent_landmarks_are_left_out():
    shape = RNG.normal(size=(5, 2))
    moved = shape * 2 + 3
    moved[2] = np.nan
    assert np.allclose(fit_similarity(shape, moved).apply(shape)[0], moved[0])


@pytest.mark.parametrize("ndim", [2, 3])
def test_outliers_do_not_turn_the_robust_fit(ndim):
    shape = RNG.uniform(-0.5, 0.5, (20, ndim))
    true = Frame.from_linear(1.3 * rotation(-0.4, ndim), np.linspace(0.2, 0.1, ndim))
    seen = true.inverse().apply(shape)
    seen[:7] += RNG.uniform(0.5, 1.0, (7, ndim))
    frame, support = fit_similarity_robustly(seen, shape, np.ones(20), 0.05)
    assert np.allclose(frame.apply(seen[7:]), shape[7:], atol=0.02)
    assert support[:7].max() < 0.1 < support[7:].min()


def test_a_reflection_is_never_fitted():
    shape = RNG.normal(size=(10, 2))
    frame = fit_similarity(shape, shape * [1, -1])
    assert np.linalg.det(frame.matrix) > 0


def test_too_few_or_coinciding_landmarks_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        fit_similarity(np.array([[0.0, 0], [np.nan, np.nan]]), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="coincide"):
        fit_similarity(np.zeros((3, 2)), RNG.normal(size=(3, 2)))
    with pytest.raises(ValueError, match="coincide"):
        fit_similarity_robustly(np.zeros((3, 2)), RNG.normal(size=(3, 2)), np.ones(3), 0.1)


def test_the_mean_shape_forgets_pose_and_size():
    base = RNG.normal(size=(9, 2))
    poses = [Frame.from_linear(s * rotation(a, 2), [s, a]) for s, a in ((1, 0.1), (3, -0.1), (0.5, 0.05), (2, -0.05))]
    mean = mean_shape([pose.apply(base) for pose in poses])
    assert shape_extent(mean) == pytest.approx(1.0)
    fitted = fit_similarity(mean, base).apply(mean)
    assert np.allclose(fitted, base, atol=1e-6)


def test_a_mirror_image_is_reflected_where_that_is_allowed():
    shape = RNG.normal(size=(9, 2))
    mirrored = shape * [1, -1] * 3 + 2
    assert np.allclose(fit_pose(mirrored, shape, may_mirror=True).apply(mirrored), shape)
    assert np.linalg.det(fit_pose(mirrored, shape, may_mirror=False).matrix) > 0
    assert np.linalg.det(fit_pose(shape * 2, shape, may_mirror=True).matrix) > 0
    in_line = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.1], *[[np.nan, np.nan]] * 6])
    assert np.linalg.det(fit_pose(in_line, in_line + 0.01 * RNG.normal(size=(9, 2)), may_mirror=True).matrix) > 0


@pytest.mark.parametrize("most_mirrored", [False, True])
def test_the_mean_shape_is_of_the_side_that_most_are_of(most_mirrored):
    base = RNG.normal(size=(9, 2))
    sides = [1, 1, -1, 1, -1] if not most_mirrored else [-1, -1, 1, -1, 1]
    shapes = [base * [1, side] + 0.01 * RNG.normal(size=base.shape) for side in sides]
    mean = mean_shape(shapes, may_mirror=True)
    usual = base * [1, -1] if most_mirrored else base
    assert np.allclose(fit_similarity(mean, usual).apply(mean), usual, atol=0.03)


@pytest.mark.parametrize("ndim", [2, 3])
def test_many_similarities_at_once_are_those_fitted_one_by_one(ndim):
    source, target = RNG.normal(size=(4, 5, 7, ndim)), RNG.normal(size=(4, 5, 7, ndim))
    weights = RNG.uniform(0.1, 1, (4, 5, 7))
    source[1, 2, 3] = np.nan
    linear, offset = fit_similarities(source, target, weights)
    assert linear.shape == (4, 5, ndim, ndim)
    one = fit_similarity(source[1, 2], target[1, 2], weights[1, 2])
    assert np.allclose(linear[1, 2], one.matrix[:-1, :-1])
    assert np.allclose(offset[1, 2], one.matrix[:-1, -1])


def test_what_cannot_be_fitted_is_nan_and_no_error():
    source = np.stack([np.zeros((3, 2)), np.full((3, 2), np.nan), np.array([[0.0, 0], [1, 0], [0, 1]])])
    linear, _ = fit_similarities(source, np.tile(source[2], (3, 1, 1)), np.ones((3, 3)))
    assert np.isnan(linear[:2]).all()
    assert np.allclose(linear[2], np.eye(2))


def test_a_finger_that_is_turned_is_turned_back():
    mean = np.array([[0.0, 0.0], [-0.1, 0.0], [-0.2, 0.0], [0.0, 0.5], [-0.1, 0.5], [-0.2, 0.5]])
    shape = mean.copy()
    shape[:3] = mean[:3] @ rotation(0.3, 2).T
    neighbours = np.array([[1, 2], [0, 2], [0, 1], [4, 5], [3, 5], [3, 4]])
    turns = turn_locally(shape, mean, neighbours)
    assert np.allclose(turns[:3], rotation(-0.3, 2))
    assert np.allclose(turns[3:], np.eye(2))
    shape[:2] = np.nan
    assert np.allclose(turn_locally(shape, mean, neighbours)[2], np.eye(2))
    shape[3:] = 5 * mean[3:]
    assert np.allclose(turn_locally(shape, mean, neighbours)[3:], np.eye(2))
