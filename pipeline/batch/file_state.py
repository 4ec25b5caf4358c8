"""Whether a file is still the one that was read."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from os import stat_result
from pathlib import Path
from typing import IO, NamedTuple

from boneage.imaging.errors import UnreadableScan
from boneage.imaging.volumes.headers import detect_format, find_voxel_file, read_text_header
from boneage.imaging.zip_members import describe_member, find_archive, open_member

_NO_HEADERS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm")
_DIGESTS: dict[tuple[object, ...], str] = {}
_MOST_BYTES = 2**30
_BLOCK = 2**20


class FileState(NamedTuple):
    """Size in bytes and last change of a file, or of all files of a volume; -1 and 0 where there is none.

    In place of the last change, that of a file in a zip has its checksum.
    """

    size: int
    mtime_ns: int


def state_file(path: Path) -> FileState:
    """Return the state of a file, of a folder of slices, or of a header with its voxel file."""
    states = [state for _, state in _list_states(path)]
    if not states:
        return FileState(-1, 0)
    return FileState(sum(state.size for state in states), max(state.mtime_ns for state in states))


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of a volume's files; "" if it cannot be read.

    Of a file beyond 1 GiB it is that of the first GiB.
    """
    archive = find_archive(path)
    if archive is not None:
        return _digest_member(path, archive)
    digest = hashlib.sha256()
    members = [member for member, status in _list_members(path) if stat.S_ISREG(status.st_mode)]
    try:
        for member in members:
            if member != path:
                digest.update(f"{member.name}\0".encode("utf-8", "surrogateescape"))
            with member.open("rb") as file:
                _add(digest, file)
    except OSError:
        return ""
    return digest.hexdigest() if members else ""


def digest_unchanged(path: Path) -> str:
    """Return what :func:`digest_file` does; this process does not read a file again of which nothing has changed."""
    key: tuple[object, ...] = (path, *_list_states(path))
    if key not in _DIGESTS:
        digest = digest_file(path)
        if not digest:  # it may be read the next time
            return ""
        _DIGESTS[key] = digest
    return _DIGESTS[key]


def _list_states(path: Path) -> list[tuple[Path, FileState]]:
    archive = find_archive(path)
    if archive is not None:
        return [(path, _state_member(path, archive))]
    return [(member, FileState(status.st_size, status.st_mtime_ns)) for member, status in _list_members(path)]


def _state_member(path: Path, archive: Path) -> FileState:
    try:
        return FileState(*describe_member(path, archive))
    except UnreadableScan:
        return FileState(-1, 0)


def _digest_member(path: Path, archive: Path) -> str:
    digest = hashlib.sha256()
    try:
        with open_member(path, archive) as file:
            _add(digest, file)
    except UnreadableScan:
        return ""
    return digest.hexdigest()


def _add(digest: hashlib._Hash, file: IO[bytes]) -> None:
    for _ in range(_MOST_BYTES // _BLOCK):
        block = file.read(_BLOCK)
        if not block:
            return
        digest.update(block)


def _list_members(path: Path) -> Iterator[tuple[Path, stat_result]]:
    for member in _list_paths(path):
        try:
            yield member, member.stat()
        except (OSError, ValueError):  # a header may name anything as its voxel file
            continue


def _list_paths(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            return sorted(member for member in path.iterdir() if not member.name.startswith("."))
        if path.suffix.lower() not in _NO_HEADERS and _is_text_header(path):
            voxels = find_voxel_file(read_text_header(path))
            return [path, *([path.parent / voxels] if voxels else [])]
    except OSError:
        pass
    return [path]


def _is_text_header(path: Path) -> bool:
    if not path.is_file():  # a pipe would wait for whoever writes
        return False
    with path.open("rb") as file:
        return detect_format(file.read(512)) in ("meta", "nrrd")
