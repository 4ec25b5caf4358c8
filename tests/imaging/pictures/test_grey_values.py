import numpy as np
import pytest

from boneage.imaging.pictures.grey_values import (
    compute_aspect,
    compute_luminance,
    fill_darkest,
    invert,
    to_float32,
    to_relative_spacing,
)


def test_luminance_weighs_red_green_and_blue_in_pictures_higher_than_a_block():
    colour = np.zeros((600, 20, 4), dtype=np.uint8)
    colour[300:, :, 1] = 200
    grey = compute_luminance(colour)
    assert grey.dtype == np.float32
    assert np.allclose(grey[:300], 0)
    assert np.allclose(grey[300:], 0.587 * 200)


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint16, np.int32, np.float16, np.float64])
def test_common_numbers_stay_as_they_are(kind):
    values = np.array([[0, 1], [1, 0]]).astype(kind)
    assert np.array_equal(to_float32(values), values)


@pytest.mark.parametrize(("low", "step"), [(-(2**62), 2**54), (2**40, 1), (-(2**31), 1)])
def test_steps_of_large_integers_are_kept(low, step):
    values = (np.arange(256, dtype=np.int64) * step + low).reshape(16, 16)
    steps = np.diff(to_float32(values).ravel())
    assert (steps > 0).all()


def test_floats_beyond_the_range_become_heights():
    pixels = to_float32(np.array([[-1e300, 0.0, 1e300]]))
    assert np.isfinite(pixels).all()
    assert (np.diff(pixels) > 0).all()


def test_what_is_no_number_becomes_nan_and_then_the_darkest():
    pixels = to_float32(np.array([[np.inf, 3.0, np.nan, 7.0]]))
    assert np.isnan(pixels).tolist() == [[True, False, True, False]]
    assert fill_darkest(pixels).tolist() == [[3.0, 3.0, 3.0, 7.0]]
    assert fill_darkest(invert(pixels)).tolist() == [[3.0, 7.0, 3.0, 3.0]]


@pytest.mark.parametrize("values", [np.full((2, 2), np.nan), np.ones((2, 2), dtype=complex)])
def test_no_grey_values_are_refused(values):
    with pytest.raises(ValueError, match=r"no finite|no grey"):
        to_float32(values)


def test_aspects_are_bounded_and_become_spacings():
    assert [compute_aspect(*each) for each in ((200, 100), (1, 100), ("x", 1), (np.nan, 1))] == [2.0, 1.0, 1.0, 1.0]
    assert [to_relative_spacing(each) for each in (1.0, 2.0, 0.5)] == [(1.0, 1.0), (2.0, 1.0), (1.0, 2.0)]
