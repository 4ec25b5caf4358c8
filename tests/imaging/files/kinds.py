"""One kind of file: how it is made from a picture, and what must come out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Parameters
    ----------
    name : str
        The file's name is this, with blanks as underscores.
    write : callable
        Given the path and the picture (uint8, bright bones), writes the file; may return another path to read.
    r : float
        The least correlation of what is read with the picture.
    aspect : float
        Height of a pixel by its width in what is read.
    spacing_mm : tuple of float or None
    remark : str
        A pattern that one of the scan's remarks must have; blank if it must have none.
    refused : str
        A pattern that the reason must have, if the file must be refused.
    shown : callable
        Returns what the file shows, of the picture.
    """

    name: str
    write: Callable[[Path, np.ndarray], Path | None]
    r: float = 0.999
    aspect: float = 1.0
    spacing_mm: tuple[float, float] | None = None
    remark: str = ""
    refused: str = ""
    shown: Callable[[np.ndarray], np.ndarray] = lambda picture: picture


def correlate(pixels, picture):
    """Return the correlation of what was read with the picture; 0 if the shapes differ."""
    if pixels.shape != picture.shape:
        return 0.0
    return float(np.corrcoef(pixels.ravel(), picture.ravel().astype(float))[0, 1])


def unturn(picture, orientation):
    """Return the pixels that show ``picture`` when a file states this EXIF orientation, if it is 1 to 8."""
    return {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.T,
        6: np.rot90(picture, 1),
        7: picture[::-1, ::-1].T,
        8: np.rot90(picture, -1),
    }.get(orientation, picture).copy()
