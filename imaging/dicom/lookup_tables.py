"""Lookup tables and windows of DICOM images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]

_MOST_ENTRIES = 2**16
_LEAST_SEEN = 0.05  # of the pixels, neither black nor white
_MOST_WHITE = 0.6  # of the pixels
_END = 0.01  # of the range, that counts as black or white: a sigmoid never reaches its ends


def apply_lookup_table(values: NDArray[Any], item: Any) -> Grey:
    """Apply a modality or VOI LUT.

    pydicom's function takes two entries of 8 bits in a word of 16 as one; here the length of the data tells.

    Parameters
    ----------
    values : ndarray
        NaN stays NaN.
    item : pydicom.Dataset
        Of the sequence, with LUTDescriptor and LUTData.

    Raises
    ------
    ValueError
        If the table has fewer entries than it states.
    """
    n_entries, first, n_bits = (int(value) for value in item.LUTDescriptor)
    n_entries = n_entries or _MOST_ENTRIES
    entries = _read_entries(item["LUTData"].value, n_entries, n_bits)
    if values.min(initial=0, where=np.isfinite(values)) < 0 and first >= 2**15:  # signed, though stored as unsigned
        first -= 2**16
    index = np.clip(np.nan_to_num(values, nan=first) - first, 0, n_entries - 1).astype(np.int64)
    result: Grey = entries[index].astype(np.float32)
    result[np.isnan(values)] = np.nan
    return result


def apply_window(values: Grey, centre: float, width: float, function: str, *, bright_below: bool) -> Grey | None:
    """Apply a window: grey values from 0 to 1, or None if it hides the picture.

    A window hides a picture if nearly every pixel is black or white, or most are white.

    Parameters
    ----------
    values : ndarray
        NaN stays NaN.
    centre, width : float
    function : str
        LINEAR, LINEAR_EXACT or SIGMOID; DICOM PS3.3, C.11.2.1.2 and C.11.2.1.3.
    bright_below : bool
        Whether low values are shown white.
    """
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if not np.isfinite([centre, width]).all() or width <= 0:
        return None
    height = (values - np.float32(centre)) / np.float32(width)
    with np.errstate(over="ignore"):
        seen = 1 / (1 + np.exp(-4 * height)) if function == "SIGMOID" else np.clip(height + 0.5, 0, 1)
    n_pixels = np.count_nonzero(~np.isnan(seen))
    n_black, n_white = np.count_nonzero(seen < _END), np.count_nonzero(seen > 1 - _END)
    if bright_below:
        n_black, n_white = n_white, n_black
    if n_pixels - n_black - n_white < _LEAST_SEEN * n_pixels or n_white > _MOST_WHITE * n_pixels:
        return None
    return np.asarray(seen, dtype=np.float32)


def _read_entries(value: Any, n_entries: int, n_bits: int) -> NDArray[Any]:
    """Return the entries of a table, of 16 bits, or of 8 bits two to a word."""
    data = value if isinstance(value, bytes) else np.asarray(np.atleast_1d(value), dtype=np.uint16).tobytes()
    if len(data) >= 2 * n_entries:
        return np.frombuffer(data, "<u2", n_entries)
    if len(data) >= n_entries and n_bits <= 8:
        return np.frombuffer(data, np.uint8, n_entries)
    raise ValueError(f"a lookup table states {n_entries} entries and has {len(data)} bytes")
