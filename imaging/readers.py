"""Reading one radiograph or volume. The format is detected from the content, never from the suffix."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from boneage.imaging.dicom.detection import is_dicom
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.limits import check_content
from boneage.imaging.scans import Scan
from boneage.imaging.volumes.headers import NIFTI_HEADER_BYTES, VolumeFormat, detect_format
from boneage.imaging.zip_members import is_zip, unpacked

BROKEN = (  # what decoders raise for broken files
    OSError, ValueError, SyntaxError, RuntimeError, TypeError, AttributeError, LookupError, ArithmeticError,
    struct.error,
)  # fmt: skip


def read_scan(path: Path | str, original_shape: tuple[int, ...] | None = None) -> Scan:
    """Read a radiograph or a volume.

    A radiograph is a PNG, JPEG, TIFF, BMP, WebP, GIF, PGM or JPEG 2000, a single-frame DICOM, or a flat NIfTI,
    MetaImage or NRRD. A volume is a NIfTI, MetaImage or NRRD of three axes, multi-frame DICOM, or a DICOM series in a
    folder or a zip. docs/formats.md has what is read of each.

    Grey values are those of the file (0..255, 0..65535, or after a DICOM's lookup tables); colour becomes luminance,
    transparency is ignored. A picture is read as it is shown: an EXIF or TIFF orientation is applied. A volume's axes
    are brought into the usual order (docs/decisions/0007), with the way back to the stored voxels and to the patient.

    Parameters
    ----------
    path : path-like
        It may lead into a zip of many files: ``hands.zip/1.png``.
    original_shape : tuple of int, optional
        Rows and columns of the original, if a radiograph's file is a resized copy, or if positions are counted in the
        stored pixels of a photograph that is shown turned by a quarter. A volume must have this shape.

    Returns
    -------
    Scan
        With the file's id as ``source``. Bones are bright where the file states its polarity (DICOM).

    Raises
    ------
    UnreadableScan
        If the file is missing, empty, of another kind, broken, too small, too large, or has no content.
    """
    with unpacked(Path(path)) as file:
        return _read(file, original_shape)


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file, by which its format is detected.

    Raises
    ------
    UnreadableScan
        If the file is missing, cannot be opened or is empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(NIFTI_HEADER_BYTES)
    except FileNotFoundError:
        raise UnreadableScan(path, "there is no such file") from None
    except OSError as error:
        raise UnreadableScan(path, f"cannot be opened ({os.strerror(error.errno or 0)})") from error
    if not head:
        raise UnreadableScan(path, "is empty (0 bytes)")
    return head


def _read(path: Path, original_shape: tuple[int, ...] | None) -> Scan:
    try:
        scan = _read_folder(path) if path.is_dir() else _read_file(path, original_shape)
    except UnreadableScan:
        raise
    except MemoryError as error:
        raise UnreadableScan(path, "does not fit into memory") from error
    except BROKEN as error:
        raise UnreadableScan(path, f"is broken ({error}): copy or export it again") from error
    check_content(path, scan.pixels)
    if original_shape is None or original_shape == scan.original_shape:
        return scan
    assert scan.original_shape is not None
    if scan.ndim == 3 and original_shape == scan.original_shape[1:]:  # a table without a depth
        return scan
    if scan.ndim == 3 or len(original_shape) == 3:
        expected, actual = (" x ".join(map(str, shape)) for shape in (original_shape, scan.original_shape))
        raise UnreadableScan(path, f"has {actual} voxels, not {expected} as its table says")
    return scan.as_resized_copy_of(original_shape)


def _read_file(path: Path, original_shape: tuple[int, ...] | None) -> Scan:
    head = read_head(path)
    if is_dicom(head):
        return _read_dicom(path)
    if is_zip(head):
        return _read_zip(path)
    format = detect_format(head)
    return _read_volume_file(path, format) if format else _read_picture(path, original_shape)


def _read_dicom(path: Path) -> Scan:
    from boneage.imaging.dicom.image import read_dicom  # pydicom is imported only where a DICOM is met

    return read_dicom(path)


def _read_folder(path: Path) -> Scan:
    from boneage.imaging.dicom.series import read_folder

    return read_folder(path)


def _read_zip(path: Path) -> Scan:
    from boneage.imaging.dicom.zip_archive import read_zip

    return read_zip(path)


def _read_volume_file(path: Path, format: VolumeFormat) -> Scan:
    from boneage.imaging.volumes.reading import read_volume_file

    return read_volume_file(path, format)


def _read_picture(path: Path, original_shape: tuple[int, ...] | None) -> Scan:
    from boneage.imaging.pictures.reading import read_picture

    return read_picture(path, original_shape)
