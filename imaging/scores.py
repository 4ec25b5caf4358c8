"""Tables of scores: a row for each landmark of each image, ``id,landmark,score``."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from boneage.imaging.points import Points
from boneage.imaging.tables import parse_number, read_rows

_COLUMNS = ("id", "landmark", "score")


def read_scores(path: Path | str) -> dict[str, dict[str, float]]:
    """Read the confidence of each landmark, by id and landmark; blank cells are NaN.

    Raises
    ------
    InvalidTable
        If the file cannot be read, a column is missing, or a score is no number.
    """
    path = Path(path)
    scores: dict[str, dict[str, float]] = {}
    for line, row in read_rows(path, needs=_COLUMNS)[1]:
        score = parse_number(path, f"line {line}", "score", row["score"])
        scores.setdefault(row["id"], {})[row["landmark"]] = math.nan if score is None else score
    return scores


def with_scores(points: Points, scores: Mapping[str, float]) -> Points:
    """Return points with the scores of a table; NaN where it has none."""
    return dataclasses.replace(points, scores=np.array([scores.get(name, math.nan) for name in points.names]))
