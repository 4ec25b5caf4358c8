"""One picture a hand: the radiograph, its landmarks and regions, and what each region said."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Frame, Points, Scan
from boneage.pipeline.assessment import Assessment, age_text
from boneage.pipeline.colouring import outline_cells
from boneage.pipeline.panels import FAINT, TEXT, WARNING, Colour, draw_wrapped, font, join_panels, new_panel
from boneage.regression import AgeEstimate, RegionStack

HEIGHT = 1000
_POINT = (255, 176, 0)  # colour-blind safe: amber points, blue regions
_LOW, _HIGH = np.array((70, 90, 120)), np.array((90, 190, 255))
_DOUBTFUL_SCORE = 0.2


def draw_overlay(scan: Scan, assessment: Assessment) -> Image.Image:
    """Draw an assessed hand with its landmarks, its regions, and a panel of ages and weights.

    The hand is drawn in its true proportions, ``HEIGHT`` pixels high. A region's outline is the brighter, the
    larger its weight; landmarks with a low score are drawn in another colour.
    """
    picture, to_picture = draw_scan(scan)
    draw = ImageDraw.Draw(picture)
    if assessment.regions is not None:
        draw_regions(draw, assessment.regions, to_picture, relative_weights(assessment.estimate))
    if assessment.points is not None:
        draw_points(draw, assessment.points, to_picture)
    return join_panels([picture, _draw_panel(assessment)])


def draw_landmarks(scan: Scan, points: Points) -> Image.Image:
    """Draw a hand with its landmarks alone."""
    picture, to_picture = draw_scan(scan)
    draw_points(ImageDraw.Draw(picture), points, to_picture)
    return picture


def draw_points(draw: ImageDraw.ImageDraw, points: Points, to_picture: Frame) -> None:
    """Draw landmarks as small rings, in another colour where the score is low."""
    for (row, column), score in zip(to_picture.apply(points.positions), _scores(points), strict=True):
        if np.isnan(row):
            continue
        colour = WARNING if score < _DOUBTFUL_SCORE else _POINT
        draw.ellipse((column - 3.5, row - 3.5, column + 3.5, row + 3.5), outline=colour, width=2)


def draw_scan(scan: Scan) -> tuple[Image.Image, Frame]:
    """Return the hand in its true proportions, ``HEIGHT`` pixels high, and the map from original pixels to it."""
    rows, columns = scan.pixels.shape
    spacing = scan.spacing_array
    width = max(round(HEIGHT * columns * spacing[1] / (rows * spacing[0])), 1)
    low, high = np.percentile(scan.pixels, (0.5, 99.5))
    grey = np.clip((scan.pixels - low) / max(high - low, 1e-6), 0, 1)
    image = Image.fromarray((255 * grey).astype(np.uint8)).resize((width, HEIGHT), Image.Resampling.BOX)
    assert scan.original_shape is not None
    return image.convert("RGB"), Frame.resize(scan.original_shape, (HEIGHT, width))


def draw_regions(draw: ImageDraw.ImageDraw, regions: RegionStack, to_picture: Frame, weights: dict[str, float]) -> None:
    """Outline the regions that are present, the brighter the larger their weights, 0 to 1 by name."""
    for name, frame in zip(regions.names, regions.frames, strict=True):
        if frame is not None:
            outline = outline_cells(regions.pixels.shape[1:], to_picture.compose(frame))
            draw.line(outline, fill=_shade(weights.get(name, 0.0)), width=2, joint="curve")


def _draw_panel(assessment: Assessment) -> Image.Image:
    estimate = assessment.estimate
    title = age_text(estimate.months) if estimate else "refused"
    detail = f"{estimate.months:.1f} months, sex {assessment.sex or 'not used'}" if estimate else ""
    panel, draw = new_panel(HEIGHT, assessment.id, title, detail)
    top = draw_wrapped(draw, assessment.reason, 116, WARNING) + 14
    if estimate:
        _draw_table(draw, estimate, relative_weights(estimate), top)
    return panel


def _draw_table(draw: ImageDraw.ImageDraw, estimate: AgeEstimate, weights: dict[str, float], top: int) -> None:
    for left, heading in ((20, "region"), (120, "age"), (200, "weight")):
        draw.text((left, top), heading, fill=FAINT, font=font(14))
    rows = zip(estimate.region_names, estimate.region_months, estimate.region_weights, strict=True)
    for line, (name, months, weight) in enumerate(rows, start=1):
        y = top + 8 + 26 * line
        missing = bool(np.isnan(months))
        draw.text((20, y), name, fill=FAINT if missing else TEXT, font=font(15))
        draw.text((120, y), "missing" if missing else age_text(months), fill=FAINT, font=font(15))
        if not missing:
            length = round(70 * weights.get(name, 0.0))
            draw.rectangle((200, y + 4, 200 + length, y + 14), fill=_shade(weights.get(name, 0.0)))
            draw.text((278, y), f"{100 * weight:.0f} %", fill=TEXT, font=font(15))


def relative_weights(estimate: AgeEstimate | None) -> dict[str, float]:
    """Return each region's weight as a fraction of the largest."""
    if estimate is None:
        return {}
    largest = max(float(np.max(estimate.region_weights)), 1e-9)
    return {n: float(w) / largest for n, w in zip(estimate.region_names, estimate.region_weights, strict=True)}


def _shade(relative: float) -> Colour:
    red, green, blue = (_LOW + (_HIGH - _LOW) * relative).round().astype(int)
    return int(red), int(green), int(blue)


def _scores(points: Points) -> NDArray[np.float64]:
    assert points.scores is not None
    return np.nan_to_num(points.scores, nan=1.0)
