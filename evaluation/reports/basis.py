"""What a report rests on: how many hands, how many of them phantoms; its summary as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from boneage.imaging.phantoms import PHANTOM_PREFIX
from boneage.pipeline.storage.output import write_atomically


def count_hands(ids: Collection[str]) -> dict[str, Any]:
    """Return how many hands a summary rests on, and how many of them are synthetic."""
    return {"n_hands": len(ids), "n_phantoms": sum(id_.startswith(PHANTOM_PREFIX) for id_ in ids)}


def are_phantoms(ids: Collection[str]) -> bool:
    """Return whether all ids are those of phantoms."""
    return all(id_.startswith(PHANTOM_PREFIX) for id_ in ids)


def describe_phantoms(summary: Mapping[str, Any]) -> str:
    """Return how many of a summary's hands are phantoms, in words; empty if none is."""
    n = summary["n_phantoms"]
    if not n:
        return ""
    return ", all of them phantoms (synthetic)" if n == summary["n_hands"] else f", {n} of them phantoms (synthetic)"


def write_json(path: Path, summary: Mapping[str, Any]) -> None:
    """Write a summary as JSON; what is not a finite number becomes null."""
    write_atomically(path, json.dumps(_plain(summary), indent=1) + "\n")


def _plain(value: Any) -> Any:
    """Return JSON data: what is not a finite number becomes null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
