"""Pictures of hands that a reader must be told of: small, noisy, dark, two in one, photographed; made from one hand."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

LENGTHS = (24, 40, 52)  # pixels: all below the fewest that are enough


@dataclass(frozen=True)
class DoubtfulPicture:
    """A kind of picture: what makes it of one hand (uint8, bright bones), and what the reason must say (a pattern)."""

    name: str
    make: Callable[[np.ndarray], np.ndarray]
    says: str


def _to_picture(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def lay_in_field(picture, wide, rows):
    """Return the picture in a dark field ``wide`` times as wide and high, where it is ``rows`` high."""
    columns = max(round(picture.shape[1] * rows / picture.shape[0]), 1)
    small = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    field = np.full((round(wide * rows), round(wide * columns)), np.percentile(small, 2), np.uint8)
    top, left = (np.array(field.shape) - small.shape) // 2
    field[top : top + rows, left : left + columns] = small
    return field


def expose(picture, levels=None, sigma=0.0):
    """Return the picture in so few grey levels, with white noise of a standard deviation of ``sigma`` added."""
    dark = np.floor(picture.astype(float) * levels / 256) if levels else picture.astype(float)
    return _to_picture(dark + np.random.default_rng(0).normal(0, sigma, picture.shape) if sigma else dark)


def put_beside(picture, *, mirrored=False, scale=1.0, gap=0.0, exposure=1.0, turned_deg=0.0, shown=1.0):
    """Return the picture beside itself.

    Parameters
    ----------
    mirrored : bool
        Whether the second hand is.
    scale, exposure : float
        Height and contrast of the second, in those of the first.
    gap : float
        How far they are apart, in widths; below 0 they touch.
    turned_deg : float
        By how much the second is turned.
    shown : float
        Part of the second hand's width that is in the picture.
    """
    second = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    second = second[:, ::-1] if mirrored else second
    air = np.percentile(picture, 2)
    second = _to_picture(air + exposure * (_turn(second, turned_deg, air) - air))
    second = second[:, : round(shown * second.shape[1])]
    (rows, columns), start = picture.shape, round(picture.shape[1] * (1 + gap))
    field = np.full((max(rows, len(second)), max(start + second.shape[1], columns)), air, np.uint8)
    field[:rows, :columns] = picture
    place = field[len(field) - len(second) :, start : start + second.shape[1]]
    np.maximum(place, second, out=place)
    return field


def _turn(picture, degrees, air):
    """Return the picture turned, in a rectangle that holds all of it."""
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    size = np.abs(turn[:, :2]) @ np.array(picture.shape[::-1])
    turn[:, 2] += size / 2 - middle
    return cv2.warpAffine(picture.astype(np.float32), turn, np.rint(size).astype(int).tolist(), borderValue=float(air))


def photograph(picture, aslant, darker=0.0):
    """Return a photograph of the film on a light box.

    Parameters
    ----------
    aslant : float
        How far the film's corners are moved inwards, of its width.
    darker : float
        How much darker the corners of the photograph are than its middle.
    """
    rows, columns = picture.shape
    start = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    inwards = aslant * columns * np.array([[1, 0], [-1, 0], [0, 0], [0, -0.5]])
    size = (round(1.4 * columns), round(1.4 * rows))
    end = (start + inwards + 0.2 * np.array([columns, rows])).astype(np.float32)
    to_photograph = cv2.getPerspectiveTransform(start, end)
    film = cv2.warpPerspective(0.7 * picture.astype(np.float32) + 15, to_photograph, size)
    on_film = cv2.warpPerspective(np.ones(picture.shape, np.float32), to_photograph, size)
    row, column = np.mgrid[-1 : 1 : 1j * size[1], -1 : 1 : 1j * size[0]]
    vignette = 1 - darker * (row**2 + column**2) / 2
    return _to_picture(np.where(on_film > 0.5, film, 245) * vignette)


SMALL = [
    DoubtfulPicture(
        f"hand of {rows} pixels in a field {wide} times as wide",
        lambda p, wide=wide, rows=rows: lay_in_field(p, wide, rows),
        r"the hand is \d+ pixels long; at least 60 are needed",
    )
    for wide in (1.5, 2, 3, 4)
    for rows in LENGTHS
]
NOISY = [
    DoubtfulPicture(
        f"noise of {sigma}", lambda p, sigma=sigma: expose(p, sigma=sigma), r"the noise is \d+ % of the contrast"
    )
    for sigma in (15, 25, 40, 60)
]
DARK = [
    DoubtfulPicture(
        f"{levels} grey levels",
        lambda p, levels=levels: expose(p, levels),
        r"only \d+ grey levels between air and bone",
    )
    for levels in (4, 8, 12)
] + [
    DoubtfulPicture(
        f"{levels} grey levels and noise of {sigma}",
        lambda p, levels=levels, sigma=sigma: expose(p, levels, sigma),
        r"the noise is \d+ % of the contrast",
    )
    for levels, sigma in ((40, 6), (80, 10))
]
_TWO = {  # how the second hand differs from the first, and lies to it
    "the same": {},
    "apart": {"gap": 0.3},
    "mirrored": {"mirrored": True},
    "mirrored, apart": {"mirrored": True, "gap": 0.3},
    "smaller": {"scale": 0.7},
    "smaller, mirrored, apart": {"scale": 0.7, "mirrored": True, "gap": 0.3},
    "touching": {"gap": -0.1},
    "touching, mirrored": {"gap": -0.1, "mirrored": True},
    "darker": {"exposure": 0.5},
    "darker, mirrored, apart": {"exposure": 0.5, "mirrored": True, "gap": 0.1},
    "aslant": {"turned_deg": 30, "gap": 0.1},
    "aslant, mirrored, darker": {"turned_deg": -25, "mirrored": True, "exposure": 0.6, "gap": 0.1},
    "cut off": {"shown": 0.7, "gap": 0.1},
}
TWO = [
    DoubtfulPicture(
        f"two hands, the second {name}",
        lambda p, options=options: put_beside(p, **options),
        "there are 2 hands in the picture",
    )
    for name, options in _TWO.items()
]
PHOTOGRAPHS = [
    DoubtfulPicture(
        f"photograph {aslant} aslant, {darker} darker at its corners",
        lambda p, aslant=aslant, darker=darker: photograph(p, aslant, darker),
        "looks like a photograph of a film on a light box",
    )
    for aslant in (0.05, 0.1, 0.15, 0.25)
    for darker in (0.0, 0.3, 0.6)
]
KINDS = {"small": SMALL, "noisy": NOISY, "dark": DARK, "two": TWO, "photographed": PHOTOGRAPHS}
