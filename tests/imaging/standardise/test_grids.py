import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.imaging.standardise import ExposedField
from boneage.imaging.standardise.grids import cut_field, fill_outline, make_working_copy


@pytest.mark.parametrize(
    ("shape", "spacing", "wanted"),
    [
        ((600, 300), (1, 1), (300, 150)),
        ((90, 80), (1, 1), (90, 80)),
        ((300, 300), (2, 1), (300, 150)),
        ((1, 1), (1, 1), (1, 1)),
    ],
)
def test_the_working_copy_has_square_pixels_and_is_never_enlarged(shape, spacing, wanted):
    scan = Scan(np.random.default_rng(0).normal(size=shape), spacing=spacing)
    pixels, to_copy = make_working_copy(scan, 300)
    assert pixels.shape == wanted
    assert to_copy.apply([[-0.5, -0.5]])[0] == pytest.approx([-0.5, -0.5])
    assert to_copy.apply([np.array(shape) - 0.5])[0] == pytest.approx(np.array(wanted) - 0.5)


def test_an_upright_field_is_whole_pixels_of_the_grid():
    field = ExposedField(np.array([[2.5, 3.5], [2.5, 9.5], [7.5, 9.5], [7.5, 3.5]]), np.zeros((0, 2)), 0.0, 4, 1.0)
    frame, shape = cut_field(field, (20, 20), np.ones(2))
    assert shape == (5, 6)
    assert frame.apply([[3.0, 4.0]]).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (2.0, 0.5)])
def test_the_corners_of_an_aslant_field_become_the_parts_corners(spacing):
    spacing = np.array(spacing)
    turn = np.array([[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]])
    true = np.array([[0.0, 0.0], [0.0, 40.0], [60.0, 40.0], [60.0, 0.0]]) @ turn + 30
    field = ExposedField(true / spacing, true / spacing, 0.3, 4, 1.0)
    frame, shape = cut_field(field, (200, 200), spacing)
    assert shape == (60 / spacing[0], 40 / spacing[1])
    wanted = np.array([[-0.5, -0.5], [-0.5, shape[1] - 0.5], [shape[0] - 0.5, shape[1] - 0.5], [shape[0] - 0.5, -0.5]])
    np.testing.assert_allclose(frame.apply(field.corners), wanted, atol=1e-9)
    assert fill_outline(field, frame, shape).mean() > 0.95
