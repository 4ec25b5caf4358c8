"""Annotation files of other programs that are not read: told by name."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats.fields import shorten
from boneage.imaging.structured_text import read_json, read_xml
from boneage.imaging.tables import read_text

READ = (
    "CSV tables of points or boxes, COCO keypoints, Label Studio, 3D Slicer, Pascal VOC and masks of joints are "
    "(docs/formats.md): bring it to one of them, such as a CSV of id, NAME_x, NAME_y"
)
"""What is read, and what to do, for messages."""
_SUFFIXES = (".json", ".xml", ".csv", ".txt", ".tps", ".pts", ".fcsv")
_CHECKED_FILES = 5  # of a folder: the first may be a list of classes
_CHECKED_LINES = 5


def check_not_foreign(path: Path, content: dict[str, Any] | ElementTree.Element | str) -> None:
    """Check that a file is not of labelme, VIA, CVAT, dlib, TPS, YOLO, iBUG, DeepLabCut or an older 3D Slicer.

    Parameters
    ----------
    path : Path
    content : dict, Element or str
        Its JSON object, the root of its XML, or its text.

    Raises
    ------
    InvalidTable
        If it is; it names the program, and what is read.
    """
    name = next((name for name, is_of in _PROGRAMS if is_of(content)), None)
    if name is not None:
        raise InvalidTable(path, f"is a file of {name}, which is not read; {READ}")


def check_tasks(path: Path, content: list[Any]) -> None:
    """Check that the first object of a JSON list is a task of Label Studio.

    Raises
    ------
    InvalidTable
        If it is not; it names what is there, and what is read.
    """
    first = content[0] if content else {"data": None}
    if not isinstance(first, dict) or "data" not in first:
        keys = ", ".join(map(repr, first)) if isinstance(first, dict) else shorten(first)
        raise InvalidTable(path, f"is a JSON list of a kind that is not read: its first entry has {keys}; {READ}")


def check_folder_not_foreign(folder: Path) -> None:
    """Check that the first annotation files of a folder are not of another program; what cannot be read is passed over.

    Raises
    ------
    InvalidTable
        If one is; it names the file, the program, and what is read.
    """
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES and file.is_file())
    for file in files[:_CHECKED_FILES]:
        content: Any = None
        with contextlib.suppress(InvalidTable):
            text = read_text(file).lstrip()
            content = read_json(file) if text[0] == "{" else read_xml(file) if text[0] == "<" else text
        check_not_foreign(file, content)


def _is_labelme(content: Any) -> bool:
    return isinstance(content, dict) and {"shapes", "imagePath"} <= content.keys()


def _is_via(content: Any) -> bool:
    if isinstance(content, str):
        return content.lstrip("#").startswith("filename,file_size")
    if not isinstance(content, dict):
        return False
    entries = list(content.values())
    return (
        "_via_img_metadata" in content
        or {"project", "file", "metadata", "view"} <= content.keys()
        or bool(
            entries and all(isinstance(entry, dict) and {"filename", "regions"} <= entry.keys() for entry in entries)
        )
    )


def _has_root(content: Any, tag: str) -> bool:
    return isinstance(content, ElementTree.Element) and content.tag == tag


def _begins(content: Any, pattern: str) -> bool:
    return isinstance(content, str) and re.match(pattern, content, re.IGNORECASE) is not None


def _is_yolo(content: Any) -> bool:
    """Return whether the first lines are the number of a class, and four or more numbers."""
    if not isinstance(content, str):
        return False
    rows = [line.split() for line in content.splitlines()[:_CHECKED_LINES] if line.strip()]
    return bool(rows) and all(len(row) >= 5 and row[0].isdecimal() and all(map(_is_number, row)) for row in rows)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_PROGRAMS: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    ("labelme", _is_labelme),
    ("VIA", _is_via),
    ("CVAT", lambda content: _has_root(content, "annotations")),
    ("dlib", lambda content: _has_root(content, "dataset")),
    ("TPS", lambda content: _begins(content, r"(lm3?|lp)=\d+\s")),
    ("iBUG (.pts)", lambda content: _begins(content, r"version: ?1\s+n_points:")),
    ("YOLO", _is_yolo),
    ("DeepLabCut", lambda content: _begins(content, r"scorer,")),
    ("3D Slicer's older kind (.fcsv)", lambda content: _begins(content, r"# Markups fiducial file")),
)
