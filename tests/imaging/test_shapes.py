import math

import numpy as np
import pytest

from boneage.imaging import Frame, NoSimilarity, Points, align_to, compute_mean_shape
from boneage.imaging.shapes import fit_pose, fit_similarities, fit_similarity, mean_shape, shape_extent

RNG = np.random.default_rng(0)
SHAPE = np.array([[0.0, 0.0], [10.0, 1.0], [4.0, 8.0], [3.0, -2.0]])
NAMES = ("a", "b", "c", "d")


def rotation(angle, ndim):
    matrix = np.eye(ndim)
    matrix[-2:, -2:] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return matrix


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


def test_a_reflection_is_never_fitted():
    shape = RNG.normal(size=(10, 2))
    frame = fit_similarity(shape, shape * [1, -1])
    assert np.linalg.det(frame.matrix) > 0


def test_too_few_or_coinciding_landmarks_are_refused():
    with pytest.raises(NoSimilarity, match="at least 2"):
        fit_similarity(np.array([[0.0, 0], [np.nan, np.nan]]), np.zeros((2, 2)))
    with pytest.raises(NoSimilarity, match="coincide"):
        fit_similarity(np.zeros((3, 2)), RNG.normal(size=(3, 2)))


@pytest.mark.parametrize("side", [1, -1])
def test_a_shape_is_aligned_to_another_as_it_is_or_mirrored(side):
    shape = RNG.normal(size=(8, 2))
    shape[3] = np.nan
    pattern = 2.0 * (shape * [1, side]) @ rotation(0.8, 2).T + 4
    alignment = align_to(shape, pattern)
    assert alignment.mirrored == (side < 0)
    assert alignment.residual == pytest.approx(0, abs=1e-9)
    assert np.allclose(alignment.frame.apply(shape)[:3], pattern[:3])


def test_the_mean_shape_does_not_depend_on_pose_and_size():
    base = RNG.normal(size=(9, 2))
    poses = [Frame.from_linear(s * rotation(a, 2), [s, a]) for s, a in ((1, 0.1), (3, -0.1), (0.5, 0.05), (2, -0.05))]
    mean = mean_shape([pose.apply(base) for pose in poses])
    assert shape_extent(mean) == pytest.approx(1.0)
    fitted = fit_similarity(mean, base).apply(mean)
    assert np.allclose(fitted, base, atol=1e-6)


@pytest.mark.parametrize("ndim", [2, 3])
def test_many_similarities_at_once_are_those_fitted_one_by_one(ndim):
    source, target = RNG.normal(size=(4, 5, 7, ndim)), RNG.normal(size=(4, 5, 7, ndim))
    weights = RNG.uniform(0.1, 1, (4, 5, 7))
    source[1, 2, 3] = np.nan
    linear, offset = fit_similarities(source, target, weights)
    assert linear.shape == (4, 5, ndim, ndim)
    single = fit_similarity(source[1, 2], target[1, 2], weights[1, 2])
    assert np.allclose(linear[1, 2], single.matrix[:-1, :-1])
    assert np.allclose(offset[1, 2], single.matrix[:-1, -1])


def test_what_cannot_be_fitted_is_nan_and_no_error():
    source = np.stack([np.zeros((3, 2)), np.full((3, 2), np.nan), np.array([[0.0, 0], [1, 0], [0, 1]])])
    linear, _ = fit_similarities(source, np.tile(source[2], (3, 1, 1)), np.ones((3, 3)))
    assert np.isnan(linear[:2]).all()
    assert np.allclose(linear[2], np.eye(2))


def moved(angle, scale, shift, *, mirrored=False):
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    shape = SHAPE * (1, -1) if mirrored else SHAPE
    return Points(NAMES, scale * shape @ turn.T + shift)


def distances(points):
    d = np.linalg.norm(points.positions[:, None] - points.positions[None], axis=2)
    return d / d[0, 1]


def side(points):
    """Orientation of the triangle a, b, c: 1 or -1."""
    (br, bc), (cr, cc) = points.positions[1] - points.positions[0], points.positions[2] - points.positions[0]
    return np.sign(br * cc - bc * cr)


def test_the_mean_shape_is_the_shape_wherever_and_however_large_and_mirrored_the_hands_are():
    hands = [moved(0.1, 1, 5), moved(1.0, 7, -3), moved(-2.0, 3, 0, mirrored=True)]
    mean = compute_mean_shape(hands)
    assert np.allclose(distances(mean), distances(hands[0]))
    assert side(mean) == side(hands[0])


def test_the_mean_has_the_side_of_the_majority():
    hands = [moved(0, 1, 0), moved(0.2, 1, 0, mirrored=True), moved(0.1, 1, 0, mirrored=True)]
    assert side(compute_mean_shape(hands)) == side(hands[1])


def test_absent_landmarks_are_taken_from_other_hands_and_one_absent_everywhere_stays_absent():
    first, second = moved(0, 1, 0).positions.copy(), moved(0.3, 2, 1).positions.copy()
    first[2] = first[1] = second[1] = math.nan
    mean = compute_mean_shape([Points(NAMES, first), Points(NAMES, second), Points(NAMES, np.full((4, 2), np.nan))])
    assert mean.present.tolist() == [True, False, True, True]


def test_hands_without_a_shape_have_no_mean():
    one = np.full((4, 2), np.nan)
    one[0] = 1.0
    assert compute_mean_shape([Points(NAMES, one), Points(NAMES, np.ones((4, 2)))]) is None
    assert compute_mean_shape([]) is None


def test_volumes_have_a_mean_shape_too():
    shape = np.random.default_rng(0).normal(size=(4, 3))
    assert compute_mean_shape([Points(NAMES, shape), Points(NAMES, shape * (1, 1, -1) * 2)]).ndim == 3


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
