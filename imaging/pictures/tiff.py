"""TIFF files of every type of number, compression and polarity, decoded by tifffile."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from boneage.imaging.errors import UnreadableScan
from boneage.imaging.limits import check_size
from boneage.imaging.pictures.grey_values import (
    Grey,
    compute_aspect,
    compute_luminance,
    fill_darkest,
    invert,
    to_float32,
)
from boneage.imaging.pictures.orientation import TAG, check_orientation

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MOST_PAGES = 1000
_MOST_CHANNELS = 8
_THUMBNAIL_SIDE = 0.5  # of the picture's, at most
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_JPEG_COMPRESSIONS = (6, 7)
_FAX = (2, 3, 4)  # compressions
_PHOTOMETRIC, _DESCRIPTION, _X_RESOLUTION, _Y_RESOLUTION, _NO_DATA = 262, 270, 282, 283, 42113


@dataclass(frozen=True, eq=False)
class StoredPicture:
    """A decoded picture as it is stored, before it is turned upright.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns)
        Bright is bright when shown.
    orientation : int
        1 to 8, as in EXIF.
    aspect : float
        Height of a stored pixel by its width.
    description : str
    remarks : tuple of str
        What was mended, a sentence each.
    """

    pixels: Grey
    orientation: int = 1
    aspect: float = 1.0
    description: str = ""
    remarks: tuple[str, ...] = ()


def read_tiff(path: Path) -> StoredPicture:
    """Read the one picture in a TIFF file; thumbnails and masks beside it are ignored.

    Raises
    ------
    UnreadableScan
        If it is broken or cut short, of a kind that is not read, or has several pictures.
    """
    try:
        with tifffile.TiffFile(path) as file:
            page = _choose_page(path, file)
            check_size(path, page.imagelength, page.imagewidth)
            if page.samplesperpixel > _MOST_CHANNELS:
                raise UnreadableScan(
                    path, f"has {page.samplesperpixel} channels; a radiograph has one, or is in colour"
                )
            _check_complete(path, page)
            return _read_page(path, page)
    except UnreadableScan:
        raise
    except Exception as error:  # tifffile raises nearly any kind of error on broken files
        raise UnreadableScan(path, f"is a broken TIFF ({error})") from error


def _choose_page(path: Path, file: tifffile.TiffFile) -> Any:
    """Return the page that is the picture: the largest, if each other one is a mask, or small or marked as reduced."""
    pages: list[Any] = []
    for page in file.pages:
        pages.append(page)
        if len(pages) > _MOST_PAGES:
            raise UnreadableScan(path, f"has more than {_MOST_PAGES} pages; a radiograph has one")
    if not pages:
        raise UnreadableScan(path, "is a TIFF without a picture")
    whole = [page for page in pages if not page.subfiletype & (_REDUCED | _MASK)] or pages
    largest = max(whole, key=lambda page: page.imagelength * page.imagewidth)
    pictures = [page for page in whole if page is largest or not _is_thumbnail(page, largest)]
    if len(pictures) > 1:
        raise UnreadableScan(path, f"has {len(pictures)} pages; a radiograph has one: save each page as a file")
    return largest


def _is_thumbnail(page: Any, largest: Any) -> bool:
    sides = ((page.imagelength, largest.imagelength), (page.imagewidth, largest.imagewidth))
    return all(side <= _THUMBNAIL_SIDE * whole for side, whole in sides)


def _check_complete(path: Path, page: Any) -> None:
    """Refuse a file that ends before its pixels do: the decoder would fill them with zeros."""
    end = path.stat().st_size
    parts = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if not parts or any(start + n_bytes > end or n_bytes == 0 for start, n_bytes in parts):
        raise UnreadableScan(path, "is cut short: some of its pixels are missing: copy or export it again")


def _read_page(path: Path, page: Any) -> StoredPicture:
    try:
        values = _set_absent(page, page.asarray())
    except Exception as error:  # so do decoders, and on unusual kinds
        kind = f"{page.bitspersample} bits, photometric {int(page.photometric)}, compression {int(page.compression)}"
        reason = f"is a TIFF that is broken or of a kind that is not read ({kind}: {error})"
        raise UnreadableScan(path, f"{reason}: save it uncompressed, or as PNG") from error
    try:
        pixels = _to_grey(page, values)
    except ValueError as error:
        raise UnreadableScan(path, str(error)) from error
    return StoredPicture(
        pixels,
        check_orientation(_value(page, TAG)),
        compute_aspect(_fraction(page, _X_RESOLUTION), _fraction(page, _Y_RESOLUTION)),
        str(_value(page, _DESCRIPTION) or ""),
    )


def _to_grey(page: Any, values: NDArray[Any]) -> Grey:
    """Return grey values that are bright where the picture is shown bright."""
    channels = _split_channels(page, values)
    photometric = tifffile.PHOTOMETRIC(page.photometric if _PHOTOMETRIC in page.tags else _usual_photometric(page))
    if photometric == tifffile.PHOTOMETRIC.PALETTE:
        return compute_luminance(np.moveaxis(page.colormap[:, channels[0]], 0, -1))
    if photometric == tifffile.PHOTOMETRIC.SEPARATED:
        paper = [1 - channel / np.iinfo(channel.dtype).max for channel in channels[:4]]
        return compute_luminance(np.stack(paper[:3], axis=-1)) * np.float32(paper[3])
    if photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        return fill_darkest(invert(to_float32(channels[0])))
    decoded_to_rgb = photometric == tifffile.PHOTOMETRIC.YCBCR and page.compression in _JPEG_COMPRESSIONS
    is_rgb = photometric in (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.MINISBLACK)
    if len(channels) >= 3 and (is_rgb or decoded_to_rgb):
        return fill_darkest(compute_luminance(np.stack([to_float32(channel) for channel in channels[:3]], axis=-1)))
    lightness = ("MINISBLACK", "YCBCR", "CIELAB", "ICCLAB", "ITULAB")
    if photometric.name not in lightness:
        raise ValueError(f"has values of the kind {photometric.name}, which are no grey values: save it as PNG")
    return fill_darkest(to_float32(channels[0]))


def _usual_photometric(page: Any) -> int:
    """Return what a file means that does not state its photometric: only those of fax machines are white at 0."""
    return int(tifffile.PHOTOMETRIC.MINISWHITE if page.compression in _FAX else tifffile.PHOTOMETRIC.MINISBLACK)


def _set_absent(page: Any, values: NDArray[Any]) -> NDArray[Any]:
    """Return values with NaN where a pixel has none: the number of GDAL's tag, or the lowest float."""
    absent = values == np.finfo(values.dtype).min if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    with contextlib.suppress(TypeError, ValueError):
        absent |= values == float(_value(page, _NO_DATA))
    if not absent.any():
        return values
    return np.where(absent, np.nan, values).astype(np.result_type(values.dtype, np.float32))


def _split_channels(page: Any, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
    axes = page.axes
    if axes == "YX":
        return [values]
    if axes == "YXS":
        return list(np.moveaxis(values, -1, 0))
    if axes == "SYX":
        return list(values)
    raise ValueError(f"has the axes {axes}; a radiograph has rows and columns")


def _value(page: Any, tag: int) -> Any:
    return page.tags[tag].value if tag in page.tags else None


def _fraction(page: Any, tag: int) -> float | None:
    value = _value(page, tag)
    return value[0] / value[1] if isinstance(value, tuple) and len(value) == 2 and value[1] else None
