"""Writing files atomically: a file is complete or absent."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from boneage.imaging.errors import UnusableOutput

PARTIAL_SUFFIX = ".part"
"""Of the hidden files that are being written; a process that is killed leaves its own."""


@contextmanager
def open_atomically(path: Path, *, synced: bool = False) -> Iterator[BinaryIO]:
    """Open a new file under a temporary name beside its place; it moves there if the block ends without an error.

    Parameters
    ----------
    path : Path
    synced : bool
        Whether the content is on the disk before the file moves, so that a power cut leaves the old file or the new.

    Raises
    ------
    OSError
        If the folder is missing, or the file cannot be written.
    """
    # Short: the name of the file may be as long as it can be.
    partial = path.with_name(f".{uuid.uuid4().hex}{PARTIAL_SUFFIX}")
    try:
        with partial.open("xb") as file:
            yield file
            if synced:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell what the block fails to write, such as on a full disk, as a fault of that place.

    Raises
    ------
    UnusableOutput
        Instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise UnusableOutput(path, f"cannot be written ({error.strerror or error})") from error
