import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from boneage.imaging import Frame
from boneage.imaging.trilinear import warp_volume

SHAPE = (9, 14, 11)


def turned(angles, scale=1.0):
    """Turn and scale about the middle of a volume of SHAPE."""
    linear = scale * Rotation.from_euler("xyz", angles).as_matrix()
    middle = (np.array(SHAPE) - 1) / 2
    return Frame.from_linear(linear, middle - linear @ middle)


FRAMES = {
    "identity": Frame.identity(3),
    "whole steps": Frame.from_linear(np.eye(3), [2.0, -3.0, 1.0]),
    "mirrored": Frame.from_linear(np.diag([-1.0, 1.0, 1.0]), [SHAPE[0] - 1.0, 0.0, 0.0]),
    "turned a little": turned((0.3, -0.2, 0.5)),
    "turned by a right angle": turned((0.0, np.pi / 2, 0.0)),
    "larger": turned((0.1, 0.2, -1.0), 0.4),
    "smaller": turned((1.0, 0.2, 3.0), 1.7),
    "far away": Frame.from_linear(np.eye(3), [100.0, 0.0, 0.0]),
}


@pytest.mark.parametrize("fill", [None, -2.5])
@pytest.mark.parametrize("to_source", FRAMES.values(), ids=FRAMES)
def test_reads_as_scipy_does(to_source, fill):
    volume = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    before = volume.copy()
    drawn = warp_volume(volume, to_source, (8, 12, 13), fill)
    known = ndimage.affine_transform(
        volume,
        to_source.matrix[:3, :3],
        to_source.matrix[:3, 3],
        (8, 12, 13),
        order=1,
        mode="nearest" if fill is None else "constant",
        cval=0.0 if fill is None else fill,
    )
    assert drawn.dtype == np.float32
    assert drawn.shape == (8, 12, 13)
    assert np.abs(drawn - known).max() < 1e-4
    assert (volume == before).all()


def test_one_plane_and_any_memory_order():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(1, 6, 5)).astype(np.float32)
    assert (warp_volume(plane, Frame.identity(3), (3, 6, 5), None) == plane).all()
    turned_over = np.asfortranarray(rng.normal(size=(4, 6, 5)).astype(np.float32))
    assert (warp_volume(turned_over, Frame.identity(3), (4, 6, 5), 0.0) == turned_over).all()
