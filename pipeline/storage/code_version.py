"""The version of the code that computes results: what is stored under one version is not reused under another."""

from __future__ import annotations

import functools
import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from boneage.pipeline.storage.output import prepare_folder

COMPUTING_PACKAGES = ("boneage.imaging", "boneage.landmarks", "boneage.regression", "boneage.pipeline")
_SUFFIXES = (".py", ".json", ".csv")


@functools.cache
def compute_code_version(*further_packages: str) -> str:
    """Return a digest of the source files that compute landmarks, crops and ages; computed once per process.

    The files are the Python sources of ``boneage.imaging``, ``landmarks``, ``regression`` and ``pipeline`` and the
    tables shipped beside them, in a source tree or an installed wheel. The same files have the same digest wherever
    they lie.

    Parameters
    ----------
    *further_packages : str
        Import names of further packages whose files count too.

    Returns
    -------
    str
        24 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for package in (*COMPUTING_PACKAGES, *further_packages):
        _add_files(digest, files(package), package)
    return digest.hexdigest()[:24]


def prepare_versioned_folder(folder: Path) -> Path:
    """Make a folder inside ``folder`` for this version of the code, and make sure that files can be written in it.

    Raises
    ------
    UnusableOutput
        If it cannot be made or written to.
    """
    return prepare_folder(folder / f"code-{compute_code_version()}")


def _add_files(digest: hashlib._Hash, folder: Traversable, place: str) -> None:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{place}/{entry.name}"
        if entry.is_dir():
            _add_files(digest, entry, name)
        elif entry.name.endswith(_SUFFIXES):
            content = entry.read_bytes()
            digest.update(f"{name} {len(content)} ".encode() + content)
