"""What the header of a file tells, without its pixels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from boneage.imaging.dicom.detection import is_dicom
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.readers import BROKEN, read_head
from boneage.imaging.scans import Sex
from boneage.imaging.volumes.headers import detect_format
from boneage.imaging.zip_members import is_zip, unpacked

_JPEG = b"\xff\xd8"


@dataclass(frozen=True)
class FileHeader:
    """What the header of a file tells.

    Parameters
    ----------
    kind : str
        Such as "picture", "DICOM", "volume"; empty for what is no image.
    sex : {"F", "M"} or None
        Where the file states it.
    fault : str
        Why the file will be refused, as far as the header tells; empty if it tells nothing.
    """

    kind: str
    sex: Sex | None = None
    fault: str = ""


def peek(path: Path) -> FileHeader:
    """Return what the header of a file tells; what is wrong is its fault, not an error."""
    try:
        with unpacked(path) as file:
            return _peek(file)
    except UnreadableScan as error:
        return FileHeader("", fault=error.reason)


def _peek(path: Path) -> FileHeader:
    try:
        if path.is_dir():
            return FileHeader("folder of slices")
        head = read_head(path)
        if is_dicom(head):
            return FileHeader("DICOM", _read_sex(path))
        if is_zip(head):
            return FileHeader("zip")
        if detect_format(head):
            return FileHeader("volume")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the reader has limits of its own
            with Image.open(path):
                return FileHeader("picture")
    except UnidentifiedImageError:
        unusual = head.startswith(_JPEG)  # Pillow knows no lossless or 12-bit JPEG; the reader does
        return FileHeader("picture") if unusual else FileHeader("", fault="is not an image")
    except UnreadableScan:
        raise
    except BROKEN as error:
        return FileHeader("", fault=f"is broken ({error})")


def _read_sex(path: Path) -> Sex | None:
    from boneage.imaging.dicom.datasets import decoding, load_dataset, read_fields

    with decoding(path), path.open("rb") as file:
        sex: Sex | None = read_fields(load_dataset(file, stop_before_pixels=True))["sex"]
    return sex
