"""Numbers as the cells of tables show them."""

from __future__ import annotations

import math
from collections.abc import Sequence

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""A header, and rows."""


def format_number(value: float, digits: int = 2) -> str:
    """Return a number for a table: a dash if it is NaN, ``not found`` if it is infinite."""
    return "-" if math.isnan(value) else "not found" if math.isinf(value) else f"{value:.{digits}f}"


def format_rate(value: float, digits: int = 1) -> str:
    """Return a part of 1 as a percentage; a dash if it is NaN."""
    return "-" if math.isnan(value) else f"{100 * value:.{digits}f} %"


def format_interval(ends: Sequence[float], digits: int = 2) -> str:
    """Return an interval as ``1.40 to 1.66``; a dash if its start is NaN."""
    return "-" if math.isnan(ends[0]) else f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}"
