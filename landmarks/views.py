"""Views: the anatomy resampled in a pose, at a resolution; and the random poses and exposures of training views."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import joblib
import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan, resample, resize_scan, shrink
from boneage.landmarks.settings import StageSettings
from boneage.landmarks.similarity import rotate

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bounds:
    """A box in reference coordinates, in which the mean shape has extent 1."""

    low: Array
    high: Array

    def grid(self, resolution: float) -> tuple[Frame, tuple[int, ...]]:
        """Return the map from reference coordinates to a grid's pixels, and the grid's shape."""
        frame = Frame.from_linear(np.eye(len(self.low)) * resolution, -self.low * resolution)
        return frame, tuple(int(n) for n in np.ceil((self.high - self.low) * resolution) + 1)


@dataclass(frozen=True, eq=False)
class View:
    """A picture, and the map to it.

    Parameters
    ----------
    picture : ndarray of float32
    to_view : Frame
        From the file's pixels to the picture's.
    resolution : float or ndarray of shape (ndim,)
        Pixels per unit of reference coordinates, along each axis of the picture if they differ.
    turn : ndarray of shape (ndim, ndim), or None
        From offsets in the picture to those in reference coordinates, in pixels of a stage's resolution; None where
        the picture is drawn in reference coordinates.
    """

    picture: NDArray[np.float32]
    to_view: Frame
    resolution: float | Array
    turn: Array | None = None

    def turn_from(self, turns: Array) -> Array:
        """Return linear maps from offsets in reference coordinates as maps from offsets in the picture."""
        return turns if self.turn is None else np.asarray(turns @ self.turn)


@dataclass(frozen=True)
class Jitter:
    """A small random change of pose and exposure."""

    angles_rad: tuple[float, ...]
    log_scale: float
    log_gamma: float = 0.0

    def apply(self, pose: Frame) -> Frame:
        """Return the pose turned and scaled about the reference origin."""
        return Frame.from_linear(self.linear(pose.ndim), np.zeros(pose.ndim)).compose(pose)

    def linear(self, ndim: int) -> Array:
        """Return the change as a matrix of shape (ndim, ndim)."""
        return np.asarray(rotate(self.angles_rad, ndim) * np.exp(self.log_scale))

    def expose(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the picture as if it were darker (a positive ``log_gamma``) or brighter."""
        if not self.log_gamma:
            return picture
        low, high = np.percentile(picture, (0.5, 99.5))
        grey = np.maximum(picture - low, 0.0) / max(float(high - low), 1e-6)
        return np.asarray(grey ** np.exp(self.log_gamma), dtype=np.float32)


def draw_jitter(
    rng: np.random.Generator, ndim: int, max_rotation_rad: float, max_log_scale: float, max_log_gamma: float = 0.0
) -> Jitter:
    """Draw a change of pose and exposure, uniform within the limits; in 3D, a rotation about each axis."""
    angles = tuple(float(rng.uniform(-max_rotation_rad, max_rotation_rad)) for _ in range(1 if ndim == 2 else 3))
    limits = (max_log_scale, max_log_gamma)
    return Jitter(angles, *(float(rng.uniform(-limit, limit)) for limit in limits))


def draw_view(scan: Scan, pose: Frame, bounds: Bounds, resolution: float) -> View:
    """Draw the part of a scan that lies in ``bounds`` when the scan is in ``pose``.

    Parameters
    ----------
    scan : Scan
    pose : Frame
        From the file's pixels to reference coordinates.
    bounds : Bounds
    resolution : float
        Pixels per unit.
    """
    to_grid, shape = bounds.grid(resolution)
    to_view = to_grid.compose(pose)
    return View(resample(scan.pixels, to_view, shape), to_view, resolution)


def draw_close_view(scan: Scan, pose: Frame, bounds: Bounds, resolution: float) -> View:
    """Draw what :func:`draw_view` draws, for a local stage.

    A volume is not resampled in the pose, which would take millions of voxels: it stays in the file's axes, cropped to
    the bounds and shrunk by whole factors as far as the resolution allows.
    """
    if scan.ndim == 2:
        return draw_view(scan, pose, bounds, resolution)
    pixels, to_view = _crop_and_shrink(scan.pixels, pose, bounds, resolution)
    turn = pose.compose(to_view.inverse()).matrix[:-1, :-1]
    return View(pixels, to_view, 1.0 / np.linalg.norm(turn, axis=0), turn * resolution)


def _crop_and_shrink(
    pixels: NDArray[np.float32], pose: Frame, bounds: Bounds, resolution: float
) -> tuple[NDArray[np.float32], Frame]:
    """Return the part of a volume that lies in bounds, shrunk by whole factors, and the map to it.

    No voxel of it is longer than a pixel of the resolution, if none of the volume is.
    """
    corners = pose.inverse().apply(_corners(bounds.low, bounds.high))
    size = np.array(pixels.shape)
    low = np.clip(np.floor(corners.min(axis=0)), 0, size - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, low + 1, size).astype(int)
    length = np.linalg.norm(pose.matrix[:-1, :-1], axis=0) * resolution
    factor = np.clip((1.0 / length + 1e-6).astype(int), 1, high - low)
    small, from_small = shrink(pixels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], factor)
    return small, Frame.from_linear(np.eye(len(low)), low).compose(from_small).inverse()


def draw_training_views(
    stage: StageSettings,
    scans: Sequence[Scan],
    poses: Sequence[Frame],
    landmarks: Sequence[Array],
    bounds: Bounds,
    seed: int,
    n_jobs: int,
) -> tuple[list[View], list[Array]]:
    """Draw the views that a coarse stage is trained on, each scan in a few random poses and exposures.

    Parameters
    ----------
    stage : StageSettings
        Its number of copies, and the limits of their jitter.
    scans : sequence of Scan
    poses : sequence of Frame
        From each file's pixels to reference coordinates.
    landmarks : sequence of ndarray of shape (n_landmarks, ndim)
        In the files' pixels.
    bounds : Bounds
    seed, n_jobs : int

    Returns
    -------
    views : list of View
    landmarks : list of ndarray of shape (n_landmarks, ndim)
        In the views' pixels.
    """
    rng = np.random.default_rng(seed)
    limits = stage.max_rotation_rad, stage.max_log_scale, stage.max_log_gamma
    jitters = [[draw_jitter(rng, pose.ndim, *limits) for _ in range(stage.n_copies)] for pose in poses]

    def draw(image: int) -> list[tuple[View, Array]]:
        scan, drawn = scans[image], []
        for jitter in jitters[image]:
            view = draw_view(scan, jitter.apply(poses[image]), bounds, stage.resolution)
            exposed = replace(view, picture=jitter.expose(view.picture))
            drawn.append((exposed, view.to_view.apply(landmarks[image])))
        return drawn

    parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads")
    drawn_of_images = parallel(joblib.delayed(draw)(image) for image in range(len(scans)))
    views, truths = zip(*(pair for pairs in drawn_of_images for pair in pairs), strict=True)
    return list(views), list(truths)


def shrink_scan(scan: Scan, length: float) -> tuple[Scan, Frame]:
    """Return a scan whose pixels have about a length, in its spacing's unit, and the map to it.

    A scan that is hardly finer is returned as it is.
    """
    shape, spacing = np.array(scan.pixels.shape), scan.spacing_array
    factor = length / spacing
    if (factor < 1.5).all():
        return scan, Frame.identity(scan.ndim)
    smaller = tuple(int(n) for n in np.maximum(np.round(shape / np.maximum(factor, 1.0)), 2))
    return resize_scan(scan, smaller), Frame.resize(scan.pixels.shape, smaller)


def image_bounds(scan: Scan, pose: Frame) -> Bounds:
    """Return the bounds of the whole image in a pose."""
    placed = pose.apply(_corners(np.zeros(scan.ndim), np.array(scan.pixels.shape) - 1.0))
    return Bounds(placed.min(axis=0), placed.max(axis=0))


def _corners(low: Array, high: Array) -> Array:
    """Return the corners of a box, shape (n, ndim)."""
    return np.array(list(itertools.product(*zip(low, high, strict=True))))
