"""Changes of where a hand lies in its picture: image and landmarks are moved by the same frame."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Points, Scan, resample
from boneage.imaging.scans import Laterality
from boneage.landmarks.similarity import rotation

Array = NDArray[Any]
Grey = Literal["air", "black", "bright"]

_OTHER_SIDE: dict[Laterality, Laterality] = {"L": "R", "R": "L"}


class Change(Protocol):
    """A change of a radiograph in true proportions, and of its landmarks in the radiograph's own pixels."""

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Return the changed radiograph, and its landmarks in its own pixels."""


@dataclass(frozen=True)
class Unchanged:
    """No change."""

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Return what was given."""
        return scan, points


@dataclass(frozen=True)
class Rotation:
    """A rotation in the picture's plane, on a canvas that holds all of it; the corners are air."""

    degrees: float

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Rotate."""
        return _transform(scan, points, rotation(math.radians(self.degrees), 2))


@dataclass(frozen=True)
class Mirroring:
    """A mirror image: a left hand looks like a right one."""

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Mirror the columns."""
        mirrored, points = _transform(scan, points, np.diag([1.0, -1.0]))
        side = _OTHER_SIDE[scan.laterality] if scan.laterality else None
        return dataclasses.replace(mirrored, laterality=side), points


@dataclass(frozen=True)
class Scaling:
    """More or fewer pixels, by a factor."""

    factor: float

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Resample."""
        shape = [max(round(n * self.factor), 1) for n in scan.pixels.shape]
        return move(scan, points, Frame.resize(scan.pixels.shape, shape), shape, "air")


@dataclass(frozen=True)
class Shrinking:
    """Fewer pixels: a longest side of at most so many."""

    longest_side: int

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Resample a larger picture; a smaller one stays as it is."""
        return Scaling(min(self.longest_side / max(scan.pixels.shape), 1.0)).apply(scan, points)


@dataclass(frozen=True)
class Crop:
    """The rows at one end of the hand cut off; hands stand upright in their pictures, fingers up.

    Parameters
    ----------
    end : {"tips", "wrist"}
    share : float
        Of the rows over which the landmarks reach.
    """

    end: Literal["tips", "wrist"]
    share: float

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Cut the rows off; without landmarks, as many of the whole picture's rows."""
        n_rows, n_cols = scan.pixels.shape
        rows = points.positions[points.present, 0] if points.present.any() else np.array([0.0, n_rows - 1.0])
        cut = round(self.share * float(np.ptp(rows)))
        first = max(math.floor(rows.min()) + cut, 0) if self.end == "tips" else 0
        last = n_rows if self.end == "tips" else min(math.ceil(rows.max()) - cut, n_rows)
        frame = Frame.from_linear(np.eye(2), [-first, 0])
        return move(scan, points, frame, (max(last - first, 1), n_cols), "air")


@dataclass(frozen=True)
class Surround:
    """The picture as an exposed field, perhaps aslant, on a larger canvas.

    Parameters
    ----------
    grey : {"air", "black", "bright"}
        Of the canvas.
    size : float
        Sides of the canvas relative to those of what it must hold.
    degrees : float
        Rotation of the field.
    place : tuple of float
        Where the field lies in the free rows and columns, 0 to 1.
    """

    grey: Grey
    size: float
    degrees: float = 0.0
    place: tuple[float, float] = (0.5, 0.5)

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Put the field on its canvas."""
        turn = rotation(math.radians(self.degrees), 2)
        return _transform(scan, points, turn, size=self.size, place=self.place, grey=self.grey)


def restore_proportions(scan: Scan, points: Points) -> tuple[Scan, Points]:
    """Return a radiograph in true proportions, and its landmarks in its own pixels instead of the original's.

    A radiograph whose pixels are square stays as it is.
    """
    points = points.mapped(scan.frame_to_original().inverse())
    ratio = scan.spacing_array / scan.spacing_array.min()
    shape = [round(float(n)) for n in scan.pixels.shape * ratio]
    return move(scan, points, Frame.resize(scan.pixels.shape, shape), shape, "air")


def move(scan: Scan, points: Points, frame: Frame, shape: Sequence[int], grey: Grey) -> tuple[Scan, Points]:
    """Return a radiograph on another grid, and its landmarks, both moved by ``frame``."""
    fill = {"air": np.percentile(scan.pixels, 2), "black": scan.pixels.min(), "bright": scan.pixels.max()}[grey]
    pixels = resample(scan.pixels, frame, shape, fill=float(fill))
    spacing = (float(np.sqrt(np.prod(scan.spacing_array))) / frame.scale(),) * 2
    moved = dataclasses.replace(
        scan, pixels=pixels, spacing=spacing, original_shape=None, to_original=None, to_patient=None
    )
    return moved, points.mapped(frame)


def _transform(
    scan: Scan,
    points: Points,
    linear: Array,
    *,
    size: float = 1.0,
    place: tuple[float, float] = (0.5, 0.5),
    grey: Grey = "air",
) -> tuple[Scan, Points]:
    """Move a radiograph by a linear map onto a canvas that holds all of it, or is larger."""
    frame = Frame.from_linear(linear, np.zeros(2))
    corners = frame.apply(
        np.array([[r, c] for r in (0, scan.pixels.shape[0] - 1) for c in (0, scan.pixels.shape[1] - 1)])
    )
    needed = np.round(np.ptp(corners, axis=0), 6) + 1
    shape = np.ceil(size * needed).astype(int)
    shift = np.round(np.array(place) * (shape - np.ceil(needed))) - corners.min(axis=0)
    return move(scan, points, Frame.from_linear(np.eye(2), shift).compose(frame), shape.tolist(), grey)
