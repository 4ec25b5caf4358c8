"""Layers of colour over a radiograph."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Frame, resample

Array = NDArray[np.float64]

_DIM = 0.6


def dim(picture: Image.Image) -> Image.Image:
    """Return a darker picture, so that colours laid over it show on bright bone too.

    Examples
    --------
    >>> dim(Image.new("RGB", (1, 1), (200, 200, 200))).getpixel((0, 0))
    (120, 120, 120)
    """
    return picture.point(lambda value: round(_DIM * value))


def lay_colours(picture: Image.Image, colours: Array, opacity: Array) -> Image.Image:
    """Return a picture with colours, 0 to 1, shape (height, width, 3), laid over it; opacity of shape (height, width).

    Examples
    --------
    >>> white, red = Image.new("RGB", (1, 1), "white"), np.array([[[1.0, 0, 0]]])
    >>> lay_colours(white, red, np.array([[0.2]])).getpixel((0, 0))
    (255, 204, 204)
    """
    rgb, part = np.asarray(picture, np.float64) / 255, opacity[..., None]
    return Image.fromarray(np.round(255 * (rgb * (1 - part) + colours * part)).astype(np.uint8))


def spread_cells(cells: Array, to_picture: Frame, picture: Image.Image) -> tuple[Array, NDArray[np.bool_]]:
    """Draw a grid of values as large as a picture, smoothly between the cells' middles.

    Parameters
    ----------
    cells : ndarray of shape (rows, columns)
    to_picture : Frame
        From cells to pixels of the picture.
    picture : PIL.Image.Image

    Returns
    -------
    values : ndarray of shape (height, width)
    inside : ndarray of bool, shape (height, width)
        Where the cells lie, each half a cell to every side of its middle.
    """
    values = resample(cells.astype(np.float32), to_picture, (picture.height, picture.width))
    mask = Image.new("1", picture.size)
    ImageDraw.Draw(mask).polygon(outline_cells(cells.shape, to_picture), fill=1)
    return values.astype(np.float64), np.asarray(mask)


def outline_cells(shape: tuple[int, ...], to_picture: Frame) -> list[tuple[float, float]]:
    """Return the corners (x, y) of a grid of cells in a picture, the first one again at the end."""
    rows, columns = shape
    corners = np.array([[0, 0], [0, columns], [rows, columns], [rows, 0], [0, 0]]) - 0.5
    return [(float(column), float(row)) for row, column in to_picture.apply(corners)]


@cache
def viridis() -> Array:
    """Return the colours of viridis, which the colour-blind see too, 0 to 1, shape (256, 3)."""
    import matplotlib as mpl

    return np.asarray(mpl.colormaps["viridis"](np.linspace(0, 1, 256))[:, :3])
