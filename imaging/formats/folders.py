"""Folders of annotation files, one file an image."""

from __future__ import annotations

from pathlib import Path

from boneage.imaging.errors import InvalidTable


def list_files(path: Path, suffix: str) -> dict[str, Path]:
    """Return the files of a folder that end in ``suffix``, by the name before it, in order; or the single file.

    Raises
    ------
    InvalidTable
        If there is none.
    """
    if not path.is_dir():
        return {_stem(path, suffix): path}
    files = sorted(file for file in path.iterdir() if _fits(file, suffix))
    if not files:
        raise InvalidTable(path, f"there is no file in it that ends in {suffix}")
    return {_stem(file, suffix): file for file in files}


def has_files(path: Path, suffix: str) -> bool:
    """Return whether a folder has a file that ends in ``suffix``."""
    return any(_fits(file, suffix) for file in path.iterdir())


def _fits(file: Path, suffix: str) -> bool:
    return file.name.lower().endswith(suffix) and not file.name.startswith(".") and file.is_file()


def _stem(file: Path, suffix: str) -> str:
    return file.name[: -len(suffix)] if file.name.lower().endswith(suffix) else file.stem
