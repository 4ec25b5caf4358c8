"""Settings rebuilt from plain data: what ``dataclasses.asdict`` and JSON made of a frozen dataclass."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

T = TypeVar("T")

STRICT = ConfigDict(extra="forbid")
"""The ``__pydantic_config__`` of settings in files: an unknown field is an error."""


def check(name: str, value: object, valid: bool, wanted: str) -> None:
    """Raise a ValueError that says what was wanted of a setting, unless ``valid``."""
    if not valid:
        raise ValueError(f"{name} must be {wanted}, got {value}")


def from_plain_data(kind: type[T], data: Any) -> T:
    """Rebuild settings, and whatever settings they hold.

    Parameters
    ----------
    kind : type
        A frozen dataclass. Fields with a default may be missing from the data.
    data : mapping
        JSON data; lists become tuples where the dataclass has tuples.

    Raises
    ------
    ValueError
        If a field is unknown, missing or malformed, or the dataclass refuses its value; the message names the field.

    Examples
    --------
    >>> from boneage.imaging.demographics import AgeRecord
    >>> from_plain_data(AgeRecord, {"boneage_months": 120.0, "sex": "F"})
    AgeRecord(boneage_months=120.0, sex='F')
    """
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}" if place else str(first["msg"])) from error


def to_plain_data(settings: Any) -> dict[str, Any]:
    """Return a frozen dataclass as plain data; a whole number in a field of numbers is written as ``60.0``.

    So the same settings make the same file, whether they were written in code or read from a file.
    """
    return dataclasses.asdict(from_plain_data(type(settings), dataclasses.asdict(settings)))
