"""A radiograph from a DICOM data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from boneage.imaging.dicom.datasets import check_bytes, read_fields
from boneage.imaging.dicom.grey_values import read_grey_values
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.identifiers import scan_id
from boneage.imaging.limits import check_size
from boneage.imaging.pictures.grey_values import compute_aspect, to_relative_spacing
from boneage.imaging.scans import Scan, SpacingUnit

_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
_RADIOGRAPHS = ("CR", "DX", "RG", "RF", "XA", "")
_HAND_WORDS = ("HAND", "WRIST", "FINGER", "THUMB", "CARP", "ARM", "LIMB", "EXTREM", "SKELET", "BONE", "RADIUS", "ULNA")
_GROUPS = ("PixelMeasuresSequence", "PixelValueTransformationSequence", "FrameVOILUTSequence", "FrameAnatomySequence")


def read_radiograph(path: Path, data: Any) -> Scan:
    """Return the radiograph in a data set, with the few fields that bone age needs; no names, no birth dates.

    1. Grey values with bright bones: see :func:`~boneage.imaging.dicom.grey_values.read_grey_values`.
    2. Spacing in mm from PixelSpacing, ImagerPixelSpacing or NominalScannedPixelSpacing, else a relative one from
       PixelAspectRatio.
    3. Laterality, sex, age and study date, where they are given.
    4. Remarks where the file says that it is no radiograph, or not of a hand.

    Raises
    ------
    UnreadableScan
        If it has several frames, is a slice of MR, or its pixels are of a kind that is not read.
    """
    n_frames = int(data.get("NumberOfFrames") or 1)
    if n_frames > 1:
        raise UnreadableScan(path, f"has {n_frames} frames without positions; a radiograph has one frame: export one")
    if str(data.get("Modality", "")) == "MR":
        raise UnreadableScan(
            path,
            "is one slice of an MR volume; the folder or zip of all its slices is read as one volume: "
            "give that zip, or the folder in which that folder lies",
        )
    lacking = [name for name in ("Rows", "Columns", "BitsAllocated") if not data.get(name)]
    if lacking:
        raise UnreadableScan(path, f"does not state its {lacking[0]}: export it anew, or as PNG")
    check_size(path, int(data.Rows), int(data.Columns))
    check_bytes(data)
    _flatten_groups(data)
    pixels, remarks = read_grey_values(path, data)
    spacing, unit = _read_spacing(data)
    return Scan(
        pixels,
        spacing,
        unit,
        source=scan_id(path),
        remarks=(*remarks, *_describe_contents(data)),
        **read_fields(data),
    )


def _flatten_groups(data: Any) -> None:
    """Bring the fields of the one frame's functional groups, the frame's own and the shared ones, to the top."""
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in data.get(groups) or ():
            for sequence in _GROUPS:
                for item in group.get(sequence) or ():
                    data.update(item)


def _read_spacing(data: Any) -> tuple[tuple[float, ...], SpacingUnit]:
    for name in _SPACINGS:
        rows, columns = _read_pair(data, name)
        if 0 < rows < 100 and 0 < columns < 100:
            return (rows, columns), "mm"
    return to_relative_spacing(compute_aspect(*_read_pair(data, "PixelAspectRatio"))), "relative"


def _read_pair(data: Any, name: str) -> tuple[float, float]:
    """Return two numbers, of the rows and of the columns; zeros if there are not two."""
    try:
        rows, columns = (float(value) for value in data.get(name) or ())
    except (TypeError, ValueError):
        return 0.0, 0.0
    return rows, columns


def _describe_contents(data: Any) -> list[str]:
    """Return remarks where a file says that it is no radiograph, or not of a hand."""
    remarks = []
    modality = str(data.get("Modality") or "").strip()
    if modality not in _RADIOGRAPHS:
        remarks.append(f"its Modality is {modality}, not that of a radiograph")
    part = str(data.get("BodyPartExamined") or "").strip()
    if part and not any(word in part.upper() for word in _HAND_WORDS):
        remarks.append(f"its BodyPartExamined is {part}, not a hand")
    return remarks
