"""Plain-text tables."""

from __future__ import annotations

from collections.abc import Sequence


def draw_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an aligned table: the first column to the left, the others to the right.

    Examples
    --------
    >>> print(draw_table(["name", "mean"], [["radius", "0.91"], ["ulna", "1.2"]]))
    name    mean
    radius  0.91
    ulna     1.2
    """
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
