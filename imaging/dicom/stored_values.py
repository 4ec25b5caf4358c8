"""The stored values of a radiograph's DICOM file: as it states them, or as they are meant where the picture tells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import UID

Stored = NDArray[Any]
Mask = NDArray[np.bool_]

_SMOOTHER = 0.8  # of the roughness of what a file states, at most, where it states what is not so ...
_MUCH_SMOOTHER = 0.5  # ... and where its lines are not those of the picture
_MOST_COLUMNS = 256  # that roughness is measured in
_MOST_VALUES = 500_000  # that a gap is looked for in
_RIM_PART = 0.1  # of the picture's rim that padding has at least
_GAP = 0.25  # of the range of the other values, that padding is at least away from them
_FEW = 0.005  # of the other values, that may be nearer


def read_stored(data: Any, remarks: list[str]) -> Stored:
    """Return the stored values; bits that do not belong to them, such as an overlay's, are dropped.

    Higher bits than those of BitsStored do belong to them if the picture is smoother with them than without. Rows and
    Columns are swapped if it is much smoother then.
    """
    if "PixelData" not in data or UID(data.file_meta.TransferSyntaxUID).is_compressed:
        return np.asarray(data.pixel_array)
    n_low = int(data.HighBit) + 1 - int(data.BitsStored)
    if n_low > 0:
        data.BitsStored = int(data.HighBit) + 1
        return np.asarray(data.pixel_array) >> n_low
    stored = _read_high_bits(data, np.asarray(data.pixel_array), remarks)
    swapped = stored.reshape(stored.shape[::-1])
    if measure_roughness(swapped) < _MUCH_SMOOTHER * measure_roughness(stored):
        remarks.append("its Rows and Columns are swapped")
        return swapped
    return stored


def read_colour(data: Any, remarks: list[str]) -> Stored:
    """Return colours, shape (rows, columns, 3); red, green and blue by plane or by pixel, whichever is smoother."""
    colour = np.asarray(data.pixel_array)
    if UID(data.file_meta.TransferSyntaxUID).is_compressed or data.PhotometricInterpretation != "RGB":
        return colour
    data.PlanarConfiguration = 1 - int(data.PlanarConfiguration)
    other = np.asarray(data.pixel_array)
    if measure_roughness(other) >= _SMOOTHER * measure_roughness(colour):
        return colour
    remarks.append("its PlanarConfiguration is not that of its pixels")
    return other


def settle_sign(stored: Stored, padding: Mask, remarks: list[str]) -> Stored:
    """Return the stored values as unsigned or as signed, whichever is smoother.

    Where a file states the wrong one, the upper half of the values lies below the lower one. The other one is taken if
    it is much smoother.

    Parameters
    ----------
    stored : ndarray of int, shape (rows, columns)
    padding : ndarray of bool, shape (rows, columns)
        Pixels that do not count.
    remarks : list of str

    Examples
    --------
    >>> ramp = np.arange(96, 160).reshape(64, 1)
    >>> settle_sign(ramp.astype(np.int8), np.zeros(ramp.shape, bool), []).ravel()[[0, -1]].tolist()
    [96, 159]
    """
    low, high = int(stored.min()), int(stored.max())
    if stored.dtype.kind not in "iu" or stored.dtype.itemsize > 4 or (stored.dtype.kind == "i" and low >= 0):
        return stored
    n_bits = max(high.bit_length(), (-low - 1).bit_length()) + 1 if low < 0 else high.bit_length()
    sample, absent = _thin_out(stored), _thin_out(padding)
    if measure_roughness(_swap_sign(sample, n_bits), absent) >= _SMOOTHER * measure_roughness(sample, absent):
        return stored
    remarks.append(f"its values are {'unsigned' if low < 0 else 'signed'}, not as its PixelRepresentation says")
    return _swap_sign(stored, n_bits)


def find_padding(stored: Stored, data: Any) -> Mask:
    """Return where the pixels are padding, by PixelPaddingValue and PixelPaddingRangeLimit."""
    ends = [_to_stored_type(data.get(name), stored) for name in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    if ends[0] is None:
        return np.zeros(stored.shape, dtype=bool)
    first, last = sorted((ends[0], ends[0] if ends[1] is None else ends[1]))
    return np.asarray((stored >= first) & (stored <= last))


def find_surround(stored: Stored, padding: Mask) -> list[float]:
    """Return the values of padding that the file does not state: one value around the picture, far off all others.

    It is the highest or the lowest one, has part of the rim, and next to no other value is near it.

    Parameters
    ----------
    stored : ndarray, shape (rows, columns)
    padding : ndarray of bool, shape (rows, columns)
        That the file states; it does not count.
    """
    used = stored[~padding] if padding.any() else stored.ravel()  # of a large picture, no copy
    if not used.size:
        return []
    rim = np.concatenate([stored[0], stored[-1], stored[1:-1, 0], stored[1:-1, -1]])
    step = max(used.size // _MOST_VALUES, 1)
    found = []
    for value in (float(used.max()), float(used.min())):
        others = used[::step][used[::step] != value].astype(np.float64)
        if np.mean(rim == value) < _RIM_PART or others.size < _RIM_PART * used.size / step:
            continue
        low, high = np.quantile(others, [_FEW, 1 - _FEW])
        if high > low and max(low - value, value - high) > _GAP * (high - low):
            found.append(value)
    return found


def measure_roughness(values: Stored, absent: Mask | None = None) -> float:
    """Return by how much neighbouring pixels differ on average: much where their values are misread."""
    steps = np.abs(np.diff(_thin_out(values).astype(np.float32), axis=0))
    if absent is not None:
        pairs = _thin_out(absent)
        steps = steps[~(pairs[1:] | pairs[:-1])]
    return float(steps.mean()) if steps.size else 0.0


def _thin_out(values: NDArray[Any]) -> NDArray[Any]:
    """Return a few hundred of the columns."""
    return values[:, :: max(values.shape[1] // _MOST_COLUMNS, 1)]


def _read_high_bits(data: Any, stored: Stored, remarks: list[str]) -> Stored:
    if int(data.BitsStored) == int(data.BitsAllocated) or int(data.PixelRepresentation):
        return stored
    n_bits, data.BitsStored, data.HighBit = data.BitsStored, data.BitsAllocated, data.BitsAllocated - 1
    whole = np.asarray(data.pixel_array)
    data.BitsStored, data.HighBit = n_bits, n_bits - 1
    if whole.max() == stored.max() or measure_roughness(whole) >= measure_roughness(stored):
        return stored
    remarks.append(f"its values need more than the {n_bits} bits that it states")
    return whole


def _swap_sign(values: Stored, n_bits: int) -> Stored:
    """Return signed values of so many bits as unsigned ones, or unsigned ones as signed."""
    wide = values.astype(np.int64)
    return wide & (2**n_bits - 1) if wide.min() < 0 else wide - (wide >> (n_bits - 1) << n_bits)


def _to_stored_type(value: Any, stored: Stored) -> int | None:
    """Return a value of VR US or SS, which files mix up, as the type of the stored values has it."""
    if not isinstance(value, int):
        return None
    if stored.dtype.kind == "u" and value < 0:
        return value + 2**16
    return value - 2**16 if stored.dtype.kind == "i" and value >= 2**15 and stored.dtype.itemsize <= 2 else value
