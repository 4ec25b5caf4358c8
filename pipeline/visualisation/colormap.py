"""Grey values and layers of colour over them."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

from boneage.imaging import Frame, resample

Array = NDArray[np.float64]

_DIM = 0.6
_OPACITY = 0.75
_FAINTEST = 0.03  # of the highest peak; below, the picture is left as it is
_OUTSIDE = 0.25  # grey of what lies outside an image


def darken(picture: Image.Image) -> Image.Image:
    """Return a darker picture, so that colours over it show on bright bone too.

    Examples
    --------
    >>> darken(Image.new("RGB", (1, 1), (200, 200, 200))).getpixel((0, 0))
    (120, 120, 120)
    """
    return picture.point(lambda value: round(_DIM * value))


def blend_colours(picture: Image.Image, colours: Array, opacity: Array) -> Image.Image:
    """Blend colours, 0 to 1, shape (height, width, 3), over a picture, with an opacity of shape (height, width).

    Examples
    --------
    >>> white, red = Image.new("RGB", (1, 1), "white"), np.array([[[1.0, 0, 0]]])
    >>> blend_colours(white, red, np.array([[0.2]])).getpixel((0, 0))
    (255, 204, 204)
    """
    rgb, part = np.asarray(picture, np.float64) / 255, opacity[..., None]
    return Image.fromarray(np.round(255 * (rgb * (1 - part) + colours * part)).astype(np.uint8))


def interpolate_cells(cells: Array, to_picture: Frame, picture: Image.Image) -> tuple[Array, NDArray[np.bool_]]:
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
    """Return the corners (x, y) of a grid of cells in a picture, the first one again at the end.

    Of cells in space, those of their silhouette; the picture shows the last two axes of ``to_picture``.
    """
    ends = np.array(list(itertools.product(*((0, n) for n in shape)))) - 0.5
    places = to_picture.apply(ends)[:, -2:]
    around = [0, 1, 3, 2] if len(shape) == 2 else ConvexHull(places).vertices
    corners = [(float(column), float(row)) for row, column in places[around]]
    return [*corners, corners[0]]


@cache
def viridis() -> Array:
    """Return the colours of viridis, which the colour-blind see too, 0 to 1, shape (256, 3)."""
    import matplotlib as mpl

    return np.asarray(mpl.colormaps["viridis"](np.linspace(0, 1, 256))[:, :3])


def stretch(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return grey values in 0..1, stretched to what is shown; NaN is outside the image."""
    inside = pixels[~np.isnan(pixels)]
    low, high = np.percentile(inside, (1, 99)) if len(inside) else (0.0, 1.0)
    stretched = np.clip((pixels - low) / max(float(high - low), 1e-6), 0, 1)
    return np.asarray(np.where(np.isnan(stretched), _OUTSIDE, stretched), dtype=np.float32)


def tint(grey: NDArray[np.float32], layer: NDArray[np.float32] | None) -> Image.Image:
    """Blend a layer in the colours of viridis over a grey picture, both in 0..1; the lower, the more transparent.

    Examples
    --------
    >>> tint(np.full((1, 2), 0.2, np.float32), np.array([[0, 1]], np.float32)).getpixel((0, 0))
    (51, 51, 51)
    """
    rgb = np.repeat(grey[..., None], 3, axis=2)
    if layer is not None:
        height = np.sqrt(np.clip(layer, 0, 1))  # so that a broad, low hill is visible beside a peak
        opacity = np.where(layer > _FAINTEST, _OPACITY * height, 0)[..., None]
        rgb = rgb * (1 - opacity) + viridis()[(255 * height).astype(int)] * opacity
    return Image.fromarray(np.round(255 * rgb).astype(np.uint8))
