"""A map of ages as a picture over its radiograph, and as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Frame, Scan
from boneage.pipeline.assessment import Assessment, age_text
from boneage.pipeline.colouring import lay_colours, outline_cells, spread_cells, viridis
from boneage.pipeline.overlay import HEIGHT, draw_scan
from boneage.pipeline.panels import TEXT, draw_bar, draw_wrapped, join_panels, new_panel
from boneage.regression import AgeMap

_OPACITY = 0.5
_FAINTEST = 0.15  # of the opacity, for cells of no weight
_LEAST_SPAN = 24.0  # months: a map that hardly varies must not look as if it did
_STEPS = (3, 6, 12, 24, 36, 60)  # months between ticks
_MOST_TICKS = 7


def draw_age_map(scan: Scan, assessment: Assessment, drawn: AgeMap) -> Image.Image:
    """Draw a map of ages over its radiograph, in true proportions, beside a panel that says how to read it.

    The colour of a cell is its age. Where cells differ in weight, the heavier are the more opaque. The square outlined
    is the window of one cell, the heaviest: what that age was read from.

    Parameters
    ----------
    scan : Scan
    assessment : Assessment
        Of the same hand.
    drawn : AgeMap
        Its frame leads to the pixels of the scan's original.
    """
    picture, to_picture = draw_scan(scan)
    cells_to_picture = to_picture.compose(drawn.frame)
    low, high = _choose_range(drawn.months)
    months, inside = spread_cells(drawn.months, cells_to_picture, picture)
    share, _ = spread_cells(np.sqrt(drawn.weights / drawn.weights.max()), cells_to_picture, picture)
    opacity = _OPACITY * np.clip(share, _FAINTEST, 1) * inside
    place = np.clip((months - low) / (high - low), 0, 1)
    coloured = lay_colours(picture, viridis()[(255 * place).round().astype(int)], opacity)
    _outline_window(coloured, drawn, cells_to_picture)
    return join_panels([coloured, _draw_panel(assessment, drawn, low, high)])


def list_cells(drawn: AgeMap) -> Iterator[dict[str, object]]:
    """Yield a row for each cell of a map: its place, that of its window's middle in original pixels, age and weight."""
    for row, column in np.ndindex(drawn.months.shape):
        y, x = drawn.frame.apply([[row, column]])[0]
        yield {
            "row": row, "column": column, "x": f"{x:.2f}", "y": f"{y:.2f}",
            "months": f"{drawn.months[row, column]:.2f}", "weight": f"{drawn.weights[row, column]:.6f}",
        }  # fmt: skip


def _choose_range(months: NDArray[np.float64]) -> tuple[float, float]:
    """Return the lowest and the highest age of the scale, in whole half-years.

    Examples
    --------
    >>> _choose_range(np.array([[100.0, 131.0]]))
    (96.0, 132.0)
    >>> _choose_range(np.array([[100.0, 101.0]]))
    (84.0, 114.0)
    """
    low, high = float(months.min()), float(months.max())
    spare = max(_LEAST_SPAN - (high - low), 0.0) / 2
    return 6.0 * math.floor((low - spare) / 6), 6.0 * math.ceil((high + spare) / 6)


def _outline_window(picture: Image.Image, drawn: AgeMap, cells_to_picture: Frame) -> None:
    row, column = np.unravel_index(np.argmax(_nearest_to_middle(drawn)), drawn.months.shape)
    shift = Frame.from_linear(drawn.window * np.eye(2), np.array([row, column], dtype=float))
    ImageDraw.Draw(picture).line(outline_cells((1, 1), cells_to_picture.compose(shift)), fill=TEXT, width=2)


def _nearest_to_middle(drawn: AgeMap) -> NDArray[np.float64]:
    """Return the cells' weights, that of the cell nearest to the middle a trifle more, for where all are equal."""
    middle = (np.array(drawn.months.shape) - 1) / 2
    rows, columns = np.indices(drawn.months.shape)
    return np.asarray(drawn.weights * (1 - 1e-9 * np.hypot(rows - middle[0], columns - middle[1])))


def _draw_panel(assessment: Assessment, drawn: AgeMap, low: float, high: float) -> Image.Image:
    rows, columns = drawn.months.shape
    detail = f"{drawn.age_months:.1f} months, sex {assessment.sex or 'not used'}"
    panel, draw = new_panel(HEIGHT, assessment.id, age_text(drawn.age_months), detail)
    step = next((s for s in _STEPS if (high - low) / s < _MOST_TICKS), 120)
    ticks = step * np.arange(math.ceil(low / step), math.floor(high / step) + 1)
    labels = [
        ((tick - low) / (high - low), f"{tick:.0f} months" if step % 12 else f"{tick / 12:.0f} y") for tick in ticks
    ]
    top = draw_bar(draw, 134, (255 * viridis()).round().astype(np.uint8), labels)
    for text in (
        f"Age read in each of {rows} x {columns} windows; a window is as large as the square.",
        f"From {drawn.months.min():.0f} to {drawn.months.max():.0f} months, the middle half "
        f"{np.quantile(drawn.months, 0.25):.0f} to {np.quantile(drawn.months, 0.75):.0f}.",
        "" if np.ptp(drawn.weights) == 0 else "The fainter the colour, the less the window weighs in the age.",
    ):
        top = draw_wrapped(draw, text, top) + 8
    return panel
