import numpy as np
import pytest
from pydicom.dataset import Dataset

from boneage.imaging.dicom.stored_values import find_padding, find_surround, measure_roughness, settle_sign

NONE = np.zeros((40, 30), dtype=bool)


@pytest.fixture
def bowl():
    """A smooth picture of 40 x 30 pixels, from 1000 in the middle to 3000 in the corners."""
    row, column = np.mgrid[-1:1:40j, -1:1:30j]
    return (1000 + 1000 * (row**2 + column**2)).astype(np.uint16)


def test_values_that_wrap_are_unwrapped_and_told(bowl):
    wrapped = ((bowl + 2048) % 4096).astype(np.int16) - 2048  # of 12 bits, read as signed
    remarks = []
    assert np.array_equal(settle_sign(wrapped, NONE, remarks), bowl)
    assert remarks == ["its values are unsigned, not as its PixelRepresentation says"]


def test_signed_values_read_as_unsigned_are_brought_back(bowl):
    below = bowl.astype(np.int16) - 2000
    remarks = []
    assert np.array_equal(settle_sign(below.view(np.uint16), NONE, remarks), below)
    assert remarks == ["its values are signed, not as its PixelRepresentation says"]


@pytest.mark.parametrize("offset", [0, -1000, -2000, -4000])
def test_values_that_are_smooth_stay(bowl, offset):
    values, remarks = bowl.astype(np.int16) + offset, []
    assert settle_sign(values, NONE, remarks) is values
    assert remarks == []


def test_padding_does_not_decide_the_sign(bowl):
    framed = bowl.copy()
    framed[:, ::3] = framed[::2] = 65535
    assert settle_sign(framed, framed == 65535, []) is framed


@pytest.mark.parametrize(("value", "found"), [(65535, True), (5000, True), (3200, False), (0, True), (800, False)])
def test_one_value_around_the_picture_is_padding_if_it_is_far_off_the_others(bowl, value, found):
    bowl[:, :3] = value
    assert find_surround(bowl, NONE) == ([value] if found else [])


def test_a_spot_inside_and_what_is_stated_as_padding_are_no_surround(bowl):
    bowl[10:14, 10:14] = 65535
    assert find_surround(bowl, NONE) == []
    bowl[:, :3] = 65535
    assert find_surround(bowl, bowl == 65535) == []
    assert find_surround(bowl, np.ones(bowl.shape, dtype=bool)) == []


def test_padding_is_a_value_or_a_range_of_either_type(bowl):
    data = Dataset()
    assert not find_padding(bowl, data).any()
    data.PixelPaddingValue = 2000
    assert np.array_equal(find_padding(bowl, data), bowl == 2000)
    data.PixelPaddingRangeLimit = 1500
    assert np.array_equal(find_padding(bowl, data), (bowl >= 1500) & (bowl <= 2000))


def test_roughness_is_the_mean_step_between_rows():
    rows = np.array([[0, 0], [1, 3]])
    assert measure_roughness(rows) == 2.0
    assert measure_roughness(rows, np.array([[False, True], [False, False]])) == 1.0
    assert measure_roughness(rows, np.ones((2, 2), bool)) == 0.0
