"""Crops of a hand: squares or cubes around ossification sites, around the hand, or the whole image as one region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, NoSimilarity, Points, Scan, resample
from boneage.imaging.errors import InvalidInput
from boneage.imaging.shapes import fit_similarity, shape_centre, shape_extent, shape_sides
from boneage.regression.proportions import to_reference_side
from boneage.regression.region_stack import RegionStack, normalise_grey
from boneage.regression.site_frame import fit_site_frame
from boneage.regression.sites import Site

Array = NDArray[np.float64]

_INSIDE = 0.5  # part of a region that must lie in the image
_HAND_INSIDE = 0.3  # ... of the hand's: in a radiograph that ends at the fingers' sides, it is a good half
_MAX_STRETCH = 2.0  # of a hand that is to fill its region
_MARGIN = 0.1  # of the landmarks' extent, around them on each side: fingertips and soft tissue lie outside


def crop_regions(
    scan: Scan, points: Points, sites: Sequence[Site], *, side: int, mirrored: bool = False
) -> RegionStack:
    """Crop the region of each site, rotated so that the bone's distal end is up.

    1. Bring the landmarks to true proportions.
    2. For each site with all its landmarks: axis, size and centre of the square or, in a volume, the cube, whose
       columns run to the side, at right angles to the axis.
    3. Resample the region and normalise its grey values.

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
        Whether the hand is a mirror image; its regions are then mirrored back.

    Raises
    ------
    InvalidInput
        If the sites are those of scans of another number of axes, or the points lack a landmark name that a site needs.
    """
    mismatched = [site.name for site in sites if site.ndim != scan.ndim]
    if mismatched:
        raise InvalidInput(f"region {mismatched[0]} cannot be cropped from a {scan.ndim}D scan")
    to_true = scan.frame_to_true()
    positions = dict(zip(points.names, scan.frame_from_original_to_true().apply(points.positions), strict=True))
    corners = np.zeros(scan.ndim), np.full(scan.ndim, side - 1.0)
    to_crops: list[Frame | None] = []
    for site in sites:
        absent = [name for name in site.landmark_names if name not in positions]
        if absent:
            raise InvalidInput(f"region {site.name} needs the landmark {absent[0]}, which the points lack")
        from_true = fit_site_frame(site, positions, side, mirrored)
        to_crop = from_true.compose(to_true) if from_true else None
        inside = to_crop is not None and _part_inside(to_crop, scan.pixels.shape, *corners) >= _INSIDE
        to_crops.append(to_crop if inside else None)
    return _resample_regions(scan, tuple(site.name for site in sites), to_crops, side)


def crop_hand(
    scan: Scan, points: Points, reference: Points, *, side: int, mirrored: bool = False, filled: bool = False
) -> RegionStack:
    """Crop the hand as one region, aligned to a reference: rotated, scaled and mirrored back as a whole.

    The square, or the cube in a volume, holds the reference's landmarks with a margin. The region is missing if fewer
    than two landmarks are present, they coincide, or less than three tenths of it (of a cube, of the part around the
    landmarks) lie in the image.

    Parameters
    ----------
    scan : Scan
    points : Points
        In original pixels.
    reference : Points
        The shape to align the hand to, for instance a mean shape, in any unit; upright.
    side : int
        Side of the crop in pixels.
    mirrored : bool
        Whether the hand is the mirror image of the reference.
    filled : bool
        Whether the region is stretched until the reference's landmarks fill it along both axes, at most to twice its
        breadth.

    Raises
    ------
    InvalidInput
        If the points lack a landmark name of the reference.
    """
    positions, to_side = to_reference_side(scan, points, reference, mirrored)
    try:
        to_reference = fit_similarity(positions, reference.positions).compose(to_side)
    except NoSimilarity:
        return _resample_regions(scan, ("hand",), [None], side)
    extent = shape_extent(reference.positions)
    sides = np.maximum(shape_sides(reference.positions), extent / (_MAX_STRETCH if filled else 1.0))
    linear = np.diag(side / ((1 + 2 * _MARGIN) * sides))
    square = Frame.from_linear(linear, (side - 1) / 2 - linear @ shape_centre(reference.positions))
    to_crop = square.compose(to_reference)
    corners = np.zeros(2), np.full(2, side - 1.0)
    if scan.ndim == 3:  # a hand is flat, and so is the field of view
        low, high = np.nanmin(reference.positions, axis=0), np.nanmax(reference.positions, axis=0)
        corners = square.apply(low[None])[0], square.apply(high[None])[0]
    inside = _part_inside(to_crop, scan.pixels.shape, *corners) >= _HAND_INSIDE
    return _resample_regions(scan, ("hand",), [to_crop if inside else None], side)


def crop_whole(scan: Scan, *, side: int) -> RegionStack:
    """Squash the whole image into a square, or a volume into a cube, as one region; it needs no landmarks.

    The aspect is lost: a file that was squashed to a square before gives the same region as its original.
    """
    return _resample_regions(scan, ("whole",), [Frame.resize(scan.pixels.shape, (side,) * scan.ndim)], side)


def recrop(scan: Scan, stack: RegionStack, side: int) -> RegionStack:
    """Crop the regions of a stack from its scan again, in another size: the same fields, normalised the same way.

    Parameters
    ----------
    scan : Scan
        The stack's frames lead to the pixels of its original.
    stack : RegionStack
    side : int
        Of the new crops in pixels.

    Raises
    ------
    InvalidInput
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
            pixels[k] = normalise_grey(resample(scan.pixels, to_crop, shape))
    return RegionStack(stack.names, pixels, stack.present, frames)


def _resample_regions(scan: Scan, names: tuple[str, ...], to_crops: Sequence[Frame | None], side: int) -> RegionStack:
    """Return the regions for the maps from the scan's pixels to theirs; ``None`` makes a missing region."""
    shape = (side,) * scan.ndim
    to_original = scan.frame_to_original()
    pixels = np.zeros((len(names), *shape), np.float32)
    frames: list[Frame | None] = []
    for k, to_crop in enumerate(to_crops):
        if to_crop is None:
            frames.append(None)
            continue
        pixels[k] = normalise_grey(resample(scan.pixels, to_crop, shape))
        frames.append(to_original.compose(to_crop.inverse()))
    return RegionStack(names, pixels, np.array([frame is not None for frame in frames]), tuple(frames))


def _part_inside(to_crop: Frame, shape: tuple[int, ...], low: Array, high: Array) -> float:
    """Return the part of a crop, between two corners of it, that lies in the image."""
    ticks = np.linspace(low, high, 9).T
    grid = np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1).reshape(-1, len(shape))
    source = to_crop.inverse().apply(grid)
    return float(((source >= -0.5) & (source <= np.array(shape) - 0.5)).all(axis=1).mean())
