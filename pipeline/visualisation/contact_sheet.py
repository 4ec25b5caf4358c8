"""Many small pictures on one sheet: radiographs before and after standardising."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Scan
from boneage.imaging.standardise import StandardisedScan
from boneage.pipeline.visualisation.panels import BACKGROUND, TEXT, font

PAIRS_PER_PAGE = 60

_SIDE = 150  # pixels of a cell
_GAP = 8
_CAPTION = 20
_COLUMNS = 6
_OUTLINE = (255, 170, 60)


def draw_pair(scan: Scan, standardised: StandardisedScan) -> Image.Image:
    """Draw a radiograph as it is, with the outline of its field, beside its standard form."""
    before, size = _fit(scan, float(scan.pixels.min()), float(scan.pixels.max()))
    after, _ = _fit(standardised.scan, 0.0, 1.0)
    draw = ImageDraw.Draw(before)
    scale = np.array(size) / np.array(scan.pixels.shape)
    corners = ((standardised.field.corners + 0.5) * scale).clip(0, np.array(size) - 1)[:, ::-1]
    draw.polygon([(float(x), float(y)) for x, y in corners], outline=_OUTLINE)
    pair = Image.new("RGB", (2 * _SIDE, _SIDE), BACKGROUND)
    for left, picture in ((0, before), (_SIDE, after)):
        pair.paste(picture, (left + (_SIDE - picture.width) // 2, (_SIDE - picture.height) // 2))
    return pair


def draw_contact_sheet(pairs: Sequence[tuple[str, bytes]]) -> Image.Image:
    """Draw pairs in rows, each with its id under it.

    Parameters
    ----------
    pairs : sequence of (str, bytes)
        Id and picture, as PNG; at least one.
    """
    width, height = 2 * _SIDE + _GAP, _SIDE + _CAPTION + _GAP
    rows = math.ceil(len(pairs) / _COLUMNS)
    sheet = Image.new("RGB", (_GAP + min(len(pairs), _COLUMNS) * width, _GAP + rows * height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for index, (id_, content) in enumerate(pairs):
        left, top = _GAP + index % _COLUMNS * width, _GAP + index // _COLUMNS * height
        with Image.open(io.BytesIO(content)) as picture:
            sheet.paste(picture, (left, top))
        draw.text((left, top + _SIDE + 2), _shorten(draw, id_, 2 * _SIDE), fill=TEXT, font=font(14))
    return sheet


def _fit(scan: Scan, low: float, high: float) -> tuple[Image.Image, tuple[int, int]]:
    """Return a scan in true proportions, as large as fits into a cell, and its rows and columns."""
    size = scan.true_size * (_SIDE / scan.true_size.max())
    rows, columns = (max(round(float(n)), 1) for n in size)
    grey: NDArray[np.float32] = (scan.pixels - low) * (255.0 / (high - low) if high > low else 0.0)
    picture = Image.fromarray(np.rint(grey).clip(0, 255).astype(np.uint8)).convert("RGB")
    return picture.resize((columns, rows), Image.Resampling.BOX), (rows, columns)


def _shorten(draw: ImageDraw.ImageDraw, text: str, width: int) -> str:
    """Return a text, its beginning left out where it is too long."""
    if draw.textlength(text, font=font(14)) <= width:
        return text
    while len(text) > 1 and draw.textlength(f"…{text}", font=font(14)) > width:
        text = text[1:]
    return f"…{text}"
