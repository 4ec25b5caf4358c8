"""Pictures of the anatomy in a pose, at a resolution; and the random poses that training draws them in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan, resample
from boneage.landmarks.poses import rotation

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
    """A picture, and where it lies: ``to_view`` leads from the file's pixels to the picture's."""

    picture: NDArray[np.float32]
    to_view: Frame


@dataclass(frozen=True)
class Jitter:
    """A small random change of pose and exposure."""

    angle_rad: float
    log_scale: float
    log_gamma: float = 0.0

    def apply(self, pose: Frame) -> Frame:
        """Return the pose turned and scaled about the reference origin."""
        return Frame.from_linear(self.linear(pose.ndim), np.zeros(pose.ndim)).compose(pose)

    def linear(self, ndim: int) -> Array:
        """Return the change as a matrix of shape (ndim, ndim)."""
        return np.asarray(rotation(self.angle_rad, ndim) * np.exp(self.log_scale))

    def expose(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the picture as if it were darker (a positive ``log_gamma``) or brighter."""
        if not self.log_gamma:
            return picture
        low, high = np.percentile(picture, (0.5, 99.5))
        grey = np.maximum(picture - low, 0.0) / max(float(high - low), 1e-6)
        return np.asarray(grey ** np.exp(self.log_gamma), dtype=np.float32)


def draw_jitter(
    rng: np.random.Generator, max_rotation_rad: float, max_log_scale: float, max_log_gamma: float = 0.0
) -> Jitter:
    """Draw a change of pose and exposure, uniform within the limits."""
    limits = (max_rotation_rad, max_log_scale, max_log_gamma)
    return Jitter(*(float(rng.uniform(-limit, limit)) for limit in limits))


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
    return View(resample(scan.pixels, to_view, shape), to_view)


def image_bounds(scan: Scan, pose: Frame) -> Bounds:
    """Return the bounds of the whole image in a pose."""
    last = np.array(scan.pixels.shape) - 1.0
    corners = np.array(np.meshgrid(*[(0.0, n) for n in last], indexing="ij")).reshape(scan.ndim, -1).T
    placed = pose.apply(corners)
    return Bounds(placed.min(axis=0), placed.max(axis=0))
