"""Reading one DICOM file: a radiograph, or a volume of several frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from boneage.imaging.dicom.datasets import brighten, check_grey, decoding, load_dataset, read_fields
from boneage.imaging.dicom.multiframe import read_frames
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.identifiers import scan_id
from boneage.imaging.limits import check_size
from boneage.imaging.scans import Scan, SpacingUnit


def read_dicom(path: Path) -> Scan:
    """Read a DICOM file with the few fields that bone age needs; names and birth dates are not read.

    A file whose frames have positions is a volume: see
    :func:`~boneage.imaging.dicom.multiframe.read_frames`. Others are radiographs:

    1. Rescale (modality LUT), then the window or VOI LUT.
    2. Invert MONOCHROME1 *after* that, so that bones are bright [1]_.
    3. Spacing in mm from PixelSpacing, else ImagerPixelSpacing.
    4. Laterality, sex, age and study date, where they are given.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Scan

    Raises
    ------
    UnreadableScan
        If there are no pixels, they cannot be decoded, are in colour, or are one slice of a volume.

    References
    ----------
    .. [1] DICOM PS3.3, C.7.6.3.1.2: MONOCHROME1 is displayed with its minimum as white after VOI.
    """
    with decoding(path), path.open("rb") as file:
        data = load_dataset(file)
        if "PixelData" not in data:
            raise UnreadableScan(path, "is a DICOM file without an image")
        if "PerFrameFunctionalGroupsSequence" in data:
            return read_frames(path, data)
        pixels = _read_pixels(path, data)
    spacing, unit = _spacing(data)
    return Scan(pixels, spacing, unit, source=scan_id(path), **read_fields(data))


def _read_pixels(path: Path, data: Any) -> NDArray[np.float32]:
    n_frames = int(data.get("NumberOfFrames") or 1)
    if n_frames > 1:
        raise UnreadableScan(path, f"has {n_frames} frames without positions; a radiograph has one frame")
    if str(data.get("Modality", "")) == "MR":
        raise UnreadableScan(
            path,
            "is one slice of an MR volume; the folder or zip of all its slices is read as one volume: "
            "give that zip, or the folder in which that folder lies",
        )
    check_grey(path, data)
    check_size(path, int(data.Rows), int(data.Columns))
    values = apply_voi_lut(apply_modality_lut(data.pixel_array, data), data)
    return brighten(np.asarray(values, dtype=np.float32), data)


def _spacing(data: Any) -> tuple[tuple[float, float] | None, SpacingUnit]:
    for tag in ("PixelSpacing", "ImagerPixelSpacing"):
        try:
            rows, columns = (float(value) for value in data.get(tag) or ())
        except (TypeError, ValueError):
            continue
        if 0 < rows < 100 and 0 < columns < 100:
            return (rows, columns), "mm"
    return None, "relative"
