"""Pictures that are the same to the eye: copies in another format, size, contrast or quality."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.scans import Scan

_SIDE = 48  # pixels of the small picture by which copies are known
_DETAIL = (0.7, 3.0)  # standard deviations in its pixels: finer structure is grain, coarser is exposure
_ALIKE = 0.95  # correlation of two copies
_BLOCK = 512  # pictures compared at once


def draw_fingerprint(scan: Scan) -> NDArray[np.float32]:
    """Return a picture's structure, by which its copies are known.

    The picture is squashed to a small square and filtered to the structures of middle size, so that grain, exposure and
    contrast do not count; faint structure counts nearly as much as the sharp edges of a field. A volume is taken as the
    mean of its planes.

    Returns
    -------
    ndarray of float32, shape (2304,)
        Of length 1; all zeros for a picture without structure.
    """
    picture = scan.pixels.mean(axis=0) if scan.ndim == 3 else scan.pixels
    small = cv2.resize(np.asarray(picture, np.float32), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    fine, coarse = (cv2.GaussianBlur(small, (0, 0), sigma) for sigma in _DETAIL)
    structure = fine - coarse
    usual = float(np.sqrt((structure**2).mean()))
    if usual == 0:
        return np.zeros(structure.size, np.float32)
    structure = (structure / (np.sqrt(cv2.GaussianBlur(structure**2, (0, 0), _DETAIL[1])) + usual)).ravel()
    return np.asarray(structure / np.linalg.norm(structure), np.float32)


def find_copies(fingerprints: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return, for each picture, the number of the first one that it is a copy of; its own number if of none.

    Negatives are copies; pictures that are turned, mirrored or cut out are none.

    Parameters
    ----------
    fingerprints : ndarray of float32, shape (n, n_pixels)
        From :func:`draw_fingerprint`. Of pictures that are copies of each other the first is the original.

    Examples
    --------
    >>> find_copies(np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], np.float32)).tolist()
    [0, 1, 0]
    """
    n = len(fingerprints)
    originals = np.arange(n)
    for start in range(0, n, _BLOCK):
        alike = np.abs(fingerprints[start : start + _BLOCK] @ fingerprints.T) >= _ALIKE
        for place, row in enumerate(alike, start=start):
            earlier = np.flatnonzero(row[:place])
            kept = earlier[originals[earlier] == earlier]
            if len(kept):
                originals[place] = kept[0]
    return originals
