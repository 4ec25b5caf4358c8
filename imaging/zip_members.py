"""Files in a zip archive, each under a path of its own: that of the archive, then the file's name in it."""

from __future__ import annotations

import lzma
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PureWindowsPath
from typing import IO

from boneage.imaging.errors import UnreadableScan

LARGEST_MEMBER_BYTES = 2**29

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1
_LONGEST_NAME = 500  # characters
_LONGEST_PART = 255  # bytes, on common file systems
_SHORT_PART = 60  # characters
_BLOCK = 2**20
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError,
    LookupError,
)  # fmt: skip


@dataclass(frozen=True)
class _Member:
    """A file in an archive, and why it cannot be read, as far as the archive's directory tells."""

    info: zipfile.ZipInfo
    fault: str


@dataclass(frozen=True)
class _Archive:
    """An archive that is open, and its files by their paths."""

    file: zipfile.ZipFile
    members: dict[Path, _Member]


def is_zip(head: bytes) -> bool:
    """Return whether a file with these first bytes is a zip archive."""
    return head.startswith(_MAGIC)


def is_encrypted(info: zipfile.ZipInfo) -> bool:
    """Return whether a file in an archive is encrypted."""
    return bool(info.flag_bits & _ENCRYPTED)


def list_members(archive: Path) -> list[Path]:
    """Return the path of each file in an archive, in its order.

    Nothing lies under these paths on the disk: :func:`unpacked` makes a file of one. What would lead out of the archive
    (``..``, a name that starts at the root) is no part of them; such a file is refused when it is unpacked.

    Raises
    ------
    UnreadableScan
        If the archive is broken.
    """
    return list(_open_archive(archive).members)


def find_archive(path: Path) -> Path | None:
    """Return the archive that a path leads into; None if it leads into none."""
    try:
        parent = next((parent for parent in path.parents if parent.exists()), None)
        return parent if parent is not None and parent.is_file() else None
    except (OSError, ValueError):  # a folder that may not be entered, a name that no file can have
        return None


def describe_member(path: Path, archive: Path) -> tuple[int, int]:
    """Return the size in bytes and the checksum of a file in an archive, as its directory tells them.

    Raises
    ------
    UnreadableScan
        If the archive is broken, or the file not in it.
    """
    info = _find_member(path, archive)[1].info
    return info.file_size, info.CRC


@contextmanager
def open_member(path: Path, archive: Path) -> Iterator[IO[bytes]]:
    """Open a file in an archive for reading, without unpacking it to the disk.

    Raises
    ------
    UnreadableScan
        If the archive or the file in it is broken, encrypted, or named as one outside.
    """
    opened, member = _find_member(path, archive)
    if member.fault:
        raise UnreadableScan(path, member.fault)
    try:
        with opened.file.open(member.info) as file:
            yield file
    except UnreadableScan:
        raise
    except (NotImplementedError, zlib.error, lzma.LZMAError) as error:
        raise UnreadableScan(path, f"is broken in its zip ({error})") from error
    except _BROKEN as error:  # whose text may hold names
        raise UnreadableScan(path, "is broken in its zip") from error


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Give a file in an archive as one of its name in a temporary folder; any other path as it is.

    No more than ``LARGEST_MEMBER_BYTES`` are unpacked, whatever size the archive declares. What is wrong with the
    temporary file is told of the path.

    Raises
    ------
    UnreadableScan
        If the file cannot be unpacked.
    """
    archive = find_archive(path)
    if archive is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="boneage-") as folder:
        file = Path(folder, path.name)
        with open_member(path, archive) as source, file.open("xb") as target:
            _copy(path, source, target)
        try:
            yield file
        except UnreadableScan as error:
            raise UnreadableScan(path, error.reason.replace(str(file), str(path))) from error


def _copy(path: Path, source: IO[bytes], target: IO[bytes]) -> None:
    n_left = LARGEST_MEMBER_BYTES
    while block := source.read(_BLOCK):
        n_left -= len(block)
        if n_left < 0:
            raise UnreadableScan(path, _describe_excess())
        target.write(block)


def _find_member(path: Path, archive: Path) -> tuple[_Archive, _Member]:
    try:
        opened = _open_archive(archive)
    except UnreadableScan as error:
        raise UnreadableScan(path, f"its zip {error.reason}") from error
    if path not in opened.members:
        raise UnreadableScan(path, "there is no such file in the zip")
    return opened, opened.members[path]


def _open_archive(archive: Path) -> _Archive:
    try:
        status = archive.stat()
        return _open_as_it_is(archive, status.st_size, status.st_mtime_ns)
    except _BROKEN as error:
        raise UnreadableScan(archive, f"is a broken zip ({error})") from error


@lru_cache(maxsize=2)
def _open_as_it_is(archive: Path, _size: int, _mtime_ns: int) -> _Archive:
    """Open an archive; it stays open, as reading the directory of a large one takes seconds."""
    file = zipfile.ZipFile(archive)
    infos = [info for info in file.infolist() if not info.is_dir()]
    counts = Counter(info.filename for info in infos)
    members: dict[Path, _Member] = {}
    for info in {info.filename: info for info in infos}.values():
        path = archive.joinpath(*_split_name(info.filename))
        while path in members:
            path = path.with_name(path.name + "~")
        members[path] = _Member(info, _find_fault(info, counts[info.filename]))
    return _Archive(file, members)


def _split_name(name: str) -> list[str]:
    """Return the parts of a name without those that lead upwards, shortened where no path has such."""
    parts = [part for part in re.split(r"[/\\]", name[-_LONGEST_NAME:]) if part not in ("", ".", "..")]
    return [part if len(part.encode()) <= _LONGEST_PART else part[-_SHORT_PART:] for part in parts] or ["unnamed"]


def _find_fault(info: zipfile.ZipInfo, n_alike: int) -> str:
    name = PureWindowsPath(info.filename)  # knows both kinds of slashes
    if name.root or ".." in name.parts:
        return "its name in the zip leads out of the zip"
    if n_alike > 1:
        return f"the zip has {n_alike} files of this name"
    if is_encrypted(info):
        return "is encrypted in its zip"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link in its zip, not a file"
    return _describe_excess() if info.file_size > LARGEST_MEMBER_BYTES else ""


def _describe_excess() -> str:
    return f"unpacks to more than {LARGEST_MEMBER_BYTES / 2**20:.0f} MB"
