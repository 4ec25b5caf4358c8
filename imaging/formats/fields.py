"""Checked access to the fields of JSON data from other programs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from boneage.imaging.errors import InvalidTable
from boneage.imaging.identifiers import file_id


def get_field(path: Path, place: str, data: Any, field: str, kind: type) -> Any:
    """Return ``data[field]``, which must be of the type ``kind``.

    Raises
    ------
    InvalidTable
        If ``data`` is no object, or the field is missing or of another type; names ``place``.
    """
    if not isinstance(data, dict):
        raise InvalidTable(path, f"{place} must be an object, got {shorten(data)}")
    if not isinstance(data.get(field), kind):
        got = shorten(data[field]) if field in data else "nothing"
        raise InvalidTable(path, f"{place}: {field!r} must be {_KINDS[kind]}, got {got}")
    return data[field]


def get_numbers(path: Path, place: str, values: Any, count: int) -> list[float]:
    """Return a list of ``count`` finite numbers.

    Raises
    ------
    InvalidTable
        If ``values`` is none; names ``place``.
    """
    if not isinstance(values, list) or len(values) != count or not all(map(_is_number, values)):
        raise InvalidTable(path, f"{place} must be {count} finite numbers, got {shorten(values)}")
    return [float(value) for value in values]


def shorten(value: Any) -> str:
    """Return data as text short enough for a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def stem_of(file_name: str) -> str:
    """Return the stem of a file name that may have folders before it, of either kind of slash."""
    return file_id(file_name.replace("\\", "/").rsplit("/", 1)[-1])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 and math.isfinite(value)


_KINDS = {list: "a list", dict: "an object", str: "a text", int: "a whole number"}
