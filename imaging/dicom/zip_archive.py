"""Reading a DICOM series from a zip, without unpacking it to the disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from functools import partial
from pathlib import Path

from boneage.imaging.dicom.detection import PREAMBLE_BYTES, is_dicom
from boneage.imaging.dicom.series import MOST_MEMBERS, Member, is_slice, read_series
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.scans import Scan
from boneage.imaging.zip_members import LARGEST_MEMBER_BYTES, is_encrypted

LARGEST_TOTAL_BYTES = 2**30
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
_CHECKED_FILES = 8


def holds_series(path: Path) -> bool:
    """Return whether a zip holds slices, or frames, of a volume, or one DICOM file alone.

    Only its first files are checked. A broken zip, or an encrypted one, holds none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            files = (_unpack(path, archive, info, LARGEST_TOTAL_BYTES) for info in infos[:_CHECKED_FILES])
            found = [data for data in files if data]
    except (*_BROKEN, RuntimeError, UnreadableScan):
        return False
    return (bool(found) and len(infos) == 1) or any(is_slice(Member("", partial(io.BytesIO, data))) for data in found)


def read_zip(path: Path) -> Scan:
    """Read the one DICOM series in a zip, in any of its folders; other files are ignored.

    Only DICOM files are unpacked, into memory, and only up to the limits, whatever size the zip declares.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Scan

    Raises
    ------
    UnreadableScan
        If the zip is broken, encrypted or unpacks to too much, or there is no DICOM in it, or no single series.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if len(infos) > MOST_MEMBERS:
                raise UnreadableScan(path, f"is a zip of {len(infos):,} files; a series has at most {MOST_MEMBERS:,}")
            if any(map(is_encrypted, infos)):
                raise UnreadableScan(path, "is an encrypted zip")
            members, n_left = [], LARGEST_TOTAL_BYTES
            for info in infos:
                data = _unpack(path, archive, info, n_left)
                if data:
                    members.append(Member(info.filename, partial(io.BytesIO, data)))
                    n_left -= len(data)
    except _BROKEN as error:
        raise UnreadableScan(path, f"is a broken zip ({error})") from error
    if not members:
        raise UnreadableScan(
            path,
            f"is a zip without DICOM files ({len(infos)} other files): give the zip by itself to read each of them",
        )
    return read_series(path, members, n_ignored=len(infos) - len(members))


def _unpack(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, n_left: int) -> bytes:
    """Return the bytes of a DICOM file; empty for other files, of which only the start is unpacked."""
    with archive.open(info) as file:
        head = file.read(PREAMBLE_BYTES)
        if not is_dicom(head):
            return b""
        most = min(LARGEST_MEMBER_BYTES, n_left)
        data = head + file.read(max(most - len(head), 0) + 1)
    if len(data) > most:
        raise UnreadableScan(path, f"unpacks to more than {most / 2**20:.0f} MB at {info.filename}")
    return data
