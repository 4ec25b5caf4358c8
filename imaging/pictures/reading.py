"""Reading one picture as a scan: decoded, turned upright, its pixels in true proportions."""

from __future__ import annotations

import dataclasses
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from boneage.imaging.errors import UnreadableScan
from boneage.imaging.identifiers import scan_id
from boneage.imaging.limits import LARGEST_AREA, check_size
from boneage.imaging.pictures.foreign import HEAD_BYTES, describe_foreign
from boneage.imaging.pictures.grey_values import Grey, compute_aspect, compute_luminance, to_relative_spacing
from boneage.imaging.pictures.orientation import (
    TAG,
    check_orientation,
    counts_stored_pixels,
    frame_to_stored,
    turn_aspect,
    turn_upright,
)
from boneage.imaging.pictures.tiff import MAGIC as TIFF
from boneage.imaging.pictures.tiff import StoredPicture, read_tiff
from boneage.imaging.pictures.truncation import NO_END, decode_whole
from boneage.imaging.scans import PHANTOM_DESCRIPTION, Scan

_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "PPM", "JPEG2000")
_JPEG = b"\xff\xd8\xff"
_JPEGS = ("JPEG", "MPO")
_BLOCK = 8  # rows of pixels


def read_picture(path: Path, original_shape: tuple[int, ...] | None = None) -> Scan:
    """Read a picture as it is shown: turned as its EXIF or TIFF orientation says, bright where it is shown bright.

    Parameters
    ----------
    path : Path
    original_shape : tuple of int, optional
        Rows and columns in which a table counts. If they have the proportions of the stored picture, and those of
        the shown one are swapped, positions are counted in the stored pixels: the scan's ``original_shape`` is this.

    Returns
    -------
    Scan
        With a relative spacing where the file states unequal resolutions along rows and columns.

    Raises
    ------
    UnreadableScan
        If it is no picture, or of a kind that is not read, broken, or has several pictures.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    stored = read_tiff(path) if head.startswith(TIFF) else _decode(path, head)
    orientation = stored.orientation
    stored.pixels.flags.writeable = False  # the scan needs no copy then
    scan = Scan(
        turn_upright(stored.pixels, orientation),
        to_relative_spacing(turn_aspect(stored.aspect, orientation)),
        source=scan_id(path),
        phantom=stored.description.startswith(PHANTOM_DESCRIPTION),
        remarks=stored.remarks,
    )
    shown = scan.pixels.shape
    if original_shape is None or not counts_stored_pixels(original_shape, (shown[0], shown[1]), orientation):
        return scan
    upright = (original_shape[1], original_shape[0])
    scan = scan.as_resized_copy_of(upright)
    to_stored = frame_to_stored(upright, orientation).compose(scan.frame_to_original())
    return dataclasses.replace(scan, original_shape=original_shape, to_original=to_stored)


def _decode(path: Path, head: bytes) -> StoredPicture:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # our limit is checked below; unusual metadata is no reason to refuse
        try:
            image = Image.open(path, formats=_FORMATS)
        except UnidentifiedImageError:
            if head.startswith(_JPEG):
                return _read_unusual_jpeg(path)
            raise UnreadableScan(path, describe_foreign(head)) from None
        except Image.DecompressionBombError:
            raise UnreadableScan(path, f"is too large (at most {LARGEST_AREA:,} pixels)") from None
        with image:
            check_size(path, image.height, image.width)
            n_pictures = getattr(image, "n_frames", 1)
            if n_pictures > 1 and image.format != "MPO":  # a phone's: its first picture is the photograph
                raise UnreadableScan(path, f"has {n_pictures} pictures; a radiograph is one")
            pixels, remarks = _read_jpeg(path, image) if image.format in _JPEGS else (_read_pixels(path, image), ())
            _check_transparency(path, image, pixels)
            orientation = check_orientation(image.getexif().get(TAG))
            description = str(image.info.get("Description", ""))
            return StoredPicture(pixels, orientation, _read_aspect(image), description, remarks)


def _read_jpeg(path: Path, image: Any) -> tuple[Grey, tuple[str, ...]]:
    """Return grey values, and a remark if the end marker is missing; refuse a file of which pixels are missing.

    Pillow tells that data is missing only where the end marker is too; else the lowest rows of blocks are of one grey.
    """
    try:
        pixels = _read_pixels(path, image)
        remarks: tuple[str, ...] = ()
        whole = bool(np.ptp(pixels[-_BLOCK:]) > 0)
    except OSError:
        remarks, whole = (NO_END,), False
    if not whole:
        try:
            pixels = decode_whole(path.read_bytes(), lambda data: _read_pixels(path, Image.open(BytesIO(data))))
        except EOFError as error:
            raise UnreadableScan(path, f"{error}: copy or export it again") from error
    return pixels, remarks


def _read_pixels(path: Path, image: Any) -> Grey:
    image.load()
    if image.mode == "1":
        image = image.convert("L")
    if image.mode in ("L", "I;16", "I;16B", "I", "F"):
        return np.asarray(image, dtype=np.float32)
    if image.format in ("PNG", "JPEG2000") and image.mode in ("RGB", "RGBA", "LA"):
        import imagecodecs  # only where it is needed: Pillow reduces 16-bit colour to 8 bits

        decode = imagecodecs.png_decode if image.format == "PNG" else imagecodecs.jpeg2k_decode
        values = decode(path.read_bytes())
        return compute_luminance(values) if values.shape[-1] >= 3 else np.asarray(values[..., 0], dtype=np.float32)
    return compute_luminance(np.asarray(image.convert("RGB")))


def _check_transparency(path: Path, image: Any, pixels: Grey) -> None:
    """Refuse a blank picture whose transparency is not: it shows what transparency leaves of the page behind it."""
    if np.ptp(pixels) == 0 and "A" in image.getbands() and np.ptp(np.asarray(image.getchannel("A"))) > 0:
        raise UnreadableScan(path, "has its picture in its transparency alone: save it as PNG without transparency")


def _read_unusual_jpeg(path: Path) -> StoredPicture:
    from boneage.imaging.pictures.jpeg import read_unusual_jpeg  # its decoder is imported only where it is needed

    return read_unusual_jpeg(path)


def _read_aspect(image: Any) -> float:
    density = image.info.get("aspect") or image.info.get("dpi") or image.info.get("jfif_density")
    return compute_aspect(*density) if isinstance(density, tuple) and len(density) == 2 else 1.0
