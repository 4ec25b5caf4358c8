"""What an age rests on, as a picture: each region's age and weight, and what changes when a piece is hidden."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Frame, Scan
from boneage.pipeline.age_text import age_text
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.visualisation.annotations import draw_regions
from boneage.pipeline.visualisation.colormap import blend_colours, darken, interpolate_cells, outline_cells
from boneage.pipeline.visualisation.overlay import draw_scan
from boneage.pipeline.visualisation.panels import (
    BACKGROUND,
    HEIGHT,
    TEXT,
    draw_bar,
    draw_wrapped,
    font,
    join_panels,
    new_panel,
)
from boneage.regression import AgeEstimate, Occlusion, RegionStack

Array = NDArray[np.float64]

_OPACITY = 0.8
_CAPTION = np.array([12.0, 10.0])  # x, y
_BELOW = np.array([0.0, 6.0])  # x, y: of a label from the edge over it
_TOP = np.array([90.0, 36.0])  # ... at least, from the picture's edges: below the caption
_MIN_SCALE = 1.0  # month: negligible changes must look negligible
_FALLS, _RISES = np.array((86, 180, 233)) / 255, np.array((230, 159, 0)) / 255  # sky blue and orange of Okabe and Ito


def draw_explanation(scan: Scan, assessment: Assessment, occlusions: Sequence[Occlusion]) -> Image.Image:
    """Draw what a hand's age rests on: its regions with their ages and weights; the occlusion map; how to read them.

    Both on the radiograph in its true proportions; the first only if there are several regions. Of a volume the regions
    are drawn themselves, side by side: the middle slice of each, with the largest change in depth, its age and weight.

    Parameters
    ----------
    scan : Scan
    assessment : Assessment
        With an estimate and regions.
    occlusions : sequence of Occlusion
        Of the same hand, one for each age model that read it; their changes add up.

    Raises
    ------
    ValueError
        If the hand was refused, or its regions are not there, or there is not an occlusion for each age model.
    """
    estimate, stacks = assessment.estimate, assessment.stacks
    if estimate is None or not stacks:
        raise ValueError("there is no age to explain, or its regions were not kept")
    if len(occlusions) != len(stacks):
        raise ValueError(f"need an occlusion for each of {len(stacks)} age models, got {len(occlusions)}")
    changes = [occlusion.changes for occlusion in occlusions]
    if scan.ndim == 3:
        scale = _find_scale(changes)
        tiles = _draw_tiles(estimate, stacks, occlusions, scale)
        return join_panels([tiles, _draw_panel(assessment, estimate, occlusions, scale)])
    picture, to_picture = draw_scan(scan)
    layer = np.sum([_merge_changes(occlusion, to_picture, picture) for occlusion in occlusions], axis=0)
    scale = _find_scale(changes if len(changes) == 1 else [layer])
    n_regions = len({name for stack in stacks for name in stack.names})
    parts = [_draw_regions(picture, estimate, stacks, to_picture)] if n_regions > 1 else []
    parts.append(_draw_changes(picture, layer / scale, stacks, to_picture))
    parts.append(_draw_panel(assessment, estimate, occlusions, scale))
    return join_panels(parts)


def _find_scale(changes: Sequence[Array]) -> float:
    """Return the change at the end of the colour scale, in months."""
    return max(*(float(np.nanmax(np.abs(values))) for values in changes), _MIN_SCALE)


def _draw_regions(
    picture: Image.Image, estimate: AgeEstimate, stacks: Sequence[RegionStack], to_picture: Frame
) -> Image.Image:
    """Return the picture with each region's outline, age and weight; an only region's label is at its top."""
    drawn = picture.copy()
    draw = ImageDraw.Draw(drawn)
    draw_regions(draw, stacks, to_picture, estimate)
    labels = _describe_regions(estimate)
    for stack in stacks:
        alone = len(stack.names) == 1
        for name, frame in zip(stack.names, stack.frames, strict=True):
            if frame is not None and name in labels:
                corners = np.array(outline_cells(stack.pixels.shape[1:], to_picture.compose(frame))[:-1])
                place, anchor = (_find_top(corners, picture), "ma") if alone else (corners.mean(axis=0), "mm")
                age, weight = labels.pop(name)
                _draw_label(draw, place, f"{name}: {age}, {weight}" if alone else f"{age}\n{weight}", anchor)
    _draw_label(draw, _CAPTION, "age and weight of each region", "la")
    return drawn


def _find_top(corners: Array, picture: Image.Image) -> Array:
    """Return where to write, below it, inside the upper edge of a square, or as near as the picture goes."""
    middle = corners[np.argsort(corners[:, 1])[:2]].mean(axis=0)
    return np.asarray(np.clip(middle + _BELOW, _TOP, picture.size - _TOP), dtype=np.float64)


def _describe_regions(estimate: AgeEstimate) -> dict[str, tuple[str, str]]:
    """Return the age and the weight, by name, of each region that has an age."""
    rows = zip(estimate.region_names, estimate.region_months, estimate.region_weights, strict=True)
    return {
        name: (age_text(months), f"{100 * weight:.0f} %") for name, months, weight in rows if not math.isnan(months)
    }


def _draw_changes(
    picture: Image.Image, changes: Array, stacks: Sequence[RegionStack], to_picture: Frame
) -> Image.Image:
    """Return the picture, dimmed, with the changes in colour; full colour at -1 and 1."""
    colours = np.where(changes[..., None] < 0, _FALLS, _RISES)
    drawn = blend_colours(darken(picture), colours, _OPACITY * np.abs(changes))
    draw = ImageDraw.Draw(drawn)
    draw_regions(draw, stacks, to_picture)
    _draw_label(draw, _CAPTION, "change of the age when a patch is hidden", "la")
    return drawn


def _draw_tiles(
    estimate: AgeEstimate, stacks: Sequence[RegionStack], occlusions: Sequence[Occlusion], scale: float
) -> Image.Image:
    """Return a volume's regions side by side, dimmed, with the changes in colour, each with its age and weight."""
    n_across = math.ceil(math.sqrt(sum(len(stack.names) for stack in stacks)))
    tile = HEIGHT // n_across
    picture = Image.new("RGB", (HEIGHT, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    labels, first = _describe_regions(estimate), 0
    for stack, occlusion in zip(stacks, occlusions, strict=True):
        for k in np.flatnonzero(stack.present).tolist():
            row, column = divmod(first + k, n_across)
            corner = (column * tile, row * tile)
            picture.paste(_draw_tile(stack.pixels[k], occlusion.changes[k] / scale, occlusion.patch, tile), corner)
            _draw_label(draw, corner + _CAPTION, "{}\n{}, {}".format(stack.names[k], *labels[stack.names[k]]), "la")
        first += len(stack.names)
    return picture


def _draw_tile(pixels: NDArray[np.float32], changes: Array, patch: float, side: int) -> Image.Image:
    if changes.ndim == 3:
        largest = np.abs(changes).argmax(axis=0)[None]
        pixels, changes = pixels[len(pixels) // 2], np.take_along_axis(changes, largest, axis=0)[0]
    grey = Image.fromarray(np.round(255 * pixels).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    step = side / (len(changes) - 1 + patch)
    to_tile = Frame.from_linear(step * np.eye(2), np.full(2, (step * patch - 1) / 2))
    values, inside = interpolate_cells(changes, to_tile, grey)
    values = np.where(inside, values, 0.0)
    colours = np.where(values[..., None] < 0, _FALLS, _RISES)
    return blend_colours(darken(grey.convert("RGB")), colours, _OPACITY * np.abs(values))


def _draw_label(draw: ImageDraw.ImageDraw, place: Array, text: str, anchor: str) -> None:
    x, y = place
    draw.multiline_text(
        (x, y), text, fill=TEXT, font=font(14), anchor=anchor, align="center", stroke_width=2, stroke_fill=BACKGROUND
    )


def _merge_changes(occlusion: Occlusion, to_picture: Frame, picture: Image.Image) -> Array:
    """Return the change at every pixel of a picture; where regions overlap, the larger one."""
    layer = np.zeros((picture.height, picture.width))
    for changes, frame in zip(occlusion.changes, occlusion.frames, strict=True):
        if frame is not None:
            values, inside = interpolate_cells(changes, to_picture.compose(frame), picture)
            layer = np.where(inside & (np.abs(values) > np.abs(layer)), values, layer)
    return layer


def _draw_panel(
    assessment: Assessment, estimate: AgeEstimate, occlusions: Sequence[Occlusion], scale: float
) -> Image.Image:
    detail = f"{estimate.months:.1f} months, sex {assessment.sex or 'not used'}"
    panel, draw = new_panel(HEIGHT, assessment.id, age_text(estimate.months), detail)
    values = np.linspace(-1, 1, 255)[:, None]
    colours = np.where(values < 0, _FALLS, _RISES) * np.abs(values) * _OPACITY
    labels = [
        ((part + 1) / 2, f"{part * scale:+.1f} months" if part else "no change") for part in (-1, -0.5, 0, 0.5, 1)
    ]
    top = draw_bar(draw, 134, (255 * colours).round().astype(np.uint8), labels)
    parts = {
        f"{100 * occlusion.patch / (occlusion.changes.shape[1] - 1 + occlusion.patch):.0f}": None
        for occlusion in occlusions
    }
    for text in (
        "Months by which the hand's age changes when a grey patch hides that place.",
        "Blue: what is there speaks for a higher age. Orange: for a lower one.",
        f"The patch is {' or '.join(parts)} % as wide as the field it is slid over.",
        "It shows what the model looks at, not whether it is right.",
    ):
        top = draw_wrapped(draw, text, top) + 8
    return panel
