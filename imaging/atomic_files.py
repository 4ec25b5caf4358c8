"""Writing files atomically: a file is complete or absent."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from boneage.imaging.errors import UnusableOutput


@contextmanager
def open_atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a new file under a temporary name beside its place; it moves there if the block ends without an error.

    Raises
    ------
    OSError
        If the folder is missing, or the file cannot be written.
    """
    partial = path.with_name(f".{uuid.uuid4().hex}.part")  # short: the name of the file may be as long as it can be
    try:
        with partial.open("xb") as file:
            yield file
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
