"""Reading a single-frame DICOM radiograph."""

from __future__ import annotations

import datetime
import logging
import re
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from boneage.imaging.identifiers import scan_id
from boneage.imaging.readers import UnreadableScan, check_size
from boneage.imaging.scans import Laterality, Modality, Scan, Sex, SpacingUnit

logger = logging.getLogger(__name__)
_MONTHS_PER = {"D": 12 / 365.25, "W": 12 * 7 / 365.25, "M": 1.0, "Y": 12.0}
_GREY = ("MONOCHROME1", "MONOCHROME2")


def read_dicom(path: Path) -> Scan:
    """Read a single-frame DICOM image with the few fields that bone age needs; names and birth dates stay out.

    1. Rescale (modality LUT), then the window or VOI LUT.
    2. Invert MONOCHROME1 *after* that, so that bones are bright [1]_.
    3. Spacing in mm from PixelSpacing, else ImagerPixelSpacing.
    4. Laterality, sex, age and study date, where they are there.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Scan

    Raises
    ------
    UnreadableScan
        If there are no pixels, they cannot be decoded, or they are several frames or in colour.

    References
    ----------
    .. [1] DICOM PS3.3, C.7.6.3.1.2: MONOCHROME1 is displayed with its minimum as white after VOI.
    """
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            data = pydicom.dcmread(path)
            pixels = _read_pixels(path, data)
        except UnreadableScan:
            raise
        except InvalidDicomError as error:
            raise UnreadableScan(path, "is not a DICOM file") from error
        except Exception as error:
            # Decoders of broken or unusual files raise nearly anything; here all of it means the same.
            raise UnreadableScan(path, f"its pixels cannot be decoded ({_first_line(error)})") from error
    for remark in remarks:
        logger.debug("%s: %s", path, remark.message)
    spacing, unit = _spacing(data)
    return Scan(
        pixels,
        spacing=spacing,
        spacing_unit=unit,
        modality=_modality(data),
        laterality=_laterality(data),
        sex=_sex(data),
        age_months=_age_months(data),
        study_date=_study_date(data),
        source=scan_id(path),
    )


def _read_pixels(path: Path, data: Any) -> NDArray[np.float32]:
    if "PixelData" not in data:
        raise UnreadableScan(path, "is a DICOM file without an image")
    n_frames = int(data.get("NumberOfFrames") or 1)
    if n_frames > 1:
        raise UnreadableScan(path, f"has {n_frames} frames; a radiograph has one")
    photometric = str(data.get("PhotometricInterpretation", ""))
    if photometric not in _GREY:
        raise UnreadableScan(path, f"is not a grey-value image ({photometric or 'no photometric interpretation'})")
    check_size(path, int(data.Rows), int(data.Columns))
    values = apply_voi_lut(apply_modality_lut(data.pixel_array, data), data)
    pixels = np.asarray(values, dtype=np.float32)
    return pixels.max() + pixels.min() - pixels if photometric == "MONOCHROME1" else pixels


def _spacing(data: Any) -> tuple[tuple[float, float] | None, SpacingUnit]:
    for tag in ("PixelSpacing", "ImagerPixelSpacing"):
        try:
            rows, columns = (float(value) for value in data.get(tag) or ())
        except (TypeError, ValueError):
            continue
        if 0 < rows < 100 and 0 < columns < 100:
            return (rows, columns), "mm"
    return None, "relative"


def _modality(data: Any) -> Modality:
    return "mri" if str(data.get("Modality", "")) == "MR" else "xray"


def _laterality(data: Any) -> Laterality | None:
    sides: dict[str, Literal["L", "R"]] = {"L": "L", "R": "R"}
    for tag in ("ImageLaterality", "Laterality"):
        side = sides.get(str(data.get(tag) or "").strip().upper())
        if side:
            return side
    return None


def _sex(data: Any) -> Sex | None:
    sexes: dict[str, Sex] = {"F": "F", "M": "M"}
    return sexes.get(str(data.get("PatientSex") or "").strip().upper())


def _age_months(data: Any) -> float | None:
    found = re.fullmatch(r"(\d{1,3})([DWMY])", str(data.get("PatientAge") or "").strip().upper())
    return int(found[1]) * _MONTHS_PER[found[2]] if found else None


def _study_date(data: Any) -> datetime.date | None:
    try:
        return datetime.datetime.strptime(str(data.get("StudyDate") or "").strip(), "%Y%m%d").date()
    except ValueError:
        return None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
