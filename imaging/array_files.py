"""Reading arrays back from ``.npz`` files that may be damaged."""

from __future__ import annotations

import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_DAMAGED = (OSError, EOFError, ValueError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)


def read_arrays(file: BinaryIO) -> dict[str, NDArray[Any]]:
    """Read all arrays of a ``.npz`` file; runs no code.

    Raises
    ------
    ValueError
        If it is damaged, or holds anything but arrays.
    """
    try:
        with np.load(file, allow_pickle=False) as entry:
            return dict(entry.items())
    except _DAMAGED as error:
        raise ValueError(f"is no sound file of arrays ({error})") from error
