"""Outlines of ossification centres and joints over a picture, and label maps with a palette."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Frame
from boneage.pipeline.visualisation.panels import WARNING, Colour
from boneage.regression.segmentation.anatomy import UNNAMED, Kind, list_centres

if TYPE_CHECKING:  # loaded only where centres are asked for
    from boneage.pipeline.hand_centres import HandCentres

Array = NDArray[np.float64]

JOINT: Colour = (90, 150, 220)
GROUPS: Mapping[str, Colour] = {  # told apart by the colour-blind; joints are thin and blue
    "forearm": (255, 176, 0),
    "carpals": (254, 97, 0),
    "metacarpals": (120, 220, 130),
    "proximal phalanges": (255, 235, 90),
    "middle phalanges": (230, 130, 230),
    "distal phalanges": (240, 240, 240),
}
_GOLDEN = 0.618034  # of the circle of hues: neighbours in a palette then differ most


def trace_outlines(centres: HandCentres, to_picture: Frame) -> Iterator[tuple[Kind, int, Colour, Array]]:
    """Yield the closed outlines of a hand, joints first: kind, label, colour, and places of shape (n, 2).

    Parameters
    ----------
    centres : HandCentres
    to_picture : Frame
        From original pixels to those of the places.
    """
    kinds: tuple[Kind, ...] = ("joints", "bones")
    for kind in kinds:
        groups = [centre.group for centre in list_centres(kind).values()]
        labels = centres.labels[kind]
        for label in np.unique(labels[labels > 0]).tolist():
            colour = WARNING if label == UNNAMED else JOINT if kind == "joints" else GROUPS[groups[label - 1]]
            for contour in _trace(labels == label):
                yield kind, label, colour, to_picture.apply(contour)


def draw_outlines(picture: Image.Image, to_picture: Frame, centres: HandCentres) -> None:
    """Draw the outlines of a hand's bones and joints over a picture, which is changed.

    Parameters
    ----------
    picture : PIL.Image.Image
    to_picture : Frame
        From original pixels.
    centres : HandCentres
    """
    draw = ImageDraw.Draw(picture)
    for kind, _, colour, places in trace_outlines(centres, to_picture):
        draw.line([(column, row) for row, column in places.tolist()], fill=colour, width=1 + (kind == "bones"))


def list_label_colours() -> list[Colour]:
    """Return the colour of each number in label maps: black where there is nothing, white without a name."""
    hues = [colorsys.hsv_to_rgb(k * _GOLDEN % 1, 0.75, 1.0) for k in range(UNNAMED - 1)]
    red_green_blue = [(0.0, 0.0, 0.0), *hues, (1.0, 1.0, 1.0)]
    return [(round(255 * red), round(255 * green), round(255 * blue)) for red, green, blue in red_green_blue]


def to_palette_image(labels: NDArray[np.uint8]) -> Image.Image:
    """Return a label map as an 8-bit picture with a palette of :func:`list_label_colours`."""
    picture = Image.fromarray(labels, mode="P")
    picture.putpalette([value for colour in list_label_colours() for value in colour])
    return picture


def _trace(mask: NDArray[np.bool_]) -> list[Array]:
    """Return the closed outlines of a mask, each of shape (n, 2), in rows and columns."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [np.concatenate([one, one[:1]])[:, 0, ::-1].astype(np.float64) for one in contours]
