"""Files that are whole or not there, and arrays read back from files that may be damaged."""

from __future__ import annotations

import contextlib
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_DAMAGED = (OSError, EOFError, ValueError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)


@contextmanager
def written_atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a new file under a temporary name beside its place; it moves there if the block ends well.

    Raises
    ------
    OSError
        If the folder is missing, or the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with partial.open("xb") as file:
            yield file
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def read_arrays(file: BinaryIO) -> dict[str, NDArray[Any]]:
    """Read all arrays of a ``.npz`` file; runs no code.

    Raises
    ------
    ValueError
        If it is damaged, in whatever way, or holds anything but arrays.
    """
    try:
        with np.load(file, allow_pickle=False) as entry:
            return dict(entry.items())
    except _DAMAGED as error:
        raise ValueError(f"is no sound file of arrays ({error})") from error
