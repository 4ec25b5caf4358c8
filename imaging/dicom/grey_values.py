"""From the pixels of a radiograph's DICOM data set to grey values with bright bones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut, get_decoder
from pydicom.uid import UID, JPEGBaseline8Bit

from boneage.imaging.dicom.datasets import ADVICE, GREY
from boneage.imaging.dicom.lookup_tables import apply_lookup_table, apply_window
from boneage.imaging.dicom.stored_values import find_padding, find_surround, read_colour, read_stored, settle_sign
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.pictures.grey_values import Grey, compute_luminance, fill_darkest, invert, to_float32

_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
_SHAPES = {"MONOCHROME1": "INVERSE", "MONOCHROME2": "IDENTITY"}


def read_grey_values(path: Path, data: Any) -> tuple[Grey, list[str]]:
    """Decode the pixels of one radiograph.

    1. Stored values: bits beyond those that hold the value are dropped; colour becomes luminance, and is done.
    2. Padding is set aside, stated or not.
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
    remarks: list[str] = []
    if photometric == "PALETTE COLOR":
        return compute_luminance(apply_color_lut(data.pixel_array, data)), remarks
    if photometric in _COLOUR or int(data.get("SamplesPerPixel") or 1) >= 3:
        return compute_luminance(read_colour(data, remarks)), remarks
    if not photometric:
        remarks.append("it does not state its PhotometricInterpretation: MONOCHROME2 was taken")
        photometric = data.PhotometricInterpretation = "MONOCHROME2"
    if photometric not in GREY:
        raise UnreadableScan(path, f"has pixels of an unknown kind ({photometric}){ADVICE}")
    stored = read_stored(data, remarks)
    padding = find_padding(stored, data)
    surround = find_surround(stored, padding)
    settled = settle_sign(stored, padding | np.isin(stored, surround), remarks)
    if settled is not stored:
        stored, surround = settled, find_surround(settled, padding)
    for value in surround:
        if (value == stored.min()) == _is_bright_below(data, photometric):  # a black surround is a usual one
            remarks.append(f"the value {value:g} around the picture, far from all others, was taken as padding")
        padding = padding | (stored == value)
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


def _is_bright_below(data: Any, photometric: str) -> bool:
    """Return whether low stored values are shown white."""
    try:
        falls = (_first_number(data, "RescaleSlope") or 0) < 0 and "ModalityLUTSequence" not in data
    except (TypeError, ValueError):
        falls = False
    return (photometric == "MONOCHROME1") != falls


def _rescale(stored: NDArray[Any], data: Any, remarks: list[str]) -> Grey:
    table = data.get("ModalityLUTSequence")
    if table:
        return apply_lookup_table(stored, table[0])
    values = to_float32(stored)
    slope, intercept = _first_number(data, "RescaleSlope"), _first_number(data, "RescaleIntercept")
    if slope is not None and intercept is not None:
        if slope == 0 or not np.isfinite([slope, intercept]).all():
            remarks.append(f"its RescaleSlope of {slope:g} and RescaleIntercept of {intercept:g} were ignored")
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
