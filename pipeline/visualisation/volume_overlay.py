"""One picture of a volume: its projections with the landmarks, and three slices through each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Frame, LandmarkScheme, Points, Scan, find_scheme, measure_length
from boneage.landmarks import VoteMap
from boneage.pipeline.visualisation.annotations import draw_lines, draw_points, draw_regions, landmark_colours
from boneage.pipeline.visualisation.colormap import stretch, tint
from boneage.pipeline.visualisation.panels import BACKGROUND, FAINT, HEIGHT, TEXT, Colour, font, join_panels
from boneage.pipeline.visualisation.projections import (
    VIEWS,
    merge_votes,
    place_projection,
    place_slice,
    project,
    sample_slice,
    sample_votes,
)
from boneage.regression import AgeEstimate, RegionStack

Array = NDArray[np.float64]

_WIDEST = 860  # pixels of the two projections together
_SIDE = 86  # of a slice
_LABEL = 16  # over the slices of a landmark
_GAP = 2
_COLUMN = 3 * (_SIDE + _GAP) + 12
_TOP, _BOTTOM = 44, 30
_GAMMA = np.float32(0.75)  # of projections, in which thin fingers are dark beside the wrist
_FIELD = 0.12  # of the anatomy's length, the side of a slice
_ARM = (6, 16)  # ends of a cross hair's lines: the landmark itself stays visible
_BARS = (1, 2, 5, 10, 20, 50, 100)


def draw_volume(
    scan: Scan,
    points: Points | None,
    *,
    votes: Sequence[VoteMap] = (),
    regions: Sequence[RegionStack] = (),
    estimate: AgeEstimate | None = None,
) -> Image.Image:
    """Draw a volume in true proportions, ``HEIGHT`` pixels high.

    1. The mean of all coronal and of all sagittal slices, with landmarks, the lines of their scheme, and regions.
    2. A coronal, a sagittal and an axial slice through each landmark, bone by bone if a scheme is known.

    Parameters
    ----------
    scan : Scan
        A volume.
    points : Points or None
        In the original's voxels.
    votes : sequence of VoteMap, optional
        Of each landmark; drawn over projections and slices.
    regions : sequence of RegionStack, optional
    estimate : AgeEstimate, optional
        The larger the weight that it gives a region, the brighter its outline.
    """
    rows, across = scan.true_size[1], scan.true_size[2] + scan.true_size[0]
    scale = min(HEIGHT / rows, _WIDEST / across)
    parts = []
    highest = merge_votes(scan, votes) if votes else None
    scheme = find_scheme(points.names) if points is not None else None
    for view in ("coronal", "sagittal"):
        picture, to_picture = _draw_projection(scan, view, scale, highest)
        draw = ImageDraw.Draw(picture)
        draw_regions(draw, regions, to_picture, estimate)
        if points is not None:
            draw_lines(draw, points, scheme.pairs if scheme else (), to_picture)
            draw_points(draw, points, to_picture)
        parts.append(_label_projection(picture, view, scale if scan.spacing_unit == "mm" else None))
    if points is not None:
        parts.append(_draw_sites(scan, points, scheme, votes))
    return join_panels(parts)


def _draw_projection(
    scan: Scan, view: str, scale: float, votes: NDArray[np.float32] | None
) -> tuple[Image.Image, Frame]:
    to_picture, shape = place_projection(scan, view, scale)
    grey = enlarge(stretch(project(scan.pixels, view)) ** _GAMMA, shape)
    layer = None
    if votes is not None:
        projected = np.transpose(votes, VIEWS[view]).max(axis=0)
        layer = enlarge(projected / np.float32(max(float(votes.max()), 1e-9)), shape)
    return tint(grey, layer), to_picture


def enlarge(picture: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a picture of values in 0..1 in another shape, smoothly."""
    image = Image.fromarray(picture).resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.asarray(np.clip(np.asarray(image), 0, 1))


def _label_projection(picture: Image.Image, view: str, pixels_per_mm: float | None) -> Image.Image:
    """Return a projection on a column as high as the whole, with its name, and a scale bar if lengths are known."""
    column = Image.new("RGB", (picture.width + 4, HEIGHT), BACKGROUND)
    column.paste(picture, (0, 0))
    draw = ImageDraw.Draw(column)
    draw.text((8, 6), view, fill=TEXT, font=font(14))
    if pixels_per_mm is not None:
        draw_scale(draw, (8, picture.height - 8), pixels_per_mm, picture.width / 3)
    return column


def draw_scale(draw: ImageDraw.ImageDraw, place: tuple[float, float], pixels_per_mm: float, longest: float) -> None:
    """Draw a bar of a round length in mm, at most so many pixels long, from its left end (x, y)."""
    length = max((bar for bar in _BARS if bar * pixels_per_mm <= longest), default=_BARS[0])
    x, y = place
    draw.line((x, y, x + length * pixels_per_mm, y), fill=TEXT, width=2)
    draw.text((x, y - 4), f"{length} mm", fill=TEXT, font=font(12), anchor="lb", stroke_width=1, stroke_fill=BACKGROUND)


def _draw_sites(scan: Scan, points: Points, scheme: LandmarkScheme | None, votes: Sequence[VoteMap]) -> Image.Image:
    """Return the slices through each landmark, in as many columns as they need."""
    names = [name for name in scheme.names if name in points.names] if scheme else list(points.names)
    n_rows = (HEIGHT - _TOP - _BOTTOM) // (_SIDE + _LABEL)
    sites = Image.new("RGB", (max(-(-len(names) // n_rows), 1) * _COLUMN, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(sites)
    length = measure_length(points.mapped(scan.frame_from_original_to_true()))
    field = _FIELD * (length if np.isfinite(length) else float(scan.true_size.max()))
    scale = _SIDE / field
    in_mm = scan.spacing_unit == "mm"
    wide = f", {field:.0f} mm wide" if in_mm else ""
    draw.text((4, 6), f"three slices through each landmark{wide}", fill=TEXT, font=font(14))
    vote_of = dict(zip(points.names, votes, strict=True)) if votes else {}
    colour_of = dict(
        zip(points.names, zip(landmark_colours(points, TEXT), landmark_colours(points), strict=True), strict=True)
    )
    for number, name in enumerate(names):
        column, row = divmod(number, n_rows)
        x, y = 4 + column * _COLUMN, _TOP + row * (_SIDE + _LABEL)
        if row == 0:
            for k, view in enumerate(VIEWS):
                draw.text((x + k * (_SIDE + _GAP), y - 16), view, fill=FAINT, font=font(11))
        place = points.position(name)
        if np.isnan(place[0]):
            draw.text((x, y), f"{name}: not found", fill=FAINT, font=font(12))
            continue
        of_name, of_cross = colour_of[name]
        draw.text((x, y), name, fill=of_name, font=font(12))
        for k, view in enumerate(VIEWS):
            corner = (x + k * (_SIDE + _GAP), y + _LABEL)
            sites.paste(_draw_slice(scan, view, place, scale, vote_of.get(name), of_cross), corner)
        if row == 0 and in_mm:
            draw_scale(draw, (x + 4, y + _LABEL + _SIDE - 5), scale, _SIDE / 2)
    note = "research use only, not a diagnosis" + ("; phantom (synthetic)" if scan.phantom else "")
    draw.text((4, HEIGHT - 22), note, fill=FAINT, font=font(14))
    return sites


def _draw_slice(scan: Scan, view: str, place: Array, scale: float, vote: VoteMap | None, colour: Colour) -> Image.Image:
    to_picture = place_slice(scan, view, place, scale, _SIDE)
    layer = sample_votes(vote, to_picture, _SIDE) if vote is not None else None
    picture = tint(stretch(sample_slice(scan, to_picture, _SIDE)), layer)
    draw, middle = ImageDraw.Draw(picture), (_SIDE - 1) / 2
    for sign in (1, -1):
        near, far = (middle + sign * arm for arm in _ARM)
        draw.line((near, middle, far, middle), fill=colour if vote is None else BACKGROUND)
        draw.line((middle, near, middle, far), fill=colour if vote is None else BACKGROUND)
    return picture
