import numpy as np
import pytest
from scipy import ndimage

from boneage.landmarks.features import LEVELS, normalise_contrast, stack_boxes


@pytest.fixture
def picture():
    """Random grey values, 30 x 40."""
    return np.random.default_rng(0).uniform(0, 255, (30, 40)).astype(np.float32)


def test_grey_values_do_not_depend_on_the_exposure(picture):
    assert np.abs(normalise_contrast(picture) - normalise_contrast(picture * 37 - 500)).max() <= 1
    low, high = np.percentile(normalise_contrast(picture), (2, 98))
    assert (low, high) == pytest.approx((0, LEVELS), abs=2)


@pytest.mark.parametrize("shape", [(90, 80), (16, 18, 60)])
def test_with_local_contrast_a_dark_half_has_the_levels_of_a_bright_one(shape):
    texture = np.random.default_rng(2).normal(0, 1, shape).astype(np.float32)
    picture = 40 * texture
    half = shape[-1] // 2
    picture[..., half:] = 160 * texture[..., half:] + 300
    levels = normalise_contrast(picture, 4.0)
    left, right = levels[..., 4 : half - 12], levels[..., half + 12 : -4]
    assert left.std() == pytest.approx(right.std(), rel=0.35)
    assert abs(left.mean() - right.mean()) < 0.1 * right.std()
    assert (
        normalise_contrast(picture)[..., : half - 12].std() < 0.3 * normalise_contrast(picture)[..., half + 12 :].std()
    )


def test_faint_structures_have_contrast_relative_to_the_noise():
    picture = np.zeros((40, 80), np.float32)
    picture[::2, :40], picture[::2, 40:] = 0.01, 1.0
    faint, bright = (
        [np.ptp(normalise_contrast(picture, 4.0, noise=noise)[:, columns]) for noise in (0.03, 0.001)]
        for columns in (slice(0, 20), slice(60, 80))
    )
    assert faint[0] < 0.2 * bright[0]
    assert faint[1] > 0.7 * bright[1]


def test_local_contrast_leaves_a_flat_picture_flat():
    assert np.abs(normalise_contrast(np.full((40, 40), 7.0, np.float32), 3.0)).max() < 1


def test_a_blank_picture_is_no_error():
    assert (normalise_contrast(np.full((5, 5), 3.0, np.float32)) == 0).all()


@pytest.mark.parametrize("shape", [(30, 40), (6, 12, 14)])
def test_a_value_of_the_stack_is_the_mean_of_the_box(shape):
    picture = np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)
    stack = stack_boxes([normalise_contrast(p) for p in (picture, picture[::-1])], (1, 5), pad=3)
    expected = ndimage.uniform_filter(np.rint(normalise_contrast(picture)).astype(float), 5, mode="nearest")
    inner = tuple(slice(3, 3 + n) for n in shape)
    assert np.abs(stack.values[0, 1][inner] - expected).max() <= 1
    assert np.array_equal(stack.values[1, 0][inner], np.rint(normalise_contrast(picture[::-1])))


def test_flat_places_lead_to_the_pixel(picture):
    stack = stack_boxes([normalise_contrast(p) for p in (picture, picture + 1)], (1, 3), pad=4)
    positions = np.array([[0, 0], [29, 39], [7, 11]])
    flat = stack.flat(np.array([0, 1, 1]), positions)
    values = stack.values.reshape(-1)[flat]
    for value, image, (row, col) in zip(values, (0, 1, 1), positions, strict=True):
        assert value == stack.values[image, 0, row + 4, col + 4]
