"""Reading one DICOM file: a radiograph, or a volume of several frames."""

from __future__ import annotations

from pathlib import Path

from boneage.imaging.dicom.datasets import decoding, load_dataset
from boneage.imaging.dicom.multiframe import is_volume, read_frames
from boneage.imaging.dicom.radiograph import read_radiograph
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.scans import Scan

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
            raise UnreadableScan(path, "is a DICOM file without an image")
        return read_frames(path, data) if is_volume(data) else read_radiograph(path, data)
