"""Where files are kept that can be fetched or computed again, and how they are written."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def cache_folder() -> Path:
    """Return the folder of boneage's cached files: ``BONEAGE_CACHE``, else ``.cache/boneage`` in the home folder."""
    return Path(os.environ.get("BONEAGE_CACHE") or Path.home() / ".cache" / "boneage")


@contextmanager
def written_atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a new file under a temporary name; it moves to its place, with its folder, if the block ends well.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with partial.open("xb") as file:
            yield file
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
