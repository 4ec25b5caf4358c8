"""From the pixels of a radiograph's DICOM data set to grey values with bright bones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut, get_decoder
from pydicom.uid import UID, JPEGBaseline8Bit

from boneage.imaging.dicom.datasets import GREY
from boneage.imaging.dicom.lookup_tables import apply_lookup_table, apply_window
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.pictures.grey_values import Grey, compute_luminance, fill_darkest, invert, to_float32

_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
_SHAPES = {"MONOCHROME1": "INVERSE", "MONOCHROME2": "IDENTITY"}


def read_grey_values(path: Path, data: Any) -> tuple[Grey, list[str]]:
    """Decode the pixels of one radiograph.

    1. Stored values: bits beyond those that hold the value are dropped; colour becomes luminance, and is done.
    2. Padding is set aside.
    3. Rescale, or the modality LUT; then the VOI LUT, else the window, unless it hides the picture.
    4. MONOCHROME1 is inverted *after* that [1]_. PhotometricInterpretation alone decides: PresentationLUTShape says
       the same in a valid file [2]_, and a remark is made where it does not.
    5. Padding becomes the darkest value.

    Returns
    -------
    pixels : ndarray of shape (rows, columns)
    remarks : list of str
        What was ignored, a sentence each.

    Raises
    ------
    UnreadableScan
        If the pixels are of a kind that is not read. Errors of decoders pass.

    References
    ----------
    .. [1] DICOM PS3.3, C.7.6.3.1.2: MONOCHROME1 is displayed with its minimum as white after VOI.
    .. [2] DICOM PS3.3, C.8.11.3.1.2: INVERSE for MONOCHROME1, IDENTITY for MONOCHROME2.
    """
    _check_decoder(path, data)
    if data.file_meta.TransferSyntaxUID == JPEGBaseline8Bit:
        from boneage.imaging.dicom.compressed import adopt_baseline_jpeg  # imports imagecodecs

        adopt_baseline_jpeg(data)
    photometric = str(data.get("PhotometricInterpretation", ""))
    if photometric == "PALETTE COLOR":
        return compute_luminance(apply_color_lut(data.pixel_array, data)), []
    if photometric in _COLOUR or int(data.get("SamplesPerPixel") or 1) >= 3:
        return compute_luminance(data.pixel_array), []
    remarks: list[str] = []
    if not photometric:
        remarks.append("it does not state its PhotometricInterpretation: MONOCHROME2 was taken")
        photometric = data.PhotometricInterpretation = "MONOCHROME2"
    if photometric not in GREY:
        raise UnreadableScan(path, f"has pixels of an unknown kind ({photometric})")
    stored = _read_stored(data, remarks)
    padding = _find_padding(stored, data)
    values = _rescale(stored, data, remarks)
    values[padding] = np.nan
    if np.isnan(values).all():
        raise UnreadableScan(path, "is blank: every pixel has the value of padding")
    values = _apply_voi(values, data, photometric, remarks)
    if str(data.get("PresentationLUTShape", "")).strip() not in ("", _SHAPES[photometric]):
        remarks.append(
            f"PresentationLUTShape {data.PresentationLUTShape} contradicts {photometric}, which was followed"
        )
    return fill_darkest(invert(values) if photometric == "MONOCHROME1" else values), remarks


def _check_decoder(path: Path, data: Any) -> None:
    syntax = UID(data.file_meta.TransferSyntaxUID)
    if not syntax.is_transfer_syntax:
        raise UnreadableScan(path, f"has pixels of an unknown transfer syntax ({syntax}): save it uncompressed")
    if not syntax.is_compressed:
        return
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise UnreadableScan(path, f"is compressed as {syntax.name}, which is not read: save it uncompressed")


def _read_stored(data: Any, remarks: list[str]) -> NDArray[Any]:
    """Return the stored values; bits that do not belong to them, such as an overlay's, are dropped.

    Higher bits than those of BitsStored do belong to them if the picture is smoother with them than without.
    """
    if "PixelData" not in data or UID(data.file_meta.TransferSyntaxUID).is_compressed:
        return np.asarray(data.pixel_array)
    n_low = int(data.HighBit) + 1 - int(data.BitsStored)
    if n_low > 0:
        data.BitsStored = int(data.HighBit) + 1
        return np.asarray(data.pixel_array) >> n_low
    stored = np.asarray(data.pixel_array)
    if int(data.BitsStored) == int(data.BitsAllocated) or int(data.PixelRepresentation):
        return stored
    n_bits, data.BitsStored, data.HighBit = data.BitsStored, data.BitsAllocated, data.BitsAllocated - 1
    whole = np.asarray(data.pixel_array)
    data.BitsStored, data.HighBit = n_bits, n_bits - 1
    if whole.max() == stored.max() or _measure_roughness(whole) >= _measure_roughness(stored):
        return stored
    remarks.append(f"its values need more than the {n_bits} bits that it states")
    return whole


def _measure_roughness(values: NDArray[Any]) -> float:
    """Return by how much neighbouring pixels differ on average: much where high bits are lost, or belong to others."""
    return float(np.abs(np.diff(values.astype(np.float32), axis=0)).mean())


def _find_padding(stored: NDArray[Any], data: Any) -> NDArray[np.bool_]:
    """Return where the pixels are padding, by PixelPaddingValue and PixelPaddingRangeLimit."""
    ends = [_to_stored_type(data.get(name), stored) for name in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    if ends[0] is None:
        return np.zeros(stored.shape, dtype=bool)
    first, last = sorted((ends[0], ends[0] if ends[1] is None else ends[1]))
    return np.asarray((stored >= first) & (stored <= last))


def _to_stored_type(value: Any, stored: NDArray[Any]) -> int | None:
    """Return a value of VR US or SS, which files mix up, as the type of the stored values has it."""
    if not isinstance(value, int):
        return None
    if stored.dtype.kind == "u" and value < 0:
        return value + 2**16
    return value - 2**16 if stored.dtype.kind == "i" and value >= 2**15 and stored.dtype.itemsize <= 2 else value


def _rescale(stored: NDArray[Any], data: Any, remarks: list[str]) -> Grey:
    table = data.get("ModalityLUTSequence")
    if table:
        return apply_lookup_table(stored, table[0])
    values = to_float32(stored)
    slope, intercept = _first_number(data, "RescaleSlope"), _first_number(data, "RescaleIntercept")
    if slope is not None and intercept is not None:
        if slope == 0:
            remarks.append("its RescaleSlope of 0 was ignored")
            return values
        values *= slope
        values += intercept
    return values


def _apply_voi(values: Grey, data: Any, photometric: str, remarks: list[str]) -> Grey:
    table = data.get("VOILUTSequence")
    if table:
        try:
            return apply_lookup_table(values, table[0])
        except (ValueError, TypeError, AttributeError, LookupError):
            remarks.append("its VOI LUT is broken and was ignored")
    try:
        centre, width = _first_number(data, "WindowCenter"), _first_number(data, "WindowWidth")
    except (TypeError, ValueError):
        remarks.append("its window is no number and was ignored")
        return values
    if centre is None or width is None:
        return values
    function = str(data.get("VOILUTFunction") or "LINEAR").strip().upper()
    top = 2.0 ** int(data.get("BitsStored") or 16) - 1
    seen = apply_window(values, centre, width, function, bright_below=photometric == "MONOCHROME1")
    if seen is None:
        remarks.append(f"its window (centre {centre:g}, width {width:g}) hides the picture and was ignored")
        return values
    return np.asarray(seen * top, dtype=np.float32)


def _first_number(data: Any, name: str) -> float | None:
    value = data.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, (str, float, int)):
        return float(value)
    return float(value[0]) if len(value) else None
