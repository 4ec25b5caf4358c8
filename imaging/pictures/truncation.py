"""JPEG data that ends too early: decoders fill the missing part with grey, without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_END = "its end marker is missing, though no pixel is"
_END, _START_OF_SCAN = b"\xff\xd9", b"\xff\xda"
_OTHER_DATA = bytes(range(1, 255)) * 8  # no marker is in it


def lacks_end(data: bytes) -> bool:
    """Return whether no end marker follows the last scan of a JPEG."""
    return data.rfind(_END) < data.rfind(_START_OF_SCAN)


def decode_whole(data: bytes, decode: Callable[[bytes], NDArray[Any]]) -> NDArray[Any]:
    """Decode a JPEG whose end marker may be missing, if its data goes on to the last pixel.

    It does if the pixels are the same whatever follows the data: the end marker, or other data.

    Parameters
    ----------
    data : bytes
    decode : callable
        Returns the pixels of JPEG data that has an end marker.

    Raises
    ------
    EOFError
        If some of the pixels are missing.
    Exception
        What ``decode`` raises.
    """
    scans = data if lacks_end(data) else data[: data.rfind(_END)]
    pixels = decode(scans + _END)
    if not np.array_equal(pixels, decode(scans + _OTHER_DATA + _END)):
        raise EOFError("is cut short: some of its pixels are missing")
    return pixels
