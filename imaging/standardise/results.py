"""What standardising finds in a picture, each with a confidence from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.scans import Laterality, Scan

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ExposedField:
    """The rectangle that was exposed.

    Parameters
    ----------
    corners : ndarray of shape (4, 2)
        Row, column of its outer corners, in pixels: those that become top left, top right, bottom right and bottom
        left. A picture's own outer corners lie half a pixel outside its corner pixels' centres.
    outline : ndarray of shape (n, 2)
        The polygon that was exposed; it lies in the rectangle, and may have cut corners.
    rotation_rad : float
        By which the rectangle is turned against the picture, from the rows' axis towards the columns' axis, in true
        proportions; between -pi / 4 and pi / 4.
    n_sides : int
        Number of sides of the outline that were found in the picture; 0: the field is the whole picture.
    confidence : float
    """

    corners: Array
    outline: Array
    rotation_rad: float
    n_sides: int
    confidence: float

    @classmethod
    def whole(cls, shape: tuple[int, ...], confidence: float) -> ExposedField:
        """Return the whole picture as its field."""
        rows, columns = shape[0] - 0.5, shape[1] - 0.5
        corners = np.array([[-0.5, -0.5], [-0.5, columns], [rows, columns], [rows, -0.5]])
        return cls(corners, corners, 0.0, 0, confidence)

    def moved(self, frame: Frame) -> ExposedField:
        """Return the field in another pixel grid; the rotation stays that in true proportions."""
        return replace(self, corners=frame.apply(self.corners), outline=frame.apply(self.outline))


@dataclass(frozen=True)
class Polarity:
    """Whether bones are dark; ``confidence`` is 0.5 where the picture does not tell."""

    inverted: bool
    confidence: float


@dataclass(frozen=True)
class GreyWindow:
    """The file's grey values that become 0 and 1; ``low`` is above ``high`` in a picture whose bones are dark."""

    low: float
    high: float
    confidence: float


@dataclass(frozen=True, eq=False)
class HandMask:
    """The pixels of the hand and forearm, on a small grid over the exposed field.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
    frame : Frame
        From the file's pixels to the mask's grid.
    quality : float
        0 to 1: how well the outline lies on edges of the picture.
    n_hands : int
        Number of hands in the whole picture, also of those that the mask does not show: in another field, or darker.
    touches : tuple of str
        Those of the field's sides that the hand reaches: ``top``, ``right``, ``bottom``, ``left``.
    length : float
        Of the largest part, in the file's pixels.
    """

    mask: NDArray[np.bool_]
    frame: Frame
    quality: float
    n_hands: int
    touches: tuple[str, ...]
    length: float


@dataclass(frozen=True)
class Upright:
    """How the hand lies.

    Parameters
    ----------
    rotation_rad : float
        By which the standardised picture has to be turned, from the rows' axis towards the columns' axis, for the
        fingers to point to the first row; in true proportions.
    confidence : float
    laterality : {"L", "R"} or None
        Side of the hand as the file states it, else as the thumb's place suggests, palm down; None if it is not clear.
    laterality_confidence : float
        1 where the file states it.
    """

    rotation_rad: float
    confidence: float
    laterality: Laterality | None
    laterality_confidence: float


@dataclass(frozen=True)
class Finding:
    """Something about a picture that a reader should know, as a short ``kind`` and a sentence."""

    kind: str
    sentence: str


@dataclass(frozen=True, eq=False)
class StandardisedScan:
    """A radiograph in the standard form, and what was found on the way.

    Parameters
    ----------
    scan : Scan
        The exposed field with bright bones on dark, grey values from 0 to 1. ``scan.frame_to_original()`` leads back
        to the original's pixels.
    field : ExposedField
        In the file's pixels.
    polarity : Polarity
    window : GreyWindow
    mask : HandMask
    upright : Upright
    findings : tuple of Finding
    """

    scan: Scan
    field: ExposedField
    polarity: Polarity
    window: GreyWindow
    mask: HandMask
    upright: Upright
    findings: tuple[Finding, ...] = ()
