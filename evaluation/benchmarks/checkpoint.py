"""What a benchmark has measured, kept in a file a round, so that an interrupted one goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.storage.output import write_atomically

T = TypeVar("T")


def keep(path: Path, key: str, measured: Any) -> None:
    """Write what was measured, as JSON data; ``key`` tells it from what another benchmark would measure."""
    write_atomically(path, json.dumps({"key": key, "rounds": measured}))


def recall(path: Path, key: str, read: Callable[[Any], T]) -> T | None:
    """Read what was kept; None if there is no such file.

    Parameters
    ----------
    path : Path
    key : str
    read : callable
        From the JSON data to what was measured; may raise ValueError, KeyError or TypeError.

    Raises
    ------
    UnusableOutput
        If the file is damaged, or of another benchmark.
    """
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        if content["key"] != key:
            raise UnusableOutput(path, "is a round of another benchmark: choose another folder, or remove this one")
        return read(content["rounds"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableOutput(path, f"is no round of a benchmark ({error}): remove it") from error
