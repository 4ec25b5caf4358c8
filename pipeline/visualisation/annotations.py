"""What is drawn over a picture: landmarks, the lines between them, regions, and a truth beside an estimate.

A picture shows the last two axes of a map into it: those of a radiograph, or of a volume's view.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Frame, Points
from boneage.pipeline.visualisation.colormap import outline_cells
from boneage.pipeline.visualisation.panels import WARNING, Colour
from boneage.regression import AgeEstimate, RegionStack

Array = NDArray[np.float64]

_POINT: Colour = (255, 176, 0)  # colour-blind safe: amber points, blue regions
_LINE: Colour = (150, 110, 20)
_LOW, _HIGH = np.array((70, 90, 120)), np.array((90, 190, 255))
_FINE = 2  # the marks of a pair are drawn this much larger, then reduced: smooth lines
_TRUTH, _FOUND, _EDGE = (255, 255, 255), (240, 90, 20), (0, 0, 0)


def draw_points(draw: ImageDraw.ImageDraw, points: Points, to_picture: Frame) -> None:
    """Draw landmarks as small rings, in another colour where they are doubtful."""
    for (row, column), colour in zip(to_picture.apply(points.positions)[:, -2:], landmark_colours(points), strict=True):
        if not np.isnan(row):
            draw.ellipse((column - 3.5, row - 3.5, column + 3.5, row + 3.5), outline=colour, width=2)


def landmark_colours(points: Points, trusted: Colour = _POINT) -> list[Colour]:
    """Return each landmark's colour: another one where it is doubtful."""
    return [WARNING if doubtful else trusted for doubtful in points.doubtful]


def draw_lines(draw: ImageDraw.ImageDraw, points: Points, pairs: Sequence[tuple[str, str]], to_picture: Frame) -> None:
    """Draw a line between the landmarks of each pair that are both there."""
    places = to_picture.apply(points.positions)[:, -2:]
    where = {name: place for name, place, there in zip(points.names, places, points.present, strict=True) if there}
    for first, second in pairs:
        if first in where and second in where:
            (r0, c0), (r1, c1) = where[first], where[second]
            draw.line((c0, r0, c1, r1), fill=_LINE, width=1)


def draw_regions(
    draw: ImageDraw.ImageDraw, stacks: Iterable[RegionStack], to_picture: Frame, estimate: AgeEstimate | None = None
) -> None:
    """Outline the regions that are present, the brighter the larger their weights beside others of their stack."""
    for stack in stacks:
        weights = normalise_weights(estimate, stack.names)
        side = stack.pixels.shape[-1]
        for name, frame in zip(stack.names, stack.frames, strict=True):
            if frame is not None:
                outline = outline_cells((side,) * frame.ndim, to_picture.compose(frame))
                draw.line(outline, fill=weight_colour(weights.get(name, 0.0)), width=2, joint="curve")


def normalise_weights(estimate: AgeEstimate | None, names: Sequence[str]) -> dict[str, float]:
    """Return the weight of each region of these ``names`` as a fraction of the largest among them."""
    if estimate is None:
        return {}
    of_name = dict(zip(estimate.region_names, estimate.region_weights, strict=True))
    largest = max(*(float(of_name[name]) for name in names), 1e-9)
    return {name: float(of_name[name]) / largest for name in names}


def weight_colour(relative: float) -> Colour:
    """Return the colour of a region by its weight, as a fraction of the largest."""
    red, green, blue = (_LOW + (_HIGH - _LOW) * relative).round().astype(int)
    return int(red), int(green), int(blue)


def draw_error(picture: Image.Image, true: Array, found: Array) -> Image.Image:
    """Draw a truth as a ring, an estimate as a cross, and an arrow from one to the other.

    Each has a dark edge, so that it shows on bone and on background.

    Parameters
    ----------
    picture : PIL.Image.Image
    true, found : ndarray of shape (2,)
        Row and column in the picture.
    """
    large = picture.resize((picture.width * _FINE, picture.height * _FINE), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(large)
    start, end = (true + 0.5) * _FINE, (found + 0.5) * _FINE
    (tr, tc), (fr, fc) = start, end
    radius, arm = 9 * _FINE, 7 * _FINE
    for extra, ring, cross in ((2 * _FINE, _EDGE, _EDGE), (0, _TRUTH, _FOUND)):
        width, outer = 2 * _FINE + extra, radius + _FINE + extra / 2
        if np.linalg.norm(end - start) > 2.5 * radius:
            _draw_arrow(draw, start, end, radius, ring, _FINE + extra)
        draw.ellipse((tc - outer, tr - outer, tc + outer, tr + outer), outline=ring, width=width)
        for sign in (1, -1):
            ends = np.array([-1, 1]) * (arm + extra / 4)
            draw.line((fc + ends[0], fr + sign * ends[0], fc + ends[1], fr + sign * ends[1]), fill=cross, width=width)
    return large.resize(picture.size, Image.Resampling.LANCZOS)


def _draw_arrow(draw: ImageDraw.ImageDraw, start: Array, end: Array, gap: float, colour: Colour, width: int) -> None:
    """Draw an arrow that leaves a gap at both ends."""
    along = (end - start) / np.linalg.norm(end - start)
    first, tip = start + along * gap, end - along * 1.15 * gap
    across = np.array([-along[1], along[0]])
    draw.line((first[1], first[0], tip[1], tip[0]), fill=colour, width=width)
    for side in (1, -1):
        barb = tip - 0.6 * gap * along + side * 0.4 * gap * across
        draw.line((tip[1], tip[0], barb[1], barb[0]), fill=colour, width=width)
