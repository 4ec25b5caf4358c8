"""Folders of masks: one ``ID.png`` an image, white where joints of a hand are; regions carry no names."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from boneage.imaging.annotations import LandmarkTable
from boneage.imaging.errors import InvalidTable, UnreadableScan
from boneage.imaging.formats.disambiguation import Order
from boneage.imaging.formats.folders import list_files
from boneage.imaging.formats.hand_joints import JOINTS, MaskRegions, name_joints
from boneage.imaging.formats.labelled_points import ImageAnnotation, build_table
from boneage.imaging.readers import read_scan

SUFFIX = ".png"


def read_masks(path: Path, order: Order | None = None) -> LandmarkTable:
    """Read the masks of a folder, or of one file: the centroids of the regions, named by geometry, are the landmarks.

    The id is the name of the file. Images whose regions cannot be named are left out, with a remark. ``order`` has no
    use here: names are unique.

    Raises
    ------
    InvalidTable
        If there is no file, one has more than two grey values, or no mask can be named.
    """
    images, remarks = {}, []
    for id_, file in list_files(path, SUFFIX).items():
        try:
            mask = read_mask(file)
        except UnreadableScan as error:
            remarks.append(f"{error}; it is left out")
            continue
        named = name_joints(find_regions(mask))
        if named.reason:
            remarks.append(f"id {id_} is left out: {named.reason}")
            continue
        points = [(name, named.positions.get(name)) for name in JOINTS]
        images[id_] = ImageAnnotation(points, mask.shape, named.laterality)
    return build_table(path, images, remarks=remarks)


def find_regions(mask: NDArray[np.bool_]) -> MaskRegions:
    """Return the regions of pixels that touch each other, at corners too.

    Parameters
    ----------
    mask : ndarray of shape (rows, columns)

    Examples
    --------
    >>> find_regions(np.array([[True, True, False, False, True]])).centres.tolist()
    [[0.0, 0.5], [0.0, 4.0]]
    """
    _, _, boxes, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return MaskRegions(centres[1:, ::-1], boxes[1:, cv2.CC_STAT_AREA].astype(np.float64))


def read_mask(path: Path) -> NDArray[np.bool_]:
    """Read one mask, shape (rows, columns): true where the brighter of its two grey values is.

    Raises
    ------
    UnreadableScan
        If the file cannot be read, or has one grey value alone.
    InvalidTable
        If it is coloured, a volume, or has more than two grey values.
    """
    pixels = read_scan(path).pixels
    low, high = float(pixels.min()), float(pixels.max())
    mask = np.asarray(pixels == high)
    if pixels.ndim != 2 or _is_coloured(path) or not np.array_equal(mask, pixels != low):
        raise InvalidTable(path, "is not a mask: it must be flat and have two grey values")
    return mask


def _is_coloured(path: Path) -> bool:
    with Image.open(path) as image:
        return len(image.getbands()) > 2
