import numpy as np

from boneage.imaging import Frame
from boneage.imaging.standardise import ExposedField


def test_the_whole_picture_is_a_field_whose_corners_lie_half_a_pixel_outside():
    field = ExposedField.whole((10, 20), 0.5)
    assert field.corners.tolist() == [[-0.5, -0.5], [-0.5, 19.5], [9.5, 19.5], [9.5, -0.5]]
    assert (field.n_sides, field.rotation_rad, field.confidence) == (0, 0.0, 0.5)


def test_a_field_is_moved_with_its_grid():
    moved = ExposedField.whole((10, 20), 0.5).moved(Frame.resize((10, 20), (30, 40)))
    np.testing.assert_allclose(moved.corners, ExposedField.whole((30, 40), 0.5).corners)
    np.testing.assert_allclose(moved.outline, moved.corners)
