"""The folder of cached files, which can be downloaded or computed again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from boneage.imaging import atomic_files


def cache_folder() -> Path:
    """Return the folder of boneage's cached files: ``BONEAGE_CACHE``, else ``.cache/boneage`` in the home folder."""
    return Path(os.environ.get("BONEAGE_CACHE") or Path.home() / ".cache" / "boneage")


@contextmanager
def open_atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a new file, and its folder if need be; see :func:`~boneage.imaging.atomic_files.open_atomically`.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_files.open_atomically(path) as file:
        yield file
