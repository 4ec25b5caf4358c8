"""Makes small volumes for tests."""

import numpy as np
import SimpleITK as sitk

OBLIQUE = np.array(
    [[0.9553364891256060, -0.2955202066613396, 0.0], [0.2955202066613396, 0.9553364891256060, 0.0], [0.0, 0.0, 1.0]]
)
"""A rotation by 0.3 rad about the axis from foot to head."""


def ramp(shape=(18, 20, 24)):
    """Whole numbers that differ in every voxel, (k, j, i)."""
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def write_itk(path, voxels, *, direction=None, spacing=None, origin=None, vector=False, **notes):
    """Write voxels (k, j, i), with spacing, origin and direction in SimpleITK's order, and return the image."""
    image = sitk.GetImageFromArray(voxels, isVector=vector)
    n = image.GetDimension()
    image.SetSpacing(spacing or (0.5, 0.75, 2.0)[:n] + (1.0,) * (n - 3))
    image.SetOrigin(origin or (-30.0, 12.5, 7.0)[:n] + (0.0,) * (n - 3))
    if direction is not None:
        image.SetDirection(np.asarray(direction, float).ravel().tolist())
    for key, value in notes.items():
        image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path), useCompression=str(path).endswith(".gz"))
    return image
