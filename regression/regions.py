"""Regions of interest: squares cut around ossification sites, around the hand, or the whole image as one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from boneage.imaging import Frame, NoSimilarity, Points, Scan, resample
from boneage.imaging.shapes import fit_similarity, mirror, shape_centre, shape_extent
from boneage.regression.sites import Site

Array = NDArray[np.float64]

_INSIDE = 0.5  # part of a region that must lie in the image
_HAND_INSIDE = 0.3  # ... of the hand's: in a radiograph that ends at the fingers' sides, it is a good half
_MARGIN = 0.1  # of the landmarks' extent, around them on each side: fingertips and soft tissue lie outside
_PERCENTILES = (1.0, 99.0)
_MAX_LOG_RATIO = 0.7  # proportions twice as broad, or half


@dataclass(frozen=True, eq=False)
class RegionStack:
    """The regions of one hand.

    Parameters
    ----------
    names : tuple of str
        Of the sites; ``hand`` and ``whole`` for what :func:`crop_hand` and :func:`crop_whole` cut.
    pixels : ndarray of float32, shape (n_regions, side, side)
        Grey values, the 1st percentile at 0 and the 99th at 1, clipped; rows run from distal to proximal.
        Zeros for a missing region.
    present : ndarray of bool, shape (n_regions,)
    frames : tuple of Frame or None
        From each region's pixels to the pixels of the original file; ``None`` for a missing region.
    """

    names: tuple[str, ...]
    pixels: NDArray[np.float32]
    present: NDArray[np.bool_]
    frames: tuple[Frame | None, ...]

    def __post_init__(self) -> None:
        n = len(self.names)
        if self.pixels.shape[:1] != (n,) or self.pixels.ndim != 3 or self.pixels.dtype != np.float32:
            raise ValueError(f"pixels must be float32 of shape ({n}, side, side), got {self.pixels.shape}")
        if self.present.shape != (n,) or len(self.frames) != n:
            raise ValueError(f"present and frames must have {n} entries")
        if not np.isfinite(self.pixels).all():
            raise ValueError("pixels must be finite")
        if any((frame is not None) != there for frame, there in zip(self.frames, self.present, strict=True)):
            raise ValueError("a region has a frame if it is present, and only then")


def crop_regions(
    scan: Scan, points: Points, sites: Sequence[Site], *, side: int, mirrored: bool = False
) -> RegionStack:
    """Crop the region of each site, turned so that the bone's distal end is up.

    1. Bring the landmarks to true proportions.
    2. For each site with all its landmarks: axis, size and centre of the square.
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
        If the scan is not 2D, or the points lack a landmark name that a site needs.
    """
    if scan.ndim != 2:
        raise ValueError(f"regions are cropped from 2D scans, got {scan.ndim}D")
    to_original = scan.frame_to_original()
    to_true = scan.frame_to_true()
    place = dict(zip(points.names, to_true.compose(to_original.inverse()).apply(points.positions), strict=True))
    pixels = np.zeros((len(sites), side, side), np.float32)
    frames: list[Frame | None] = []
    for k, site in enumerate(sites):
        absent = [name for name in site.landmark_names if name not in place]
        if absent:
            raise ValueError(f"region {site.name} needs the landmark {absent[0]}, which the points lack")
        square = _square(site, place, side, mirrored)
        to_crop = square.compose(to_true) if square else None
        if to_crop is None or _part_inside(to_crop, scan.pixels.shape, side) < _INSIDE:
            frames.append(None)
            continue
        pixels[k] = _stretch(resample(scan.pixels, to_crop, (side, side)))
        frames.append(to_original.compose(to_crop.inverse()))
    present = np.array([frame is not None for frame in frames])
    return RegionStack(tuple(site.name for site in sites), pixels, present, tuple(frames))


def crop_hand(scan: Scan, points: Points, reference: Points, *, side: int, mirrored: bool = False) -> RegionStack:
    """Crop the hand as one region, laid upon a reference: turned, scaled and mirrored back as a whole.

    The square holds the reference's landmarks with a margin. The region is missing if fewer than two landmarks are
    there, they coincide, or less than three tenths of it lie in the image.

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
    to_original = scan.frame_to_original()
    try:
        to_reference = fit_similarity(placed, reference.positions).compose(to_flipped)
    except NoSimilarity:
        return _one_region("hand", None, side)
    linear = np.eye(2) * side / ((1 + 2 * _MARGIN) * shape_extent(reference.positions))
    square = Frame.from_linear(linear, (side - 1) / 2 - linear @ shape_centre(reference.positions))
    to_crop = square.compose(to_reference)
    if _part_inside(to_crop, scan.pixels.shape, side) < _HAND_INSIDE:
        return _one_region("hand", None, side)
    picture = _stretch(resample(scan.pixels, to_crop, (side, side)))
    return _one_region("hand", picture, side, to_original.compose(to_crop.inverse()))


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
        If the points lack a landmark name of the reference.
    """
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
    """
    if max(scan.pixels.shape) <= side:
        return scan
    rows, columns = (((np.arange(side) + 0.5) * n / side).astype(int) for n in scan.pixels.shape)
    spacing = scan.true_size / side
    return dataclasses.replace(scan, pixels=scan.pixels[np.ix_(rows, columns)], spacing=tuple(map(float, spacing)))


def crop_whole(scan: Scan, *, side: int) -> RegionStack:
    """Squash the whole image into a square, as one region; nothing needs to be found in it.

    The aspect is lost: a file that was squashed to a square before gives the same region as its original.
    """
    to_crop = Frame.resize(scan.pixels.shape, (side, side))
    picture = _stretch(resample(scan.pixels, to_crop, (side, side)))
    return _one_region("whole", picture, side, scan.frame_to_original().compose(to_crop.inverse()))


def crop_again(scan: Scan, stack: RegionStack, side: int) -> RegionStack:
    """Crop the regions of a stack from its scan once more, in another size: the same fields, stretched the same way.

    Parameters
    ----------
    scan : Scan
        The stack's frames lead to the pixels of its original.
    stack : RegionStack
    side : int
        Of the new crops in pixels.
    """
    to_old = Frame.resize((side, side), stack.pixels.shape[1:])
    frames = tuple(frame and frame.compose(to_old) for frame in stack.frames)
    pixels = np.zeros((len(frames), side, side), np.float32)
    for k, frame in enumerate(frames):
        if frame is not None:
            to_crop = frame.inverse().compose(scan.frame_to_original())
            pixels[k] = _stretch(resample(scan.pixels, to_crop, (side, side)))
    return RegionStack(stack.names, pixels, stack.present, frames)


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
        raise ValueError(f"the hand is laid upon the landmark {absent[0]}, which the points lack")
    to_flipped = mirror(2).compose(scan.frame_to_true()) if mirrored else scan.frame_to_true()
    to_place = to_flipped.compose(scan.frame_to_original().inverse())
    return to_place.apply(points.select(reference.names).positions), to_flipped


def _one_region(name: str, picture: NDArray[np.float32] | None, side: int, frame: Frame | None = None) -> RegionStack:
    pixels = np.zeros((1, side, side), np.float32) if picture is None else picture[None]
    return RegionStack((name,), pixels, np.array([frame is not None]), (frame,))


def _square(site: Site, place: dict[str, Array], side: int, mirrored: bool) -> Frame | None:
    """Return the map from true proportions to the region's pixels; ``None`` if the landmarks give none."""
    centre = _mean(site.centre, place)
    axis = _mean(site.distal, place) - (_mean(site.proximal, place) if site.proximal else centre)
    if site.across:
        line = place[site.across[1]] - place[site.across[0]]
        axis = axis - (axis @ line) / max(float(line @ line), 1e-12) * line
    length = float(np.linalg.norm(place[site.length[1]] - place[site.length[0]]))
    norm = float(np.linalg.norm(axis))
    if not (np.isfinite(centre).all() and norm > 1e-9 and np.isfinite(norm) and length > 1e-9 and np.isfinite(length)):
        return None
    up_row, up_col = axis / norm
    turn = np.array([[-up_row, -up_col], [up_col, -up_row]])  # takes the axis to (-1, 0): up
    if mirrored:
        turn[1] *= -1
    linear = turn * (side / (site.size * length))
    middle = centre + axis / norm * (site.shift * length)
    return Frame.from_linear(linear, (side - 1) / 2 - linear @ middle)


def _mean(names: Sequence[str], place: dict[str, Array]) -> Array:
    return np.asarray(np.mean([place[name] for name in names], axis=0))


def _part_inside(to_crop: Frame, shape: tuple[int, ...], side: int) -> float:
    ticks = np.linspace(0, side - 1, 9)
    grid = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
    source = to_crop.inverse().apply(grid)
    return float(((source >= -0.5) & (source <= np.array(shape) - 0.5)).all(axis=1).mean())


def _stretch(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.percentile(picture, _PERCENTILES)
    return np.asarray(np.clip((picture - low) / max(float(high - low), 1e-6), 0.0, 1.0), dtype=np.float32)
