"""Writing results so that a reader never sees half a file."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import tempfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from boneage.imaging.atomic_files import open_atomically, writing
from boneage.imaging.errors import UnusableOutput

_LONGEST_NAME = 255  # bytes, of a file on common file systems
_DIGEST = 16  # hexadecimal digits
_ROOM_BYTES = 32 * 2**20  # more than most models take


def prepare_folder(path: Path | str) -> Path:
    """Make an output folder, with its parents, and make sure that files can be written in it.

    Raises
    ------
    UnusableOutput
        If it is a file, or cannot be made or written to.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError):
        raise UnusableOutput(folder, "is needed as an output folder, but there is a file in its place") from None
    except OSError as error:
        raise UnusableOutput(folder, f"cannot be written to ({error.strerror})") from error
    return folder


def prepare_file(path: Path | str) -> None:
    """Make the folder of a file that is to be written after long work, and make sure that it can be.

    Raises
    ------
    UnusableOutput
        If there is a folder in its place, its name is too long, its folder cannot be made or written to, or the disk
        has no room for 32 MiB.
    """
    path = Path(path)
    folder = prepare_folder(path.parent)
    with writing(path):
        if path.is_dir():
            raise UnusableOutput(path, "is needed as a file, but there is a folder in its place")
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_ROOM_BYTES))


def write_atomically(path: Path | str, content: bytes | str) -> None:
    """Write a file under a temporary name beside its place, then move it there.

    Raises
    ------
    UnusableOutput
        If the folder is missing or cannot be written to.
    """
    path = Path(path)
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    with writing(path), open_atomically(path) as file:
        file.write(data)


def write_result(path: Path | str, content: bytes | str) -> None:
    """Write a file that took long to make, atomically; where it cannot be written, into the folder of temporary files.

    Raises
    ------
    UnusableOutput
        If the folder is missing or cannot be written to; it says where the content is instead.
    """
    try:
        write_atomically(path, content)
    except UnusableOutput as error:
        other = Path(tempfile.gettempdir(), f"boneage-{uuid.uuid4().hex[:8]}-{Path(path).name[-_LONGEST_NAME // 4 :]}")
        try:
            write_atomically(other, content)
        except UnusableOutput:
            raise error from None
        raise UnusableOutput(path, f"{error.reason}; it is in {other} instead") from error


def write_table(path: Path | str, rows: Sequence[Mapping[str, object]], columns: Sequence[str] = ()) -> None:
    """Write rows that share their columns as a CSV file; see :func:`write_result`.

    Parameters
    ----------
    path : path-like
    rows : sequence of mapping
    columns : sequence of str, optional
        The header; the first row's keys if not given.
    """
    text = io.StringIO(newline="")
    _start_table(text, columns or list(rows[0])).writerows(rows)
    write_result(path, text.getvalue())


def write_rows(path: Path | str, rows: Iterable[Mapping[str, object]], columns: Sequence[str] = ()) -> None:
    """Write rows as a CSV file as they come, none of which is kept in memory; it is on the disk before it is in place.

    Parameters
    ----------
    path : path-like
    rows : iterable of mapping
    columns : sequence of str, optional
        The header; the first row's keys if not given.

    Raises
    ------
    UnusableOutput
        If the file cannot be written.
    """
    path, rows = Path(path), iter(rows)
    first = list(itertools.islice(rows, 1))
    line = io.StringIO(newline="")
    writer = _start_table(line, columns or [name for row in first for name in row])
    with writing(path), open_atomically(path, synced=True) as file:
        for row in itertools.chain(first, rows):
            writer.writerow(row)
            file.write(_take(line))
        file.write(_take(line))  # the header, if there is no row


def write_lines(path: Path | str, lines: Iterable[str]) -> None:
    """Write lines of text as they come; it is on the disk before it is in place.

    Raises
    ------
    UnusableOutput
        If the file cannot be written.
    """
    path = Path(path)
    with writing(path), open_atomically(path, synced=True) as file:
        file.writelines(f"{line}\n".encode() for line in lines)


def write_picture(path: Path | str, picture: Image.Image) -> None:
    """Write a picture as PNG, atomically.

    Raises
    ------
    UnusableOutput
        If the file cannot be written.
    """
    write_atomically(path, encode_png(picture))


def encode_png(picture: Image.Image) -> bytes:
    """Return a picture as a PNG file."""
    content = io.BytesIO()
    picture.save(content, format="PNG")
    return content.getvalue()


def name_output(id_: str, suffix: str) -> str:
    """Return the name of the file of an id: the id and the suffix, shortened to what a file system takes.

    A name that is too long, or has slashes, ends in a digest of the id, so that two ids never share a name.

    Examples
    --------
    >>> name_output("hand1", ".png")
    'hand1.png'
    >>> name_output("/_hand1", ".png")
    '__hand1-f5d54b3b25d9c699.png'
    """
    flat = id_.replace("/", "_").replace("\0", "_")
    if flat == id_ and len((id_ + suffix).encode("utf-8", "surrogateescape")) <= _LONGEST_NAME:
        return id_ + suffix
    end = f"-{hashlib.sha256(id_.encode('utf-8', 'surrogateescape')).hexdigest()[:_DIGEST]}{suffix}"
    room = _LONGEST_NAME - len(end.encode())
    return flat.encode("utf-8", "surrogateescape")[:room].decode("utf-8", "ignore") + end


def _start_table(file: io.StringIO, columns: Sequence[str]) -> csv.DictWriter[str]:
    """Return what writes the rows of a CSV file, whose header it has written."""
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    return writer


def _take(line: io.StringIO) -> bytes:
    """Return what was written to a line, and empty it."""
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text.encode(errors="backslashreplace")
