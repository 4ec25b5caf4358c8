"""Headers of NIfTI, MetaImage and NRRD files: fields that are checked before decoding, or that decoding drops."""

from __future__ import annotations

import gzip
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

VolumeFormat = Literal["nifti", "meta", "nrrd"]
NIFTI_HEADER_BYTES = 544
_GZIP = b"\x1f\x8b"
_MOST_BITS = 64  # with the latest start, this bounds what a compressed file may unpack to
_LATEST_START = 2**24
_NIFTI_FLOATS = {16: "f4", 64: "f8"}
_TEXT_HEADER_BYTES = 2**16
_LONGEST_LINE = 512  # of a field in an NRRD header, in bytes; three vectors of doubles take 200


@dataclass(frozen=True)
class NiftiHeader:
    """Fields of a NIfTI header.

    Parameters
    ----------
    shape : tuple of int
        (…, k, j, i), without leading axes of one.
    has_spacing : bool
        Whether it gives every axis a length.
    start : int
        Of the voxels, in bytes from the start of the uncompressed file.
    n_bytes : int
        Of the whole uncompressed file.
    floats : str or None
        NumPy's name of the type of the voxels, if they are floating-point numbers.
    """

    shape: tuple[int, ...]
    has_spacing: bool
    start: int
    n_bytes: int
    floats: str | None


def detect_format(head: bytes) -> VolumeFormat | None:
    """Return the volume format of a file with these first bytes, if any; a gzip file is taken to be NIfTI."""
    if head.startswith(_GZIP) or _nifti_version(head) is not None:
        return "nifti"
    if head.startswith((b"ObjectType", b"NDims")):
        return "meta"
    return "nrrd" if head.startswith(b"NRRD000") else None


def is_gzip(path: Path) -> bool:
    """Return whether a file is compressed."""
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP


def read_nifti_header(path: Path) -> NiftiHeader:
    """Read the header of a NIfTI file of version 1 or 2, compressed or not.

    Raises
    ------
    ValueError
        If it is no NIfTI header, is half of a pair of files, or has fields outside their range.
    OSError, EOFError
        If it cannot be read.
    """
    with gzip.open(path) if is_gzip(path) else path.open("rb") as file:
        head = file.read(NIFTI_HEADER_BYTES)
    version = _nifti_version(head)
    if version is None:
        raise ValueError("is a gzip file without a NIfTI volume: unpack it")
    order, number = version
    if number == 1:
        n_axes, *sizes = struct.unpack_from(f"{order}8h", head, 40)
        kind, bits = struct.unpack_from(f"{order}2h", head, 70)
        lengths = struct.unpack_from(f"{order}8f", head, 76)
        (start,), magic = struct.unpack_from(f"{order}f", head, 108), head[344:347]
    else:
        n_axes, *sizes = struct.unpack_from(f"{order}8q", head, 16)
        kind, bits = struct.unpack_from(f"{order}2h", head, 12)
        lengths = struct.unpack_from(f"{order}8d", head, 104)
        (start,), magic = struct.unpack_from(f"{order}q", head, 168), head[4:7]
    if not magic.startswith(b"n+"):
        raise ValueError("is half of a pair of files (.hdr, .img): save it as one file, .nii")
    shape = tuple(sizes[:n_axes])[::-1]
    if not 1 <= n_axes <= 7 or min(shape) < 1 or not 1 <= bits <= _MOST_BITS or not 0 <= start <= _LATEST_START:
        raise ValueError("its header makes no sense")
    while len(shape) > 3 and shape[0] == 1:
        shape = shape[1:]
    has_spacing = all(math.isfinite(length) and length != 0 for length in lengths[1 : 1 + min(n_axes, 3)])
    floats = order + _NIFTI_FLOATS[kind] if kind in _NIFTI_FLOATS else None
    return NiftiHeader(shape, has_spacing, int(start), int(start) + math.prod(shape) * bits // 8, floats)


def read_text_header(path: Path) -> dict[str, str]:
    """Read the fields of a MetaImage or NRRD header, by name in small letters."""
    with path.open("rb") as file:
        text = file.read(_TEXT_HEADER_BYTES).decode("latin-1")
    separator = ":" if text.startswith("NRRD") else "="
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, found, value = line.partition(separator)
        if found and not value.startswith("=") and not line.startswith("#"):
            fields.setdefault(name.strip().lower(), value.strip())
        if not line or "elementdatafile" in fields:
            break
    return fields


def find_long_line(path: Path) -> int | None:
    """Return the number of the first line of an NRRD header that is longer than any sound one; None if there is none.

    The library that decodes NRRD writes past the end of a buffer where it cannot read such a line. Comments, and keys
    with values of the user's, may be longer.
    """
    with path.open("rb") as file:
        text = file.read(_TEXT_HEADER_BYTES)
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line.strip(b"\r"):
            break
        if len(line) > _LONGEST_LINE and not line.startswith(b"#") and b":=" not in line:
            return number
    return None


def find_voxel_file(fields: dict[str, str]) -> str | None:
    """Return the name of the file that holds the voxels of a text header; None if they follow the header."""
    name = fields.get("elementdatafile") or fields.get("data file") or fields.get("datafile") or "LOCAL"
    return None if name == "LOCAL" else name


def _nifti_version(head: bytes) -> tuple[str, int] | None:
    """Return the byte order and version of a NIfTI header; None if it is no NIfTI header."""
    for order in "<>":
        (size,) = struct.unpack_from(f"{order}i", head.ljust(4, b"\0"))
        if size == 348 and head[344:348] in (b"n+1\0", b"ni1\0"):
            return order, 1
        if size == 540 and head[4:8] in (b"n+2\0", b"ni2\0"):
            return order, 2
    return None
