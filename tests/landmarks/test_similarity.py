import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.imaging.shapes import NoSimilarity
from boneage.landmarks.similarity import fit_local_frames, fit_similarity_robustly, refit_similarity, rotation

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("ndim", [2, 3])
def test_outliers_do_not_turn_the_robust_fit(ndim):
    shape = RNG.uniform(-0.5, 0.5, (20, ndim))
    true = Frame.from_linear(1.3 * rotation(-0.4, ndim), np.linspace(0.2, 0.1, ndim))
    observed = true.inverse().apply(shape)
    observed[:7] += RNG.uniform(0.5, 1.0, (7, ndim))
    frame, support = fit_similarity_robustly(observed, shape, np.ones(20), 0.05, 200, 5)
    assert np.allclose(frame.apply(observed[7:]), shape[7:], atol=0.02)
    assert support[:7].max() < 0.1 < support[7:].min()


def test_coinciding_landmarks_are_refused():
    with pytest.raises(ValueError, match="coincide"):
        fit_similarity_robustly(np.zeros((3, 2)), RNG.normal(size=(3, 2)), np.ones(3), 0.1, 200, 5)


def test_absent_landmarks_have_no_weight():
    shape = RNG.uniform(-0.5, 0.5, (12, 2))
    true = Frame.from_linear(0.7 * rotation(2.0, 2), [3.0, -1.0])
    observed, weights = true.inverse().apply(shape), RNG.uniform(0.5, 1.0, 12)
    observed[3], shape[5] = np.nan, np.nan
    frame, support = refit_similarity(observed, shape, weights, 0.1, weights, 5)
    assert np.allclose(frame.matrix, true.matrix)
    assert np.allclose(support, np.where(np.isin(np.arange(12), [3, 5]), 0.0, weights))
    assert weights[3] > 0, "the arguments are not changed"
    with pytest.raises(NoSimilarity):
        refit_similarity(observed, shape, weights, 0.1, np.eye(12)[0], 5)


def test_a_finger_that_is_turned_is_turned_back():
    mean = np.array([[0.0, 0.0], [-0.1, 0.0], [-0.2, 0.0], [0.0, 0.5], [-0.1, 0.5], [-0.2, 0.5]])
    shape = mean.copy()
    shape[:3] = mean[:3] @ rotation(0.3, 2).T
    neighbours = np.array([[1, 2], [0, 2], [0, 1], [4, 5], [3, 5], [3, 4]])
    turns = fit_local_frames(shape, mean, neighbours, 1.5)
    assert np.allclose(turns[:3], rotation(-0.3, 2))
    assert np.allclose(turns[3:], np.eye(2))
    shape[:2] = np.nan
    assert np.allclose(fit_local_frames(shape, mean, neighbours, 1.5)[2], np.eye(2))


def test_a_frame_that_resizes_too_much_and_one_of_no_neighbours_are_the_identity():
    mean = np.array([[0.0, 0.0], [-0.1, 0.0], [-0.2, 0.3]])
    neighbours = np.array([[1, 2], [0, 2], [0, 1]])
    assert np.allclose(fit_local_frames(1.4 * mean, mean, neighbours, 1.5), np.eye(2) / 1.4)
    assert np.allclose(fit_local_frames(1.6 * mean, mean, neighbours, 1.5), np.eye(2))
    assert np.allclose(fit_local_frames(mean / 1.6, mean, neighbours, 1.5), np.eye(2))
    none = np.zeros((3, 0), np.int64)
    assert np.array_equal(fit_local_frames(1.4 * mean, mean, none, 1.5), np.tile(np.eye(2), (3, 1, 1)))


def test_each_refit_has_less_weight_for_an_outlier():
    """Five corners are in place, one is off; from equal weights the fit comes nearer to the identity each time."""
    shape = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.2], [0.5, 0.8]])
    observed = shape + np.array([0.0, 0, 0, 0, 0, 1.0])[:, None] * [0.3, 0.2]
    off = []
    for n_refits in (1, 2, 4):
        frame, support = refit_similarity(observed, shape, np.ones(6), 0.05, np.ones(6), n_refits)
        off.append(np.linalg.norm(frame.apply(shape) - shape))
        assert support[5] < 0.1
    assert off[0] > off[1] > off[2]
