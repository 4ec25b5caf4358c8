"""The picture of a hand in a page: an image, and over it landmarks and regions as lines that a reader can ask."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from boneage.imaging import Frame, Points, Scan
from boneage.pipeline.age_text import age_text
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.pages.centre_table import describe_outline
from boneage.pipeline.visualisation.annotations import normalise_weights, weight_colour
from boneage.pipeline.visualisation.colormap import outline_cells
from boneage.pipeline.visualisation.outlines import trace_outlines
from boneage.pipeline.visualisation.overlay import draw_scan
from boneage.pipeline.visualisation.panels import Colour
from boneage.pipeline.visualisation.volume_overlay import draw_volume

_QUALITY = 85
_TOLERANCE = 0.5  # pixels of the picture, by which an outline may be off for fewer corners


@dataclass(frozen=True)
class Outline:
    """The border of a region or centre: its corners as SVG has them, its colour, what it is; a joint's is thin."""

    corners: str
    colour: str
    title: str
    thin: bool = False


@dataclass(frozen=True)
class Mark:
    """A landmark: where it lies in the picture, whether it is doubtful, and which it is."""

    x: float
    y: float
    doubtful: bool
    title: str


@dataclass(frozen=True)
class HandFigure:
    """A picture with what was found in it.

    Parameters
    ----------
    image : str
        Address that holds the whole picture.
    width, height : int
        Of the picture, in which the marks are placed.
    outlines : tuple of Outline
        Of the regions.
    centres : tuple of Outline
        Of the ossification centres and joints.
    marks : tuple of Mark
    wide : bool
        Whether it needs the width of the page.
    """

    image: str
    width: int
    height: int
    outlines: tuple[Outline, ...] = ()
    marks: tuple[Mark, ...] = ()
    centres: tuple[Outline, ...] = ()
    wide: bool = False


def draw_hand_figure(scan: Scan, assessment: Assessment, *, height: int | None = None) -> HandFigure:
    """Draw a hand in its true proportions with its landmarks and regions.

    In the picture of a volume they are part of the image; see
    :func:`~boneage.pipeline.visualisation.volume_overlay.draw_volume`.

    Parameters
    ----------
    scan : Scan
    assessment : Assessment
        With its regions, if it has an age.
    height : int, optional
        Of the image in pixels, if it is to be smaller than the overlays are.
    """
    if scan.ndim == 3:
        picture = draw_volume(scan, assessment.points, regions=assessment.stacks, estimate=assessment.estimate)
        return HandFigure(_embed(picture, height), *picture.size, wide=picture.width > picture.height)
    picture, to_picture = draw_scan(scan)
    marks = tuple(_list_marks(assessment.points, to_picture)) if assessment.points is not None else ()
    wide = picture.width > 1.25 * picture.height
    return HandFigure(
        _embed(picture.convert("L"), height),
        *picture.size,
        tuple(_list_outlines(assessment, to_picture)),
        marks,
        tuple(_list_centres(assessment, to_picture)),
        wide,
    )


def _list_marks(points: Points, to_picture: Frame) -> Iterator[Mark]:
    assert points.scores is not None
    assert points.reasons is not None
    rows = zip(points.names, to_picture.apply(points.positions), points.scores, points.reasons, strict=True)
    for name, (row, column), score, reason in rows:
        if not math.isnan(row):
            confidence = [] if math.isnan(score) else [f"score {score:.2f}"]
            title = ", ".join((name, *confidence, *([reason] if reason else [])))
            yield Mark(round(float(column), 1), round(float(row), 1), bool(reason), title)


def _list_outlines(assessment: Assessment, to_picture: Frame) -> Iterator[Outline]:
    estimate = assessment.estimate
    if estimate is None:
        return
    ages = dict(zip(estimate.region_names, estimate.region_months, strict=True))
    shares = dict(zip(estimate.region_names, estimate.region_weights, strict=True))
    for stack in assessment.stacks:
        weights, side = normalise_weights(estimate, stack.names), stack.pixels.shape[-1]
        for name, frame in zip(stack.names, stack.frames, strict=True):
            if frame is not None and not math.isnan(ages[name]):
                corners = outline_cells((side,) * frame.ndim, to_picture.compose(frame))[:-1]
                yield Outline(
                    " ".join(f"{x:.1f},{y:.1f}" for x, y in corners),
                    _to_css(weight_colour(weights[name])),
                    f"{name}: {age_text(ages[name])}, weight {100 * shares[name]:.0f} %",
                )


def _list_centres(assessment: Assessment, to_picture: Frame) -> Iterator[Outline]:
    if assessment.centres is None:
        return
    for kind, label, colour, places in trace_outlines(assessment.centres, to_picture):
        corners = cv2.approxPolyDP(places[:, ::-1].astype(np.float32), _TOLERANCE, closed=True)[:, 0]
        yield Outline(
            " ".join(f"{x:.1f},{y:.1f}" for x, y in corners.tolist()),
            _to_css(colour),
            describe_outline(kind, label, assessment.centres),
            thin=kind == "joints",
        )


def _to_css(colour: Colour) -> str:
    red, green, blue = colour
    return f"rgb({red}, {green}, {blue})"


def encode_jpeg(picture: Image.Image) -> bytes:
    """Return a picture as a JPEG file."""
    content = io.BytesIO()
    picture.save(content, format="JPEG", quality=_QUALITY)
    return content.getvalue()


def _embed(picture: Image.Image, height: int | None) -> str:
    if height is not None:
        picture = picture.resize((round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS)
    return f"data:image/jpeg;base64,{base64.b64encode(encode_jpeg(picture)).decode()}"
