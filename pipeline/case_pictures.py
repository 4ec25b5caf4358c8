"""Pictures of single landmarks: what was true, what was found, and where the votes fell."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.evaluation import Case, measure_length
from boneage.imaging import Frame, Points, Scan, UnreadableScan, resample
from boneage.landmarks import ForestLocaliser, VoteMap
from boneage.pipeline.vote_pictures import tint

Array = NDArray[np.float64]

SIDE = 320  # pixels of a picture
_CONTEXT = 0.2  # of the anatomy's length, the side of the field that is shown
_ROOM = 1.7  # times the error, if that is more
_FINE = 2  # marks are drawn this much larger, then reduced: smooth lines
_TRUTH, _FOUND, _EDGE = (255, 255, 255), (240, 90, 20), (0, 0, 0)
_OUTSIDE = 0.25  # grey of what lies outside the image
_SAME = 1.0  # pixels; further from the estimate of the table, the model is another one


def draw_cases(
    cases: Sequence[Case],
    scan_of: Callable[[str], Scan],
    found: Mapping[str, Points],
    truth: Mapping[str, Points],
    localiser: ForestLocaliser | None = None,
) -> Iterator[tuple[Case, bytes]]:
    """Draw cases, as PNG files, in their order.

    Parameters
    ----------
    cases : sequence of Case
    scan_of : callable
        From an id to its scan; an image for which it raises KeyError or UnreadableScan is passed over.
    found, truth : mapping of Points
        By id, in original pixels.
    localiser : ForestLocaliser, optional
        To draw its vote maps; where it finds the landmark elsewhere than ``found`` says, the map is not that of the
        estimate and is left out.
    """
    votes_of: dict[str, Mapping[str, VoteMap]] = {}
    for case in cases:
        try:
            scan = scan_of(case.id)
        except (KeyError, UnreadableScan):
            continue
        if scan.ndim != 2:
            continue
        if localiser is not None and case.id not in votes_of:
            votes_of[case.id] = _vote(localiser, scan, found[case.id])
        picture = draw_case(
            scan,
            truth[case.id].position(case.landmark),
            found[case.id].position(case.landmark),
            length=measure_length(truth[case.id]),
            votes=votes_of.get(case.id, {}).get(case.landmark),
        )
        file = io.BytesIO()
        picture.save(file, "PNG", optimize=True)
        yield case, file.getvalue()


def draw_case(scan: Scan, true: Array, found: Array, *, length: float, votes: VoteMap | None = None) -> Image.Image:
    """Draw the surroundings of one landmark: truth as a ring, estimate as a cross, an arrow from one to the other.

    Parameters
    ----------
    scan : Scan
        A radiograph.
    true, found : ndarray of shape (2,)
        In original pixels.
    length : float
        Of the anatomy, in original pixels: a fifth of it is shown, or more if that does not hold both.
    votes : VoteMap, optional
        Laid over the picture, the brighter where the votes agree better; scaled to its own maximum.
    """
    error = float(np.linalg.norm(found - true))
    side = float(np.nanmax([_CONTEXT * length, _ROOM * error, 8.0]))
    middle = (true + found) / 2
    scale = SIDE / side
    to_picture = Frame.from_linear(scale * np.eye(2), (SIDE - 1) / 2 - scale * middle)
    grey = _stretch(resample(scan.pixels, to_picture.compose(scan.frame_to_original()), (SIDE, SIDE), fill=np.nan))
    layer = None
    if votes is not None:
        values = resample(votes.values, to_picture.compose(votes.to_map.inverse()), (SIDE, SIDE), fill=0.0)
        layer = values / np.float32(max(float(votes.values.max()), 1e-9))
    picture = tint(grey, layer)
    return _mark(picture, *to_picture.apply(np.stack([true, found])))


def _vote(localiser: ForestLocaliser, scan: Scan, found: Points) -> dict[str, VoteMap]:
    points, votes = localiser.locate_with_votes(scan)
    return {
        name: vote
        for name, place, vote in zip(points.names, points.positions, votes, strict=bool(votes))
        if name in found.names and np.linalg.norm(place - found.position(name)) < _SAME
    }


def _stretch(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return grey values in 0..1, stretched to what is shown; NaN is outside the image."""
    inside = pixels[~np.isnan(pixels)]
    low, high = np.percentile(inside, (1, 99)) if len(inside) else (0.0, 1.0)
    stretched = np.clip((pixels - low) / max(float(high - low), 1e-6), 0, 1)
    return np.asarray(np.where(np.isnan(stretched), _OUTSIDE, stretched), dtype=np.float32)


def _mark(picture: Image.Image, true: Array, found: Array) -> Image.Image:
    """Draw ring, cross and arrow, each with a dark edge so that they show on bone and on background."""
    large = picture.resize((SIDE * _FINE, SIDE * _FINE), Image.Resampling.BICUBIC)
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
    return large.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _draw_arrow(
    draw: ImageDraw.ImageDraw, start: Array, end: Array, gap: float, colour: tuple[int, int, int], width: int
) -> None:
    """Draw an arrow that leaves a gap at both ends."""
    along = (end - start) / np.linalg.norm(end - start)
    first, tip = start + along * gap, end - along * 1.15 * gap
    across = np.array([-along[1], along[0]])
    draw.line((first[1], first[0], tip[1], tip[0]), fill=colour, width=width)
    for side in (1, -1):
        barb = tip - 0.6 * gap * along + side * 0.4 * gap * across
        draw.line((tip[1], tip[0], barb[1], barb[0]), fill=colour, width=width)
