"""Numbers as the cells of tables show them."""

from __future__ import annotations

import math
from collections.abc import Sequence

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""A header, and rows."""


def number(value: float, digits: int = 2) -> str:
    """Return a number for a table: a dash where it is not known, a word where it lies among those not found."""
    return "-" if math.isnan(value) else "not found" if math.isinf(value) else f"{value:.{digits}f}"


def rate(value: float, digits: int = 1) -> str:
    """Return a part as a percentage; a dash where it is not known."""
    return "-" if math.isnan(value) else f"{100 * value:.{digits}f} %"


def interval(ends: Sequence[float], digits: int = 2) -> str:
    """Return an interval in words; a dash where it is not known."""
    return "-" if math.isnan(ends[0]) else f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}"
