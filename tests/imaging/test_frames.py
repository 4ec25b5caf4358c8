import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.imaging import Frame

numbers = st.floats(-50, 50)


@st.composite
def frames(draw, ndim=2):
    linear = np.array([[draw(numbers) for _ in range(ndim)] for _ in range(ndim)])
    linear += np.eye(ndim) * 200  # far from singular
    return Frame.from_linear(linear, [draw(numbers) for _ in range(ndim)])


@given(frames(), st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5))
def test_inverse_leads_back(frame, positions):
    positions = np.array(positions)
    assert np.abs(frame.inverse().apply(frame.apply(positions)) - positions).max() < 1e-6


@given(frames(), frames())
def test_compose_applies_the_argument_first(outer, inner):
    place = np.array([[3.0, -2.0]])
    assert np.allclose(outer.compose(inner).apply(place), outer.apply(inner.apply(place)))


def test_resize_keeps_the_corners_of_the_field_of_view():
    frame = Frame.resize((10, 20), (5, 60))
    assert np.allclose(frame.apply([[-0.5, -0.5], [9.5, 19.5]]), [[-0.5, -0.5], [4.5, 59.5]])


def test_nan_stays_nan_and_the_argument_is_unchanged():
    positions = np.array([[np.nan, np.nan], [1.0, 2.0]])
    before = positions.copy()
    mapped = Frame.from_linear(2 * np.eye(2), [1, 1]).apply(positions)
    assert np.isnan(mapped[0]).all()
    assert mapped[1].tolist() == [3.0, 5.0]
    assert np.array_equal(positions, before, equal_nan=True)


def test_scale_is_the_mean_magnification():
    assert Frame.from_linear(np.diag([2.0, 8.0]), [0, 0]).scale() == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        (np.eye(2), "shape"),
        (np.full((3, 3), np.nan), "finite"),
        (np.diag([1.0, 1.0, 2.0]), "last row"),
        (np.diag([1.0, 0.0, 1.0]), "invertible"),
    ],
)
def test_refuses_what_is_no_invertible_affine_map(matrix, reason):
    with pytest.raises(ValueError, match=reason):
        Frame(matrix)


def test_refuses_positions_of_another_dimension():
    with pytest.raises(ValueError, match="shape"):
        Frame.identity(2).apply([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="compose"):
        Frame.identity(2).compose(Frame.identity(3))
