"""Reading one DICOM file: a radiograph, or a volume of several frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from boneage.imaging.dicom.datasets import decoding, load_dataset
from boneage.imaging.dicom.multiframe import is_volume, read_frames
from boneage.imaging.dicom.radiograph import read_radiograph
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.scans import Scan

_NO_PICTURES = ("SR", "PR", "KO", "SEG", "REG")  # reports, presentation states and the like
_PIXEL_DATA = b"\xe0\x7f\x10\x00"  # its tag
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def read_dicom(path: Path) -> Scan:
    """Read a DICOM file: a volume if its frames have positions, else a radiograph.

    See :func:`~boneage.imaging.dicom.multiframe.read_frames` and
    :func:`~boneage.imaging.dicom.radiograph.read_radiograph`.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Scan

    Raises
    ------
    UnreadableScan
        If there are no pixels, they cannot be decoded, or are one slice of a volume.
    """
    with decoding(path), path.open("rb") as file:
        data = load_dataset(file)
        if not any(name in data for name in PIXELS):
            file.seek(0)
            if _PIXEL_DATA in file.read():  # an element that does not end is dropped
                raise UnreadableScan(path, "is cut short: its pixels do not end: copy or export it again")
            raise UnreadableScan(path, f"is a DICOM file without an image{_describe(data)}")
        return read_frames(path, data) if is_volume(data) else read_radiograph(path, data)


def _describe(data: Any) -> str:
    """Return what a data set without pixels is, where it says so, and what to do."""
    if data.get("EncapsulatedDocument"):
        return " but with a document: save its picture as PNG"
    if data.get("DirectoryRecordSequence"):
        return ": a DICOMDIR, which is read where it is given by itself"
    modality = str(data.get("Modality") or "")
    return f" ({modality}): give the radiograph that it belongs to" if modality in _NO_PICTURES else ""
