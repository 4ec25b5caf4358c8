"""Building the scan of a volume, from any file format: checks and the usual order of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.errors import UnreadableScan
from boneage.imaging.frames import Frame
from boneage.imaging.identifiers import scan_id
from boneage.imaging.limits import SMALLEST_SIDE
from boneage.imaging.scans import Scan
from boneage.imaging.volumes.orientation import to_canonical_axes

LARGEST_VOXELS = 512**3


def check_volume_size(path: Path, shape: Sequence[int]) -> None:
    """Refuse, before decoding, a volume that is a single slice, too small to show a hand or too large to hold."""
    size = " x ".join(str(n) for n in shape)
    if min(shape) == 1:
        raise UnreadableScan(path, f"is a single slice, not a volume ({size} voxels)")
    if sorted(shape)[1] < SMALLEST_SIDE:
        raise UnreadableScan(path, f"is too small to show a hand ({size} voxels)")
    if math.prod(shape) > LARGEST_VOXELS:
        raise UnreadableScan(path, f"is too large ({size} voxels, at most {LARGEST_VOXELS:,} in all)")


def check_numbers(path: Path, voxels: NDArray[np.floating]) -> None:
    """Refuse voxels that are NaN or infinite."""
    n_invalid = voxels.size - int(np.count_nonzero(np.isfinite(voxels)))
    if n_invalid:
        raise UnreadableScan(path, f"has {n_invalid:,} voxels that are no numbers (NaN or infinite)")


def build_volume(path: Path, voxels: NDArray[np.float32], to_patient: Frame, **fields: Any) -> Scan:
    """Return the scan of a volume, with its axes in the usual order.

    Parameters
    ----------
    path : Path
        The file or folder, for messages and as the id.
    voxels : ndarray of shape (k, j, i)
    to_patient : Frame
        Map from (k, j, i) to millimetres in LPS.
    **fields
        Other fields of :class:`Scan`.

    Raises
    ------
    UnreadableScan
        If a voxel is NaN or infinite, or the axes are not perpendicular.
    """
    check_numbers(path, voxels)
    try:
        pixels, to_original = to_canonical_axes(voxels, to_patient)
    except ValueError as error:
        raise UnreadableScan(path, str(error)) from error
    spacing = np.linalg.norm(to_patient.compose(to_original).matrix[:-1, :-1], axis=0)
    return Scan(
        pixels,
        spacing=tuple(spacing.tolist()),
        spacing_unit="mm",
        modality="mri",
        source=scan_id(path),
        original_shape=voxels.shape,
        to_original=to_original,
        to_patient=to_patient,
        **fields,
    )
