"""JPEG files that common decoders do not read: 12 bits, lossless, JPEG-LS."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np

from boneage.imaging.errors import UnreadableScan
from boneage.imaging.limits import check_size
from boneage.imaging.pictures.grey_values import compute_luminance
from boneage.imaging.pictures.tiff import StoredPicture
from boneage.imaging.pictures.truncation import NO_END, decode_whole, lacks_end

_JPEG_LS = 0xF7
_FRAME_HEADERS = {*range(0xC0, 0xD0), _JPEG_LS} - {0xC4, 0xC8, 0xCC}


def read_unusual_jpeg(path: Path) -> StoredPicture:
    """Read a JPEG of more than 8 bits, a lossless one, or JPEG-LS.

    Raises
    ------
    UnreadableScan
        If it is broken or cut short, or its size is out of bounds.
    """
    data = path.read_bytes()
    marker, rows, columns = _read_frame_header(path, data)
    check_size(path, rows, columns)
    unended = marker != _JPEG_LS and lacks_end(data)  # decoders of JPEG-LS tell it
    try:
        if marker == _JPEG_LS:
            values = imagecodecs.jpegls_decode(data)
        else:
            values = decode_whole(data, imagecodecs.jpeg_decode) if unended else imagecodecs.jpeg_decode(data)
    except EOFError as error:
        raise UnreadableScan(path, f"{error}: copy or export it again") from error
    except (RuntimeError, ValueError) as error:
        raise UnreadableScan(
            path, f"is a JPEG that is broken or of a kind that is not read ({error}): copy or export it again"
        ) from error
    pixels = compute_luminance(values) if values.ndim == 3 else np.asarray(values, dtype=np.float32)
    return StoredPicture(pixels, remarks=(NO_END,) if unended else ())


def _read_frame_header(path: Path, data: bytes) -> tuple[int, int, int]:
    """Return the marker, rows and columns of the frame header."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _FRAME_HEADERS:
            return marker, int.from_bytes(data[place + 5 : place + 7]), int.from_bytes(data[place + 7 : place + 9])
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    raise UnreadableScan(path, "is a broken JPEG: it has no frame header")
