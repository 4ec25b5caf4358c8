import itertools

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from boneage.imaging import Frame
from boneage.imaging.volumes.orientation import CANONICAL, permute_axes, to_canonical_axes

AXES = [
    np.diag(signs)[list(order)]
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1.0, -1.0), repeat=3)
]


@given(
    direction=st.sampled_from(AXES),
    turn=st.tuples(*[st.floats(-0.3, 0.3)] * 3),
    spacing=st.tuples(*[st.floats(0.1, 5)] * 3),
    origin=st.tuples(*[st.floats(-300, 300)] * 3),
    place=st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 4)),
)
def test_a_voxel_keeps_its_position_in_the_patient(direction, turn, spacing, origin, place):
    linear = Rotation.from_rotvec(turn).as_matrix() @ direction * np.array(spacing)
    to_patient = Frame.from_linear(linear, origin)
    voxels = np.zeros((3, 4, 5), np.float32)
    voxels[place] = 1
    pixels, to_given = to_canonical_axes(voxels, to_patient)
    (position,) = np.argwhere(pixels == 1)
    assert to_given.apply([position])[0] == pytest.approx(place, abs=1e-9)
    world = to_patient.compose(to_given)
    assert world.apply([position])[0] == pytest.approx(to_patient.apply([place])[0], abs=1e-6)
    directions = world.matrix[:3, :3] / np.linalg.norm(world.matrix[:3, :3], axis=0)
    assert np.linalg.det(directions) == pytest.approx(-1)  # columns, rows, planes are right-handed
    assert np.diag(CANONICAL.T @ directions).min() > 0.5
    assert np.array_equal(permute_axes(pixels, to_given.matrix[:3, :3].T), voxels)


@pytest.mark.parametrize("direction", AXES)
def test_axes_along_those_of_the_patient_come_into_the_usual_order(direction):
    voxels = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    pixels, to_given = to_canonical_axes(voxels, Frame.from_linear(direction, np.zeros(3)))
    assert np.array_equal(direction @ to_given.matrix[:3, :3], CANONICAL)
    if np.linalg.det(direction[:, ::-1]) > 0:
        image = sitk.GetImageFromArray(voxels)
        image.SetDirection(direction[:, ::-1].ravel().tolist())
        assert np.array_equal(pixels, sitk.GetArrayFromImage(sitk.DICOMOrient(image, "LIP")))


def test_axes_that_are_not_perpendicular_are_refused():
    linear = np.eye(3)
    linear[0, 1] = 0.01
    with pytest.raises(ValueError, match="not perpendicular"):
        to_canonical_axes(np.zeros((3, 4, 5), np.float32), Frame.from_linear(linear, np.zeros(3)))
