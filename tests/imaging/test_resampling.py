import numpy as np
import pytest

from boneage.imaging import Frame, resample


def blob(row, col, shape=(60, 80), sigma=4.0):
    """A Gaussian spot: its centre of mass is known to a fraction of a pixel."""
    r, c = np.mgrid[: shape[0], : shape[1]]
    return np.exp(-((r - row) ** 2 + (c - col) ** 2) / (2 * sigma**2)).astype(np.float32)


def centre_of_mass(image):
    r, c = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(image * r).sum(), (image * c).sum()]) / image.sum()


@pytest.mark.parametrize(
    "frame",
    [
        Frame.from_linear(np.eye(2), [3.0, -5.0]),
        Frame.resize((60, 80), (30, 40)),
        Frame.from_linear(np.array([[0.8, -0.4], [0.4, 0.8]]), [20.0, -5.0]),
    ],
)
def test_a_spot_moves_where_the_frame_says(frame):
    drawn = resample(blob(30.3, 40.7), frame, (60, 80), fill=0.0)
    assert np.abs(centre_of_mass(drawn) - frame.apply([[30.3, 40.7]])[0]).max() < 0.05


def test_3d_and_2d_agree_on_a_shift():
    image = blob(30, 40)
    volume = np.stack([image] * 3)
    flat = resample(image, Frame.from_linear(np.eye(2), [2, 1]), (60, 80))
    solid = resample(volume, Frame.from_linear(np.eye(3), [0, 2, 1]), (3, 60, 80))
    assert np.allclose(solid[1], flat, atol=1e-4)


def test_reduction_does_not_alias():
    stripes = np.tile([0.0, 1.0], (64, 32)).astype(np.float32)
    small = resample(stripes, Frame.resize((64, 64), (8, 8)), (8, 8))
    assert np.abs(small[:, 1:-1] - 0.5).max() < 0.05


def test_reduction_of_a_volume_does_not_alias():
    stripes = np.tile([0.0, 1.0], (32, 32, 16)).astype(np.float32)
    small = resample(stripes, Frame.resize((32, 32, 32), (4, 4, 4)), (4, 4, 4))
    assert np.abs(small[..., 1:-1] - 0.5).max() < 0.05


def test_a_blob_in_a_volume_moves_where_the_frame_says():
    grid = np.stack(np.mgrid[:45, :50, :60], axis=-1).astype(float)
    blob = np.exp(-((grid - [20.3, 24.8, 30.4]) ** 2).sum(axis=-1) / (2 * 5.0**2)).astype(np.float32)
    frame = Frame.resize(blob.shape, (9, 10, 12))
    drawn = resample(blob, frame, (9, 10, 12), fill=0.0)
    places = np.stack(np.mgrid[:9, :10, :12], axis=-1).reshape(-1, 3)
    centre = (places * drawn.reshape(-1, 1)).sum(axis=0) / drawn.sum()
    assert np.abs(centre - frame.apply([[20.3, 24.8, 30.4]])[0]).max() < 0.05


def test_outside_repeats_the_edge_or_takes_the_fill():
    image = np.full((10, 10), 3.0, np.float32)
    shift = Frame.from_linear(np.eye(2), [20.0, 0.0])
    assert (resample(image, shift, (10, 10)) == 3).all()
    assert (resample(image, shift, (10, 10), fill=-1.0) == -1).all()


def test_refuses_a_frame_of_another_dimension():
    with pytest.raises(ValueError, match="2D frame"):
        resample(np.zeros((5, 5), np.float32), Frame.identity(3), (5, 5))
