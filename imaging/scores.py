"""Tables of scores: a row for each landmark of each image, ``id,landmark,score``."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from boneage.imaging.points import Points
from boneage.imaging.tables import InvalidTable, read_text

_COLUMNS = ("id", "landmark", "score")


def read_scores(path: Path | str) -> dict[str, dict[str, float]]:
    """Read how sure a localiser was of each landmark, by id and landmark; blank cells are NaN.

    Raises
    ------
    InvalidTable
        If the file cannot be read, a column is missing, or a score is no number.
    """
    path = Path(path)
    reader = csv.DictReader(io.StringIO(read_text(path), newline=None))
    absent = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
    if absent:
        raise InvalidTable(path, f"lacks the column {absent[0]!r}; a table of scores has {', '.join(_COLUMNS)}")
    scores: dict[str, dict[str, float]] = {}
    for row in reader:
        text = (row["score"] or "").strip()
        try:
            score = float(text) if text else math.nan
        except ValueError:
            raise InvalidTable(path, f"line {reader.line_num}: score must be a number, got {text!r}") from None
        scores.setdefault((row["id"] or "").strip(), {})[(row["landmark"] or "").strip()] = score
    return scores


def with_scores(points: Points, scores: Mapping[str, float]) -> Points:
    """Return points with the scores that a table gives them; NaN where it gives none."""
    return dataclasses.replace(points, scores=np.array([scores.get(name, math.nan) for name in points.names]))
