"""Regions of interest: squares or cubes cut around ossification sites, around the hand, or the whole image as one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from boneage.imaging import Frame, NoSimilarity, Points, Scan, resample
from boneage.imaging.errors import InvalidInput
from boneage.imaging.shapes import fit_similarity, mirror, shape_centre, shape_extent
from boneage.regression.sites import Site

Array = NDArray[np.float64]

_INSIDE = 0.5  # part of a region that must lie in the image
_HAND_INSIDE = 0.3  # ... of the hand's: in a radiograph that ends at the fingers' sides, it is a good half
_MARGIN = 0.1  # of the landmarks' extent, around them on each side: fingertips and soft tissue lie outside
_PERCENTILES = (1.0, 99.0)
_MAX_LOG_RATIO = 0.7  # proportions twice as broad, or half

Flattening = Literal["slice", "projection"]


@dataclass(frozen=True, eq=False)
class RegionStack:
    """The regions of one hand.

    Parameters
    ----------
    names : tuple of str
        Of the sites; ``hand`` and ``whole`` for what :func:`crop_hand` and :func:`crop_whole` cut.
    pixels : ndarray of float32, shape (n_regions, side, side) or (n_regions, side, side, side)
        Grey values, the 1st percentile at 0 and the 99th at 1, clipped; rows run from distal to proximal, and in a
        volume's regions columns to the side (see :class:`~boneage.regression.sites.Site`). Zeros for a missing region.
    present : ndarray of bool, shape (n_regions,)
    frames : tuple of Frame or None
        From each region's pixels to the pixels of the original file; ``None`` for a missing region. A picture that
        :func:`flatten_regions` made of a volume's region has the frame of the cube, whose middle plane it lies in.
    """

    names: tuple[str, ...]
    pixels: NDArray[np.float32]
    present: NDArray[np.bool_]
    frames: tuple[Frame | None, ...]

    def __post_init__(self) -> None:
        n = len(self.names)
        sides = self.pixels.shape[1:]
        if self.pixels.shape[:1] != (n,) or len(sides) not in (2, 3) or self.pixels.dtype != np.float32:
            raise InvalidInput(f"pixels must be float32 of shape ({n}, side, side[, side]), got {self.pixels.shape}")
        if self.present.shape != (n,) or len(self.frames) != n:
            raise InvalidInput(f"present and frames must have {n} entries")
        if not np.isfinite(self.pixels).all():
            raise InvalidInput("pixels must be finite")
        if any((frame is not None) != there for frame, there in zip(self.frames, self.present, strict=True)):
            raise InvalidInput("a region has a frame if it is present, and only then")


def crop_regions(
    scan: Scan, points: Points, sites: Sequence[Site], *, side: int, mirrored: bool = False
) -> RegionStack:
    """Crop the region of each site, turned so that the bone's distal end is up.

    1. Bring the landmarks to true proportions.
    2. For each site with all its landmarks: axis, size and centre of the square or, in a volume, the cube, whose
       columns run to the side, at right angles to the axis.
    3. Draw it, and stretch its grey values.

    A site is missing if one of its landmarks is, if its landmarks coincide, or if less than half of its
    region lies in the image.

    Parameters
    ----------
    scan : Scan
    points : Points
        In original pixels; must hold the sites' landmarks.
    sites : sequence of Site
    side : int
        Side of the crops in pixels.
    mirrored : bool
        Whether the hand lies as in a mirror; its regions are then mirrored back.

    Raises
    ------
    ValueError
        If the sites are those of scans of another number of axes, or the points lack a landmark name that a site needs.
    """
    wrong = [site.name for site in sites if site.ndim != scan.ndim]
    if wrong:
        raise InvalidInput(f"region {wrong[0]} cannot be cropped from a {scan.ndim}D scan")
    to_original = scan.frame_to_original()
    to_true = scan.frame_to_true()
    place = dict(zip(points.names, scan.frame_from_original_to_true().apply(points.positions), strict=True))
    shape = (side,) * scan.ndim
    ends = np.zeros(scan.ndim), np.full(scan.ndim, side - 1.0)
    pixels = np.zeros((len(sites), *shape), np.float32)
    frames: list[Frame | None] = []
    for k, site in enumerate(sites):
        absent = [name for name in site.landmark_names if name not in place]
        if absent:
            raise InvalidInput(f"region {site.name} needs the landmark {absent[0]}, which the points lack")
        field = _place_field(site, place, side, mirrored)
        to_crop = field.compose(to_true) if field else None
        if to_crop is None or _part_inside(to_crop, scan.pixels.shape, *ends) < _INSIDE:
            frames.append(None)
            continue
        pixels[k] = _stretch(resample(scan.pixels, to_crop, shape))
        frames.append(to_original.compose(to_crop.inverse()))
    present = np.array([frame is not None for frame in frames])
    return RegionStack(tuple(site.name for site in sites), pixels, present, tuple(frames))


def crop_hand(scan: Scan, points: Points, reference: Points, *, side: int, mirrored: bool = False) -> RegionStack:
    """Crop the hand as one region, laid upon a reference: turned, scaled and mirrored back as a whole.

    The square, or the cube in a volume, holds the reference's landmarks with a margin. The region is missing if fewer
    than two landmarks are there, they coincide, or less than three tenths of it, of a cube the part around the
    landmarks, lie in the image.

    Parameters
    ----------
    scan : Scan
    points : Points
        In original pixels.
    reference : Points
        The shape to lay the hand upon, for instance a mean shape, in any unit; upright.
    side : int
        Side of the crop in pixels.
    mirrored : bool
        Whether the hand lies as in a mirror, seen from the reference.

    Raises
    ------
    ValueError
        If the points lack a landmark name of the reference.
    """
    placed, to_flipped = _place(scan, points, reference, mirrored)
    to_original, shape = scan.frame_to_original(), (side,) * scan.ndim
    try:
        to_reference = fit_similarity(placed, reference.positions).compose(to_flipped)
    except NoSimilarity:
        return _one_region("hand", None, shape)
    linear = np.eye(scan.ndim) * side / ((1 + 2 * _MARGIN) * shape_extent(reference.positions))
    square = Frame.from_linear(linear, (side - 1) / 2 - linear @ shape_centre(reference.positions))
    to_crop = square.compose(to_reference)
    ends = np.zeros(2), np.full(2, side - 1.0)
    if scan.ndim == 3:  # a hand is flat, and so is the field of view
        low, high = np.nanmin(reference.positions, axis=0), np.nanmax(reference.positions, axis=0)
        ends = square.apply(low[None])[0], square.apply(high[None])[0]
    if _part_inside(to_crop, scan.pixels.shape, *ends) < _HAND_INSIDE:
        return _one_region("hand", None, shape)
    picture = _stretch(resample(scan.pixels, to_crop, shape))
    return _one_region("hand", picture, shape, to_original.compose(to_crop.inverse()))


def fit_proportions(scan: Scan, points: Points, reference: Points, *, mirrored: bool = False) -> Scan:
    """Return the scan with the proportions in which its hand looks most like a reference.

    What was squashed to a square of unknown original, and the original itself, are then cut alike. That a hand is
    slender or broad is lost. A scan with less than three of the landmarks is returned as it is.

    Parameters
    ----------
    scan : Scan
        2D.
    points : Points
        In original pixels.
    reference : Points
        The shape to compare with, in true proportions.
    mirrored : bool
        Whether the hand lies as in a mirror, seen from the reference.

    Raises
    ------
    ValueError
        If the scan is not 2D, or the points lack a landmark name of the reference.
    """
    if scan.ndim != 2:
        raise InvalidInput("a volume has the proportions that its file says")
    placed, _ = _place(scan, points, reference, mirrored)
    if np.isfinite(placed).all(axis=1).sum() < 3:
        return scan

    def misfit(log_ratio: float) -> float:
        stretched = placed * [1.0, math.exp(log_ratio)]
        try:
            laid = fit_similarity(stretched, reference.positions).apply(stretched)
        except NoSimilarity:
            return math.inf
        return float(np.nansum((laid - reference.positions) ** 2))

    found = minimize_scalar(misfit, bounds=(-_MAX_LOG_RATIO, _MAX_LOG_RATIO), method="bounded")
    rows, columns = scan.spacing_array
    return dataclasses.replace(scan, spacing=(float(rows), float(columns) * math.exp(float(found.x))))


def to_thumbnail(scan: Scan, side: int) -> Scan:
    """Return a scan squashed to a square of ``side`` pixels, each the nearest of the file's; a smaller one as it is.

    Thumbnails that were made like this have a grain that networks read: a hand to be read by a model of thumbnails is
    made one. Its frame to the original's pixels stays right.

    Raises
    ------
    ValueError
        If the scan is not 2D.
    """
    if scan.ndim != 2:
        raise InvalidInput("thumbnails are made of radiographs, not of volumes")
    if max(scan.pixels.shape) <= side:
        return scan
    rows, columns = (((np.arange(side) + 0.5) * n / side).astype(int) for n in scan.pixels.shape)
    spacing = scan.true_size / side
    return dataclasses.replace(scan, pixels=scan.pixels[np.ix_(rows, columns)], spacing=tuple(map(float, spacing)))


def crop_whole(scan: Scan, *, side: int) -> RegionStack:
    """Squash the whole image into a square, or a volume into a cube, as one region; nothing needs to be found in it.

    The aspect is lost: a file that was squashed to a square before gives the same region as its original.
    """
    shape = (side,) * scan.ndim
    to_crop = Frame.resize(scan.pixels.shape, shape)
    picture = _stretch(resample(scan.pixels, to_crop, shape))
    return _one_region("whole", picture, shape, scan.frame_to_original().compose(to_crop.inverse()))


def recrop(scan: Scan, stack: RegionStack, side: int) -> RegionStack:
    """Crop the regions of a stack from its scan once more, in another size: the same fields, stretched the same way.

    Parameters
    ----------
    scan : Scan
        The stack's frames lead to the pixels of its original.
    stack : RegionStack
    side : int
        Of the new crops in pixels.

    Raises
    ------
    ValueError
        If the stack is one of pictures made of a volume's regions.
    """
    shape = (side,) * scan.ndim
    if stack.pixels.ndim - 1 != scan.ndim:
        raise InvalidInput("pictures made of a volume's regions cannot be cropped again")
    to_old = Frame.resize(shape, stack.pixels.shape[1:])
    frames = tuple(frame and frame.compose(to_old) for frame in stack.frames)
    pixels = np.zeros((len(frames), *shape), np.float32)
    for k, frame in enumerate(frames):
        if frame is not None:
            to_crop = frame.inverse().compose(scan.frame_to_original())
            pixels[k] = _stretch(resample(scan.pixels, to_crop, shape))
    return RegionStack(stack.names, pixels, stack.present, frames)


def flatten_regions(stack: RegionStack, how: Flattening) -> RegionStack:
    """Make pictures of a volume's regions, as a network of pictures reads them.

    Parameters
    ----------
    stack : RegionStack
        Of cubes.
    how : {"slice", "projection"}
        The slice half way through the cube, along the bone and to the side: coronal in most bones; or the mean over the
        middle half of the cube's depth, which is about the bone's own.

    Raises
    ------
    ValueError
        If the regions are pictures already.
    """
    if stack.pixels.ndim != 4:
        raise InvalidInput("only a volume's regions can be made pictures")
    side = stack.pixels.shape[1]
    deep = 1 if how == "slice" else max(side // 4, 1)  # planes on either side of the middle
    pictures = stack.pixels[:, (side + 1) // 2 - deep : side // 2 + deep].mean(axis=1)
    pixels = np.stack([_stretch(picture) for picture in pictures])
    return dataclasses.replace(stack, pixels=pixels)


def join_regions(first: RegionStack, second: RegionStack) -> RegionStack:
    """Return the regions of two stacks of one hand as one stack."""
    return RegionStack(
        first.names + second.names,
        np.concatenate([first.pixels, second.pixels]),
        np.concatenate([first.present, second.present]),
        first.frames + second.frames,
    )


def _place(scan: Scan, points: Points, reference: Points, mirrored: bool) -> tuple[Array, Frame]:
    """Return the reference's landmarks in the hand, in true proportions, mirrored back, and the map to there."""
    absent = [name for name in reference.names if name not in points.names]
    if absent:
        raise InvalidInput(f"the hand is laid upon the landmark {absent[0]}, which the points lack")
    to_flipped = mirror(scan.ndim).compose(scan.frame_to_true()) if mirrored else scan.frame_to_true()
    to_place = to_flipped.compose(scan.frame_to_original().inverse())
    return to_place.apply(points.select(reference.names).positions), to_flipped


def _one_region(
    name: str, picture: NDArray[np.float32] | None, shape: tuple[int, ...], frame: Frame | None = None
) -> RegionStack:
    pixels = np.zeros((1, *shape), np.float32) if picture is None else picture[None]
    return RegionStack((name,), pixels, np.array([frame is not None]), (frame,))


def _place_field(site: Site, place: dict[str, Array], side: int, mirrored: bool) -> Frame | None:
    """Return the map from true proportions to the region's pixels; ``None`` if the landmarks give none."""
    centre = _mean(site.centre, place)
    axis = _mean(site.distal, place) - (_mean(site.proximal, place) if site.proximal else centre)
    if site.across:
        axis = _perpendicular(axis, place[site.across[1]] - place[site.across[0]])
    length = float(np.linalg.norm(place[site.length[1]] - place[site.length[0]]))
    norm = float(np.linalg.norm(axis))
    if not (np.isfinite(centre).all() and norm > 1e-9 and np.isfinite(norm) and length > 1e-9 and np.isfinite(length)):
        return None
    up = axis / norm
    if site.lateral:
        aside = _perpendicular(place[site.lateral[1]] - place[site.lateral[0]], up)
        if not np.linalg.norm(aside) > 1e-9:
            return None
        turn = _turn_volume(up, aside / np.linalg.norm(aside), mirrored)
    else:
        turn = _turn_picture(up, mirrored)
    linear = turn * (side / (site.size * length))
    middle = centre + up * (site.shift * length)
    return Frame.from_linear(linear, (side - 1) / 2 - linear @ middle)


def _turn_picture(up: Array, mirrored: bool) -> Array:
    """Return the rotation that takes a direction up, to (-1, 0); for a mirrored hand, one that mirrors it back."""
    turn = np.array([[-up[0], -up[1]], [up[1], -up[0]]])
    if mirrored:
        turn[1] *= -1
    return turn


def _turn_volume(up: Array, aside: Array, mirrored: bool) -> Array:
    """Return the rotation that takes one direction up, another along the columns.

    Both are the same in a mirrored hand. It differs in depth, and is mirrored back by turning that round.
    """
    deep = np.cross(-up, aside)
    return np.stack([-deep if mirrored else deep, -up, aside])


def _perpendicular(direction: Array, line: Array) -> Array:
    """Return what of a direction is at right angles to a line."""
    return np.asarray(direction - (direction @ line) / max(float(line @ line), 1e-12) * line)


def _mean(names: Sequence[str], place: dict[str, Array]) -> Array:
    return np.asarray(np.mean([place[name] for name in names], axis=0))


def _part_inside(to_crop: Frame, shape: tuple[int, ...], low: Array, high: Array) -> float:
    """Return the part of a crop, between two corners of it, that lies in the image."""
    ticks = np.linspace(low, high, 9).T
    grid = np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1).reshape(-1, len(shape))
    source = to_crop.inverse().apply(grid)
    return float(((source >= -0.5) & (source <= np.array(shape) - 0.5)).all(axis=1).mean())


def _stretch(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.percentile(picture, _PERCENTILES)
    return np.asarray(np.clip((picture - low) / max(float(high - low), 1e-6), 0.0, 1.0), dtype=np.float32)
