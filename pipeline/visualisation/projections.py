"""A volume from its front, its side and from above, in projection and in slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan, resample
from boneage.landmarks import VoteMap

Array = NDArray[np.float64]
Picture = NDArray[np.float32]

VIEWS = {"coronal": (0, 1, 2), "sagittal": (2, 1, 0), "axial": (1, 0, 2)}
"""The axes of a volume that are depth, rows and columns of the picture."""

_COARSE = 4  # pixels a cell of the cube that votes are projected in
_CELLS = 200  # of a grid that votes are projected in, along the volume's longest side


def project(volume: Picture, view: str) -> Picture:
    """Return the means along the line of sight."""
    return np.asarray(np.transpose(volume, VIEWS[view]).mean(axis=0), dtype=np.float32)


def place_projection(scan: Scan, view: str, scale: float) -> tuple[Frame, tuple[int, int]]:
    """Return how a whole volume lies in a picture of ``scale`` pixels a unit of its spacing.

    Returns
    -------
    to_picture : Frame
        From the original's voxels to (depth, row, column).
    shape : tuple of int
        Rows and columns of the picture.
    """
    axes = list(VIEWS[view])
    depth, rows, columns = (max(round(scale * size), 1) for size in scan.true_size[axes].tolist())
    turned = Frame.resize([scan.pixels.shape[axis] for axis in axes], (depth, rows, columns)).compose(_turn(view))
    return turned.compose(scan.frame_to_original().inverse()), (rows, columns)


def place_slice(scan: Scan, view: str, middle: Array, scale: float, side: int) -> Frame:
    """Return how a volume lies about a square slice in true proportions.

    Parameters
    ----------
    scan : Scan
    view : str
    middle : ndarray of shape (3,)
        What is in the middle of the slice, in the original's voxels.
    scale : float
        Pixels a unit of the spacing.
    side : int
        Of the picture, in pixels.

    Returns
    -------
    Frame
        From the original's voxels to (depth, row, column): the slice is at depth 0.
    """
    turned = _turn(view).compose(scan.frame_from_original_to_true())
    place = turned.apply(middle[None])[0]
    in_picture = np.array([0.0, (side - 1) / 2, (side - 1) / 2])
    return Frame.from_linear(scale * np.eye(3), in_picture - scale * place).compose(turned)


def sample_slice(scan: Scan, to_picture: Frame, side: int) -> Picture:
    """Return the slice at depth 0; NaN outside the volume."""
    frame = to_picture.compose(scan.frame_to_original())
    return np.asarray(resample(scan.pixels, frame, (1, side, side), fill=np.nan)[0])


def sample_votes(vote: VoteMap, to_picture: Frame, side: int) -> Picture:
    """Return the votes of a landmark in the slice at depth 0, relative to their peak."""
    values = resample(vote.values, to_picture.compose(vote.to_map.inverse()), (1, side, side), fill=0.0)[0]
    return np.asarray(values / max(float(vote.values.max()), 1e-9), dtype=np.float32)


def project_votes(vote: VoteMap, to_picture: Frame, side: int) -> Picture:
    """Return the highest votes of a landmark along the line of sight, relative to their peak, coarsely.

    The field of view is a cube as deep as the picture is wide, with depth 0 in its middle.
    """
    n = side // _COARSE
    centred = Frame.from_linear(np.eye(3), [(side - 1) / 2, 0.0, 0.0]).compose(to_picture)
    to_cells = Frame.resize((side,) * 3, (n,) * 3).compose(centred)
    values = resample(vote.values, to_cells.compose(vote.to_map.inverse()), (n, n, n), fill=0.0).max(axis=0)
    return np.asarray(values / max(float(values.max()), 1e-9), dtype=np.float32)


def merge_votes(scan: Scan, votes: Sequence[VoteMap]) -> Picture:
    """Return the highest of all votes at every place of a coarse grid as large as the volume."""
    shape = [max(round(_CELLS * size), 1) for size in (scan.true_size / scan.true_size.max()).tolist()]
    to_grid = Frame.resize(scan.pixels.shape, shape).compose(scan.frame_to_original().inverse())
    highest = np.zeros(shape, np.float32)
    for vote in votes:
        highest = np.maximum(highest, resample(vote.values, to_grid.compose(vote.to_map.inverse()), shape, fill=0.0))
    return highest


def _turn(view: str) -> Frame:
    return Frame.from_linear(np.eye(3)[list(VIEWS[view])], np.zeros(3))
