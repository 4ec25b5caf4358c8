"""The annotated shapes that a localiser is trained on: checked, in true proportions, and their usual size and place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Points, Scan
from boneage.imaging.errors import InvalidInput
from boneage.imaging.shapes import shape_centre, shape_extent

Array = NDArray[np.float64]

_N_SOME = 20


@dataclass(frozen=True, eq=False)
class TrainingShape:
    """The landmarks of a training scan, and its geometry.

    Parameters
    ----------
    in_file : ndarray of shape (n_landmarks, ndim)
        Landmarks in the file's pixels.
    shape : ndarray of shape (n_landmarks, ndim)
        The same in true proportions.
    to_true : Frame
        From the file's pixels to true proportions.
    true_size : ndarray of shape (ndim,)
        Of the image, in true proportions.
    """

    in_file: Array
    shape: Array
    to_true: Frame
    true_size: Array


def read_training_shapes(
    scans: Sequence[Scan], points: Sequence[Points]
) -> tuple[tuple[str, ...], list[TrainingShape]]:
    """Return the landmark names, and the shape in each scan.

    Raises
    ------
    InvalidInput
        If there are fewer than two scans, they differ in their number of axes, names differ, a scan has fewer than two
        landmarks or all in one place, or a landmark is absent everywhere.
    """
    if len(scans) != len(points) or len(scans) < 2:
        raise InvalidInput(f"need at least 2 scans and points for each, got {len(scans)} and {len(points)}")
    names, ndim = points[0].names, points[0].positions.shape[1]
    shapes = []
    for scan, p in zip(scans, points, strict=True):
        if p.names != names:
            differing = sorted(set(p.names) ^ set(names)) or ["their order"]
            raise InvalidInput(f"{scan.source}: landmark names differ from those of the first scan: {differing[0]}")
        if not scan.ndim == p.positions.shape[1] == ndim:
            raise InvalidInput(f"{scan.source}: is {scan.ndim}D, its landmarks {p.positions.shape[1]}D; wanted {ndim}D")
        if p.present.sum() < 2:
            raise InvalidInput(f"{scan.source}: at least 2 landmarks must be present, got {p.present.sum()}")
        if shape_extent(p.positions) == 0:
            raise InvalidInput(f"{scan.source}: its landmarks all lie in one place")
        in_file = scan.frame_to_original().inverse().apply(p.positions)
        shapes.append(TrainingShape(in_file, in_file * scan.spacing_array, scan.frame_to_true(), scan.true_size))
    missing = [name for k, name in enumerate(names) if not any(p.present[k] for p in points)]
    if missing:
        raise InvalidInput(f"landmark {missing[0]} is absent in every training scan")
    return names, shapes


@dataclass(frozen=True, eq=False)
class UsualPose:
    """How large the anatomy usually is in an image, and where.

    Parameters
    ----------
    size_ratio : float
        Extent of the shape, relative to the image's larger side.
    centre_offset : ndarray of shape (ndim,)
        Of its centre from the image's, in the same unit.
    """

    size_ratio: float
    centre_offset: Array

    @classmethod
    def measure(cls, shapes: Sequence[TrainingShape]) -> Self:
        """Return the medians of training shapes."""
        sides = np.array([shape.true_size.max() for shape in shapes])
        extents = np.array([shape_extent(shape.shape) for shape in shapes])
        centres = np.array([shape_centre(shape.shape) for shape in shapes])
        image_centres = np.array([shape.true_size / 2 for shape in shapes])
        return cls(float(np.median(extents / sides)), np.median((centres - image_centres) / sides[:, None], axis=0))

    def place(self, scan: Scan, scale: float = 1.0, turn: Array | None = None) -> Frame:
        """Return the map from a scan's pixels to reference coordinates, in which the anatomy lies there as usual.

        Parameters
        ----------
        scan : Scan
        scale : float
            Size of the anatomy, relative to the usual one.
        turn : ndarray of shape (ndim, ndim), optional
            The rotation, or rotation and reflection, that brings the scan into its usual orientation.
        """
        size = scan.true_size
        centre = size / 2 + self.centre_offset * size.max()
        linear = (np.eye(scan.ndim) if turn is None else turn) / (self.size_ratio * scale * size.max())
        return Frame.from_linear(linear, -linear @ centre).compose(scan.frame_to_true())


def choose_some(n: int) -> range:
    """Return the numbers of some of ``n`` training scans, spread over all: enough to measure what is usual.

    Examples
    --------
    >>> list(choose_some(3)), list(choose_some(45))[:3], len(choose_some(45))
    ([0, 1, 2], [0, 2, 4], 20)
    """
    return range(0, n, max(n // _N_SOME, 1))[:_N_SOME]


def select_far_apart(shape: Array, n: int) -> NDArray[np.int64]:
    """Return up to ``n`` landmarks that lie far apart: each is the furthest from those before it."""
    chosen = [int(np.linalg.norm(shape, axis=1).argmax())]
    while len(chosen) < min(n, len(shape)):
        distances = np.linalg.norm(shape[:, None] - shape[chosen], axis=2).min(axis=1)
        chosen.append(int(distances.argmax()))
    return np.array(chosen)
