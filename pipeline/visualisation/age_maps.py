"""A map of ages as a picture over its radiograph, and as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Frame, Scan
from boneage.pipeline.age_text import age_text
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.visualisation.colormap import blend_colours, darken, interpolate_cells, outline_cells, viridis
from boneage.pipeline.visualisation.overlay import draw_scan
from boneage.pipeline.visualisation.panels import HEIGHT, TEXT, WARNING, draw_bar, draw_wrapped, join_panels, new_panel
from boneage.regression import AgeMap

_OPACITY = 0.6
_FAINTEST = 0.3  # of the opacity, for cells of no weight
_MIN_SPAN = 24.0  # months: a map that hardly varies must not look as if it did
_SAME = 0.1  # months; further from the prediction, the map is not what that was made of
_STEPS = (6, 12, 24, 36, 60, 120)  # months between ticks
_MOST_TICKS = 7


def draw_age_map(scan: Scan, assessment: Assessment, drawn: AgeMap) -> Image.Image:
    """Draw a map of ages over its radiograph, in true proportions, beside a panel that explains it.

    The colour of a cell is its age; cells that were not read have none. Where windows differ in weight, the heavier are
    the more opaque. Where each cell is read from a window, an outline in the middle of the map shows how large that is.

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
    months, inside = interpolate_cells(drawn.months, cells_to_picture, picture)
    if drawn.n_regions:
        shares = np.where(drawn.weights > 0, 1.0, 0.0)
    else:
        shares = np.clip(np.sqrt(drawn.weights / drawn.weights.max()), _FAINTEST, 1)
    opacity = _OPACITY * interpolate_cells(shares, cells_to_picture, picture)[0] * inside
    place = np.clip((months - low) / (high - low), 0, 1)
    coloured = blend_colours(darken(picture), viridis()[(255 * place).round().astype(int)], opacity)
    if math.isfinite(drawn.window):
        _outline_window(coloured, drawn, cells_to_picture)
    return join_panels([coloured, _draw_panel(assessment, drawn, low, high)])


def list_map_rows(drawn: AgeMap) -> Iterator[dict[str, object]]:
    """Yield a row for each cell that was read: its place, that of its middle in original pixels, age and weight."""
    cells = np.argwhere(drawn.weights > 0)
    places = drawn.frame.apply(cells.astype(np.float64))
    for (row, column), (y, x) in zip(cells.tolist(), places.tolist(), strict=True):
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
    spare = max(_MIN_SPAN - (high - low), 0.0) / 2
    return 6.0 * math.floor((low - spare) / 6), 6.0 * math.ceil((high + spare) / 6)


def _choose_ticks(low: float, high: float) -> list[tuple[int, str]]:
    """Return ages in months to mark on the scale, and what to write beside them.

    Examples
    --------
    >>> _choose_ticks(84, 100)
    [(84, '84 months'), (90, '90 months'), (96, '96 months')]
    >>> _choose_ticks(90, 150)
    [(96, '8 y'), (108, '9 y'), (120, '10 y'), (132, '11 y'), (144, '12 y')]
    """
    step = next((step for step in _STEPS if (high - low) / step < _MOST_TICKS), _STEPS[-1])
    ages = range(step * math.ceil(low / step), math.floor(high) + 1, step)
    return [(age, f"{age} months" if step % 12 else f"{age // 12} y") for age in ages]


def _outline_window(picture: Image.Image, drawn: AgeMap, cells_to_picture: Frame) -> None:
    middle = (np.array(drawn.months.shape) - 1) / 2
    window = Frame.from_linear(drawn.window * np.eye(2), middle)
    ImageDraw.Draw(picture).line(outline_cells((1, 1), cells_to_picture.compose(window)), fill=TEXT, width=2)


def _explain_cells(drawn: AgeMap) -> str:
    if drawn.n_regions:
        return f"Each place has the age of the regions it lies in, by their weights: {drawn.extent} in all."
    if math.isfinite(drawn.window):
        return f"Age read in each of {drawn.extent} windows; a window is as large as the outline."
    mean = f"The age is the mean of those of {drawn.extent} places."
    return f"{mean} Each sees its surroundings too, and may lie far outside the ages of hands."


def _draw_panel(assessment: Assessment, drawn: AgeMap, low: float, high: float) -> Image.Image:
    predicted = assessment.estimate.months if assessment.estimate else drawn.age_months
    detail = f"{predicted:.1f} months, sex {assessment.sex or 'not used'}"
    panel, draw = new_panel(HEIGHT, assessment.id, age_text(predicted), detail)
    labels = [((months - low) / (high - low), text) for months, text in _choose_ticks(low, high)]
    top = draw_bar(draw, 134, (255 * viridis()).round().astype(np.uint8), labels)
    lowest, lower, upper, highest = np.quantile(drawn.months[drawn.weights > 0], (0, 0.25, 0.75, 1))
    for text in (
        _explain_cells(drawn),
        f"From {lowest:.0f} to {highest:.0f} months, the middle half {lower:.0f} to {upper:.0f}.",
        ""
        if drawn.n_regions or np.ptp(drawn.weights) == 0
        else "The fainter the colour, the less the window weighs in the age.",
    ):
        top = draw_wrapped(draw, text, top) + 8
    if abs(drawn.age_months - predicted) > _SAME:
        text = f"The map is of a larger picture than the model learnt from, and makes up {drawn.age_months:.1f} months."
        draw_wrapped(draw, text, top, WARNING)
    return panel
