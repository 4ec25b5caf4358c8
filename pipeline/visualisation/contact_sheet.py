"""Many small pictures on one sheet: radiographs before and after standardising, or one of each hand."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Scan
from boneage.imaging.standardise import StandardisedScan
from boneage.pipeline.visualisation.panels import BACKGROUND, TEXT, compose_accents, font
from boneage.pipeline.visualisation.projections import project

PAIRS_PER_PAGE = 60

_SIDE = 150  # pixels of a cell
_GAP = 8
_CAPTION = 20
_COLUMNS = 6
_OUTLINE = (255, 170, 60)
_SHOWN = (0.5, 99.5)  # percentiles of the grey values that become black and white


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


def draw_one(scan: Scan) -> Image.Image:
    """Draw a radiograph as it is, or a volume's mean along the line of sight from the front."""
    if scan.ndim == 3:
        scan = Scan(project(scan.pixels, "coronal"), spacing=tuple(scan.spacing_array[1:].tolist()))
    low, high = (float(np.percentile(scan.pixels, share)) for share in _SHOWN)
    picture, _ = _fit(scan, low, high)
    cell = Image.new("RGB", (_SIDE, _SIDE), BACKGROUND)
    cell.paste(picture, ((_SIDE - picture.width) // 2, (_SIDE - picture.height) // 2))
    return cell


def draw_contact_sheet(pictures: Sequence[tuple[str, bytes]], *, paired: bool = True) -> Image.Image:
    """Draw pictures in rows, each with its caption under it.

    Parameters
    ----------
    pictures : sequence of (str, bytes)
        Caption and picture, as PNG; at least one.
    paired : bool
        Whether they are pairs (:func:`draw_pair`) or single (:func:`draw_one`).
    """
    cell = 2 * _SIDE if paired else _SIDE
    width, height = cell + _GAP, _SIDE + _CAPTION + _GAP
    n_columns = _COLUMNS if paired else 2 * _COLUMNS
    rows = math.ceil(len(pictures) / n_columns)
    sheet = Image.new("RGB", (_GAP + min(len(pictures), n_columns) * width, _GAP + rows * height), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for index, (caption, content) in enumerate(pictures):
        left, top = _GAP + index % n_columns * width, _GAP + index // n_columns * height
        with Image.open(io.BytesIO(content)) as picture:
            sheet.paste(picture, (left, top))
        draw.text((left, top + _SIDE + 2), _shorten(draw, compose_accents(caption), cell), fill=TEXT, font=font(14))
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
