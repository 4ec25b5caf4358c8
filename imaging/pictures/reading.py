"""Reading one picture as a scan: decoded, turned upright, its pixels in true proportions."""

from __future__ import annotations

import dataclasses
import warnings
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
from boneage.imaging.scans import PHANTOM_DESCRIPTION, Scan

_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "PPM", "JPEG2000")
_JPEG = b"\xff\xd8\xff"


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
                return StoredPicture(_read_unusual_jpeg(path))
            raise UnreadableScan(path, describe_foreign(head)) from None
        except Image.DecompressionBombError:
            raise UnreadableScan(path, f"is too large (at most {LARGEST_AREA:,} pixels)") from None
        with image:
            check_size(path, image.height, image.width)
            n_pictures = getattr(image, "n_frames", 1)
            if n_pictures > 1 and image.format != "MPO":  # a phone's: its first picture is the photograph
                raise UnreadableScan(path, f"has {n_pictures} pictures; a radiograph is one")
            pixels = _read_pixels(path, image)
            orientation = check_orientation(image.getexif().get(TAG))
            return StoredPicture(pixels, orientation, _read_aspect(image), str(image.info.get("Description", "")))


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


def _read_unusual_jpeg(path: Path) -> Grey:
    from boneage.imaging.pictures.jpeg import read_unusual_jpeg  # its decoder is imported only where it is needed

    return read_unusual_jpeg(path)


def _read_aspect(image: Any) -> float:
    density = image.info.get("aspect") or image.info.get("dpi") or image.info.get("jfif_density")
    return compute_aspect(*density) if isinstance(density, tuple) and len(density) == 2 else 1.0
