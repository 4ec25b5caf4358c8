"""Reading one radiograph or volume. The format is detected from the content, never from the suffix."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from boneage.imaging.errors import UnreadableScan
from boneage.imaging.identifiers import scan_id
from boneage.imaging.limits import LARGEST_AREA, check_content, check_size
from boneage.imaging.scans import PHANTOM_DESCRIPTION, Scan
from boneage.imaging.volumes.headers import NIFTI_HEADER_BYTES, VolumeFormat, detect_format

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601


def read_scan(path: Path | str, original_shape: tuple[int, ...] | None = None) -> Scan:
    """Read a radiograph or a volume.

    A radiograph is a PNG, JPEG, TIFF or BMP of 8 or 16 bits, single-frame DICOM, or a flat NIfTI, MetaImage or NRRD. A
    volume is a NIfTI, MetaImage or NRRD of three axes, multi-frame DICOM, or a DICOM series in a folder or a zip.

    Grey values are those of the file (0..255, 0..65535, or after a DICOM's lookup tables); colour
    becomes luminance, transparency is ignored. A radiograph's pixel grid is the stored one: an EXIF orientation is not
    applied, since annotations are made on stored pixels. A volume's axes are brought into the usual order
    (docs/decisions/0007), with the way back to the stored voxels and to the patient.

    Parameters
    ----------
    path : path-like
    original_shape : tuple of int, optional
        Rows and columns of the original, if a radiograph's file is a resized copy. A volume must have this shape.

    Returns
    -------
    Scan
        With the file's id as ``source``. Bones are bright where the file states its polarity (DICOM).

    Raises
    ------
    UnreadableScan
        If the file is missing, empty, of another kind, broken, too small, too large, or has no content.
    """
    path = Path(path)
    try:
        scan = _read_folder(path) if path.is_dir() else _read_file(path)
    except UnreadableScan:
        raise
    except MemoryError as error:
        raise UnreadableScan(path, "does not fit into memory") from error
    except (OSError, ValueError, SyntaxError, cv2.error) as error:
        raise UnreadableScan(path, f"is broken ({error})") from error
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


def _read_head(path: Path) -> bytes:
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


def _read_file(path: Path) -> Scan:
    head = _read_head(path)
    if head[128:132] == b"DICM":
        return _read_dicom(path)
    if head.startswith(_ZIP):
        return _read_zip(path)
    format = detect_format(head)
    return _read_volume_file(path, format) if format else _read_picture(path)


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


def _read_picture(path: Path) -> Scan:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # our limit is checked below; unusual metadata is no reason to refuse
        try:
            image = Image.open(path, formats=_FORMATS)
        except UnidentifiedImageError:
            raise UnreadableScan(
                path, "is not an image (PNG, JPEG, TIFF, BMP, DICOM, NIfTI, MetaImage or NRRD)"
            ) from None
        except Image.DecompressionBombError:
            raise UnreadableScan(path, f"is too large (at most {LARGEST_AREA:,} pixels)") from None
        with image:
            check_size(path, image.height, image.width)
            n_pages = getattr(image, "n_frames", 1)
            if n_pages > 1:
                raise UnreadableScan(path, f"has {n_pages} pages; a radiograph has one")
            phantom = str(image.info.get("Description", "")).startswith(PHANTOM_DESCRIPTION)
            pixels = _decode(path, image)
    return Scan(pixels, source=scan_id(path), phantom=phantom)


def _decode(path: Path, image: Image.Image) -> NDArray[np.float32]:
    if image.mode in ("L", "I;16", "I;16B", "I", "F"):
        return np.asarray(image, dtype=np.float32)
    if image.mode == "RGB" and image.format in ("PNG", "TIFF"):
        image.load()  # Pillow notices a truncated file, but reduces 16-bit colour to 8 bits: OpenCV keeps it
        colour = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
        if colour is not None and colour.ndim == 3:
            return np.asarray(colour[..., 2::-1].astype(np.float32) @ _LUMINANCE, dtype=np.float32)
    return _luminance(image.convert("RGB"))


def _luminance(image: Any) -> NDArray[np.float32]:
    return np.asarray(np.asarray(image, dtype=np.float32) @ _LUMINANCE, dtype=np.float32)
