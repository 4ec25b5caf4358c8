"""Reading a DICOM series, one file a slice, from a folder or a zip."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydicom.pixels import apply_modality_lut

from boneage.imaging.dicom.datasets import brighten, check_grey, decoding, load_dataset, read_fields
from boneage.imaging.dicom.detection import PREAMBLE_BYTES, is_dicom
from boneage.imaging.dicom.geometry import Slice, locate_slice, stack_slices
from boneage.imaging.dicom.multiframe import check_modality, is_volume, read_frames
from boneage.imaging.dicom.radiograph import read_radiograph
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.scans import Scan
from boneage.imaging.volumes.building import build_volume, check_volume_size

logger = logging.getLogger(__name__)
MOST_MEMBERS = 4096
_CHECKED_FILES = 3
_SERIES_FIELDS = {
    "SeriesInstanceUID": "series",
    "Rows": "sizes",
    "Columns": "sizes",
    "PhotometricInterpretation": "kinds of grey values",
}


@dataclass(frozen=True)
class Member:
    """A DICOM file of a folder or a zip: its name, and a function that opens it."""

    name: str
    open: Callable[[], BinaryIO]


def holds_series(folder: Path) -> bool:
    """Return whether a folder directly holds slices, or frames, of a volume, or one radiograph alone, in DICOM.

    Only its first files are checked.
    """
    try:
        files = _list_files(folder)
        alone = len(files) == 1 and is_dicom(_read_head(files[0]))
        return alone or any(is_slice(Member(str(file), partial(_open, file))) for file in files[:_CHECKED_FILES])
    except OSError:
        return False


def read_folder(path: Path) -> Scan:
    """Read the DICOM series that a folder directly holds; other files are ignored.

    Raises
    ------
    UnreadableScan
        If there is no series, or it is no regular stack of slices.
    """
    files = _list_files(path)
    if len(files) > MOST_MEMBERS:
        raise UnreadableScan(path, f"is a folder of {len(files):,} files; a series has at most {MOST_MEMBERS:,}")
    members = [Member(file.name, partial(_open, file)) for file in files if is_dicom(_read_head(file))]
    if not members:
        raise UnreadableScan(path, f"is a folder without a DICOM series ({len(files)} other files)")
    return read_series(path, members, n_ignored=len(files) - len(members))


def read_series(path: Path, members: Sequence[Member], n_ignored: int) -> Scan:
    """Read a series as a volume, or a single file: of several frames, or a radiograph.

    1. Read the headers alone; files without an image are ignored.
    2. Refuse files that are not one MR series, or too large a series.
    3. Sort the slices by their positions, and refuse an irregular stack.
    4. Decode the slices and rescale each. Windows are for display and differ between slices: they are not applied.

    Parameters
    ----------
    path : Path
        The folder or zip, for messages and as the id.
    members : sequence of Member
        DICOM files.
    n_ignored : int
        Number of other files, which were ignored.

    Raises
    ------
    UnreadableScan
        If it is no regular stack of slices of one MR series.
    """
    headers = _read_headers(path, members)
    n_ignored += len(members) - len(headers)
    if n_ignored:
        logger.info("%s: %d files are no images and were ignored", path, n_ignored)
    if not headers:
        raise UnreadableScan(path, f"has no DICOM image in it ({n_ignored} other files)")
    member, first = headers[0]
    if len(headers) == 1 and (is_volume(first) or first.get("Modality") != "MR"):
        with decoding(path, member.name), member.open() as file:
            data = load_dataset(file)
            return read_frames(path, data) if is_volume(data) else read_radiograph(path, data)
    _check_no_radiographs(path, [header for _, header in headers])
    _check_one_series(path, [header for _, header in headers])
    check_volume_size(path, (len(headers), int(first.Rows), int(first.Columns)))
    order, to_patient = stack_slices(path, [_locate(path, member, header) for member, header in headers])
    voxels = np.empty((len(headers), int(first.Rows), int(first.Columns)), dtype=np.float32)
    for plane, k in zip(voxels, order, strict=True):
        member = headers[k][0]
        with decoding(path, member.name), member.open() as file:
            data = load_dataset(file)
            plane[:] = apply_modality_lut(data.pixel_array, data)
    return build_volume(path, brighten(voxels, first), to_patient, **read_fields(first))


def _read_headers(path: Path, members: Sequence[Member]) -> list[tuple[Member, Any]]:
    """Return the members that hold an image, each with its data set without pixels."""
    headers: list[tuple[Member, Any]] = []
    for member in members:
        with decoding(path, member.name), member.open() as file:
            header = load_dataset(file, stop_before_pixels=True)
        if "Rows" in header:
            headers.append((member, header))
    return headers


def _locate(path: Path, member: Member, header: Any) -> Slice:
    fields = (header.get(name) for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"))
    return locate_slice(path, f"slice {member.name}", *fields)


def _check_no_radiographs(path: Path, headers: Sequence[Any]) -> None:
    n_radiographs = sum(header.get("Modality") != "MR" and "ImagePositionPatient" not in header for header in headers)
    if n_radiographs == len(headers):
        raise UnreadableScan(path, f"holds {n_radiographs} radiographs: give each as a file by itself")


def _check_one_series(path: Path, headers: Sequence[Any]) -> None:
    for field, what in _SERIES_FIELDS.items():
        values = {str(header.get(field)) for header in headers}
        if len(values) > 1:
            raise UnreadableScan(path, f"mixes {len(values)} {what}; put each series into a separate folder")
    if any("NumberOfFrames" in header and int(header.NumberOfFrames or 1) > 1 for header in headers):
        raise UnreadableScan(path, f"has {len(headers)} images of several frames; give one at a time")
    check_modality(path, headers[0])
    check_grey(path, headers[0])


def is_slice(member: Member) -> bool:
    """Return whether a file is a DICOM slice, or frames, of a volume; one that is broken may be."""
    with member.open() as file:
        if not is_dicom(file.read(PREAMBLE_BYTES)):
            return False
    tags = ["Modality", "ImagePositionPatient", "PerFrameFunctionalGroupsSequence"]
    try:
        with decoding(Path(member.name)), member.open() as file:
            header = load_dataset(file, stop_before_pixels=True, specific_tags=tags)
    except UnreadableScan:
        return True  # so that it is listed, and refused with a reason
    return str(header.get("Modality")) == "MR" or any(tag in header for tag in tags[1:])


def _list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _open(file: Path) -> BinaryIO:
    return file.open("rb")


def _read_head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(PREAMBLE_BYTES)
