"""What a benchmark has measured, in a file per round: an interrupted benchmark goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from boneage.evaluation.benchmarks.provenance import name_commit
from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.storage.code_version import compute_code_version
from boneage.pipeline.storage.output import write_atomically

T = TypeVar("T")

_MEASURING = ("boneage.evaluation.metrics", "boneage.evaluation.benchmarks")


def save_measured(path: Path, key: str, measured: Any) -> None:
    """Write what was measured, with the version and the commit of the code that measured it.

    Parameters
    ----------
    path : Path
    key : str
        Names the benchmark's settings; another benchmark has another one. The code is no part of it.
    measured : JSON data

    Raises
    ------
    UnusableOutput
        If the file cannot be written.
    """
    content = {"key": key, "code": compute_code_version(*_MEASURING), "commit": name_commit(), "rounds": measured}
    write_atomically(path, json.dumps(content))


def load_measured(path: Path, key: str, read: Callable[[Any], T]) -> T | None:
    """Read what was measured; None if there is no such file, or other code measured it: to be measured again.

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
        if content.get("code") != compute_code_version(*_MEASURING):
            return None
        return read(content["rounds"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableOutput(path, f"is no round of a benchmark ({error}): remove it") from error


def describe_commits(files: Iterable[Path]) -> str:
    """Return at which commit of the source tree stored rounds were measured; all of them, if there are several.

    Parameters
    ----------
    files : iterable of Path
        Written by :func:`save_measured`.
    """
    commits = list(dict.fromkeys(str(json.loads(file.read_text())["commit"]) for file in files))
    return f"Measured at {commits[0]}." if len(commits) == 1 else f"Rounds measured at {', '.join(commits)}."
