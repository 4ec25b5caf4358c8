"""One picture a hand: the image, its landmarks and regions, and the age and weight of each region."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from PIL import Image, ImageDraw

from boneage.imaging import Frame, Points, Scan
from boneage.pipeline.age_text import age_text, interval_text
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.visualisation.annotations import draw_points, draw_regions, normalise_weights, weight_colour
from boneage.pipeline.visualisation.outlines import draw_outlines
from boneage.pipeline.visualisation.panels import (
    FAINT,
    HEIGHT,
    TEXT,
    WARNING,
    draw_wrapped,
    font,
    join_panels,
    new_panel,
)
from boneage.pipeline.visualisation.volume_overlay import draw_volume
from boneage.regression import AgeEstimate

_WIDEST = 4000  # pixels
_DRAWN: WeakKeyDictionary[Scan, tuple[Image.Image, Frame]] = WeakKeyDictionary()


def draw_overlay(scan: Scan, assessment: Assessment) -> Image.Image:
    """Draw an assessed hand with its landmarks, its regions, and a panel of ages and weights.

    The hand is drawn in its true proportions, ``HEIGHT`` pixels high. A region's outline is the brighter, the
    larger its weight beside the others that an age model reads with it; landmarks with a low score are drawn in another
    colour. Of a volume there are projections, and slices through each landmark; see
    :func:`~boneage.pipeline.visualisation.volume_overlay.draw_volume`.
    """
    panel = _draw_panel(assessment, phantom=scan.phantom)
    if scan.ndim == 3:
        volume = draw_volume(scan, assessment.points, regions=assessment.stacks, estimate=assessment.estimate)
        return join_panels([volume, panel])
    picture, to_picture = draw_scan(scan)
    if assessment.centres is not None:
        draw_outlines(picture, to_picture, assessment.centres)
    draw = ImageDraw.Draw(picture)
    draw_regions(draw, assessment.stacks, to_picture, assessment.estimate)
    if assessment.points is not None:
        draw_points(draw, assessment.points, to_picture)
    return join_panels([picture, panel])


def draw_landmarks(scan: Scan, points: Points) -> Image.Image:
    """Draw a hand with its landmarks alone; a volume as in :func:`draw_overlay`."""
    if scan.ndim == 3:
        return draw_volume(scan, points)
    picture, to_picture = draw_scan(scan)
    draw_points(ImageDraw.Draw(picture), points, to_picture)
    return picture


def draw_scan(scan: Scan) -> tuple[Image.Image, Frame]:
    """Return a radiograph in its true proportions, and the map from original pixels to it.

    It is ``HEIGHT`` pixels high, or less where it would be wider than ``_WIDEST``. As long as the scan is in use it is
    resized once: each call returns a copy, to be drawn on.
    """
    if scan not in _DRAWN:
        _DRAWN[scan] = _resize(scan)
    picture, to_picture = _DRAWN[scan]
    return picture.copy(), to_picture


def _resize(scan: Scan) -> tuple[Image.Image, Frame]:
    rows, columns = scan.pixels.shape
    spacing = scan.spacing_array
    width = max(round(HEIGHT * columns * spacing[1] / (rows * spacing[0])), 1)
    height = HEIGHT if width <= _WIDEST else max(round(HEIGHT * _WIDEST / width), 1)
    width = min(width, _WIDEST)
    pixels = np.asarray(Image.fromarray(scan.pixels).resize((width, height), Image.Resampling.BOX))
    low, high = np.percentile(pixels, (0.5, 99.5))
    grey = np.clip((pixels - low) / max(high - low, 1e-6), 0, 1)
    to_picture = Frame.resize((rows, columns), (height, width)).compose(scan.frame_to_original().inverse())
    return Image.fromarray((255 * grey).astype(np.uint8)).convert("RGB"), to_picture


def _draw_panel(assessment: Assessment, *, phantom: bool) -> Image.Image:
    estimate = assessment.estimate
    title = age_text(estimate.months) if estimate else "refused"
    detail = f"{estimate.months:.1f} months, sex {assessment.sex or 'not used'}" if estimate else ""
    panel, draw = new_panel(HEIGHT, assessment.id, title, detail)
    top = 116
    if estimate and interval_text(estimate.interval):
        top = draw_wrapped(draw, interval_text(estimate.interval), top, TEXT) + 6
    if phantom:
        draw.text((20, HEIGHT - 58), "phantom: a synthetic drawing", fill=WARNING, font=font(14))
    top = draw_wrapped(draw, assessment.reason, top, WARNING) + 14
    if estimate:
        _draw_table(draw, estimate, normalise_weights(estimate, estimate.region_names), top)
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
            draw.rectangle((200, y + 4, 200 + length, y + 14), fill=weight_colour(weights.get(name, 0.0)))
            draw.text((278, y), f"{100 * weight:.0f} %", fill=TEXT, font=font(15))
