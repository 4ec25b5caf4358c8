"""What an age rests on, as a picture: each region's age and weight, and what changes when a piece is hidden."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Frame, Scan
from boneage.pipeline.assessment import Assessment, age_text
from boneage.pipeline.colouring import dim, lay_colours, outline_cells, spread_cells
from boneage.pipeline.marks import draw_regions, relative_weights
from boneage.pipeline.overlay import draw_scan
from boneage.pipeline.panels import BACKGROUND, HEIGHT, TEXT, draw_bar, draw_wrapped, font, join_panels, new_panel
from boneage.regression import AgeEstimate, Occlusion, RegionStack

Array = NDArray[np.float64]

_OPACITY = 0.8
_CAPTION = np.array([12.0, 10.0])  # x, y
_LEAST_SCALE = 1.0  # month: changes that are next to nothing must not look like something
_FALLS, _RISES = np.array((86, 180, 233)) / 255, np.array((230, 159, 0)) / 255  # sky blue and orange of Okabe and Ito


def draw_explanation(scan: Scan, assessment: Assessment, occlusion: Occlusion) -> Image.Image:
    """Draw what a hand's age rests on: its regions with their ages and weights; the occlusion map; how to read them.

    Both on the radiograph in its true proportions; the first only if there are several regions. Of a volume the regions
    are drawn themselves, side by side: the middle slice of each, with the largest change in depth, its age and weight.

    Parameters
    ----------
    scan : Scan
    assessment : Assessment
        With an estimate and regions.
    occlusion : Occlusion
        Of the same hand.

    Raises
    ------
    ValueError
        If the hand was refused, or its regions were not kept.
    """
    estimate, regions = assessment.estimate, assessment.regions
    if estimate is None or regions is None:
        raise ValueError("there is no age to explain, or its regions were not kept")
    scale = max(float(np.nanmax(np.abs(occlusion.changes))), _LEAST_SCALE)
    if scan.ndim == 3:
        tiles = _draw_tiles(estimate, regions, occlusion, scale)
        return join_panels([tiles, _draw_panel(assessment, estimate, occlusion, scale)])
    picture, to_picture = draw_scan(scan)
    parts = [_draw_regions(picture, estimate, regions, to_picture)] if len(regions.names) > 1 else []
    parts.append(_draw_changes(picture, occlusion, regions, to_picture, scale))
    parts.append(_draw_panel(assessment, estimate, occlusion, scale))
    return join_panels(parts)


def _draw_regions(picture: Image.Image, estimate: AgeEstimate, regions: RegionStack, to_picture: Frame) -> Image.Image:
    """Return the picture with each region's outline, age and weight."""
    drawn = picture.copy()
    draw = ImageDraw.Draw(drawn)
    draw_regions(draw, regions, to_picture, relative_weights(estimate))
    for frame, months, weight in zip(regions.frames, estimate.region_months, estimate.region_weights, strict=True):
        if frame is not None:
            corners = outline_cells(regions.pixels.shape[1:], to_picture.compose(frame))[:-1]
            _write(draw, np.mean(corners, axis=0), f"{age_text(months)}\n{100 * weight:.0f} %", "mm")
    _write(draw, _CAPTION, "age and weight of each region", "la")
    return drawn


def _draw_changes(
    picture: Image.Image, occlusion: Occlusion, regions: RegionStack, to_picture: Frame, scale: float
) -> Image.Image:
    """Return the picture, dimmed, with the changes in colour; full colour at ``scale`` months."""
    changes = _lay_maps(occlusion, to_picture, picture) / scale
    colours = np.where(changes[..., None] < 0, _FALLS, _RISES)
    drawn = lay_colours(dim(picture), colours, _OPACITY * np.abs(changes))
    draw = ImageDraw.Draw(drawn)
    draw_regions(draw, regions, to_picture, {})
    _write(draw, _CAPTION, "change of the age when a patch is hidden", "la")
    return drawn


def _draw_tiles(estimate: AgeEstimate, regions: RegionStack, occlusion: Occlusion, scale: float) -> Image.Image:
    """Return a volume's regions side by side, dimmed, with the changes in colour, each with its age and weight."""
    n_across = math.ceil(math.sqrt(len(regions.names)))
    tile = HEIGHT // n_across
    picture = Image.new("RGB", (HEIGHT, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for k in np.flatnonzero(regions.present).tolist():
        corner = (k % n_across * tile, k // n_across * tile)
        picture.paste(_draw_tile(regions.pixels[k], occlusion.changes[k] / scale, occlusion.patch, tile), corner)
        said = f"{age_text(estimate.region_months[k])}, {100 * estimate.region_weights[k]:.0f} %"
        _write(draw, corner + _CAPTION, f"{regions.names[k]}\n{said}", "la")
    return picture


def _draw_tile(pixels: NDArray[np.float32], changes: Array, patch: float, side: int) -> Image.Image:
    if changes.ndim == 3:
        largest = np.abs(changes).argmax(axis=0)[None]
        pixels, changes = pixels[len(pixels) // 2], np.take_along_axis(changes, largest, axis=0)[0]
    grey = Image.fromarray(np.round(255 * pixels).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    step = side / (len(changes) - 1 + patch)
    to_tile = Frame.from_linear(step * np.eye(2), np.full(2, (step * patch - 1) / 2))
    values, inside = spread_cells(changes, to_tile, grey)
    values = np.where(inside, values, 0.0)
    colours = np.where(values[..., None] < 0, _FALLS, _RISES)
    return lay_colours(dim(grey.convert("RGB")), colours, _OPACITY * np.abs(values))


def _write(draw: ImageDraw.ImageDraw, place: Array, text: str, anchor: str) -> None:
    x, y = place
    draw.multiline_text(
        (x, y), text, fill=TEXT, font=font(14), anchor=anchor, align="center", stroke_width=2, stroke_fill=BACKGROUND
    )


def _lay_maps(occlusion: Occlusion, to_picture: Frame, picture: Image.Image) -> Array:
    """Return the change at every pixel of a picture; where regions overlap, the larger one."""
    layer = np.zeros((picture.height, picture.width))
    for changes, frame in zip(occlusion.changes, occlusion.frames, strict=True):
        if frame is not None:
            values, inside = spread_cells(changes, to_picture.compose(frame), picture)
            layer = np.where(inside & (np.abs(values) > np.abs(layer)), values, layer)
    return layer


def _draw_panel(assessment: Assessment, estimate: AgeEstimate, occlusion: Occlusion, scale: float) -> Image.Image:
    detail = f"{estimate.months:.1f} months, sex {assessment.sex or 'not used'}"
    panel, draw = new_panel(HEIGHT, assessment.id, age_text(estimate.months), detail)
    values = np.linspace(-1, 1, 255)[:, None]
    colours = np.where(values < 0, _FALLS, _RISES) * np.abs(values) * _OPACITY
    labels = [
        ((part + 1) / 2, f"{part * scale:+.1f} months" if part else "no change") for part in (-1, -0.5, 0, 0.5, 1)
    ]
    top = draw_bar(draw, 134, (255 * colours).round().astype(np.uint8), labels)
    part = occlusion.patch / (occlusion.changes.shape[1] - 1 + occlusion.patch)
    for text in (
        "Months by which the hand's age changes when a grey patch hides that place.",
        "Blue: what is there speaks for a higher age. Orange: for a lower one.",
        f"The patch is {100 * part:.0f} % as wide as the square it is slid over.",
        "It shows what the model looks at, not whether it is right.",
    ):
        top = draw_wrapped(draw, text, top) + 8
    return panel
