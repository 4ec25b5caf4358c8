"""Landmarks that nobody means: placeholders, fractions of the image's size, one hand on another scale than others."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import numpy as np

from boneage.imaging.annotations import LandmarkTable
from boneage.imaging.errors import InvalidTable
from boneage.imaging.points import Points
from boneage.imaging.shapes import NoSimilarity, align_to, compute_mean_shape, shape_centre

_PLACEHOLDERS = (0.0, -1.0)
_FEWEST_HANDS = 5
_SWAPPED = 0.7  # cosine of 45 degrees: nearer to swapped axes than to a hand mirrored or turned
_LEAST_FACTOR = 1.5  # hands differ in size and in how much of the image they fill: by less than this, mostly
_CENTRES_APART = 0.25  # of the image's size


def check_positions(table: LandmarkTable) -> None:
    """Check that landmarks in pixels are where something can be.

    Raises
    ------
    InvalidTable
        If several landmarks lie at (0, 0), or at (-1, -1), where other programs put those that are absent; or all
        landmarks of an image are fractions within 0..1, as positions relative to the image's size are.
    """
    if table.in_mm:
        return
    for value in _PLACEHOLDERS:
        counts = {id_: int((points.positions == value).all(axis=1).sum()) for id_, points in table.points.items()}
        first = next((id_ for id_, count in counts.items() if count), None)
        if sum(counts.values()) > 1:
            place = ", ".join(f"{value:g}" for _ in range(table.ndim))
            raise InvalidTable(
                table.path,
                f"{sum(counts.values())} landmarks lie at ({place}), first of the id {first}: is that how absent ones "
                "are marked? Leave their cells blank",
            )
    for id_, points in table.points.items():
        there = points.positions[points.present]
        if len(there) > 1 and (there >= 0).all() and (there <= 1).all() and (there % 1 != 0).any():
            raise InvalidTable(
                table.path,
                f"id {id_}: all of its landmarks lie within 0..1, as fractions of the image's size would: multiply "
                "them by its width and height in pixels",
            )


def check_axes(table: LandmarkTable, reference: Points) -> None:
    """Check that landmarks of radiographs do not lie as if x and y were swapped.

    The reference's landmarks, so swapped, are mirrored and lie on their side: hands do not, as a rule.

    Parameters
    ----------
    table : LandmarkTable
    reference : Points
        A shape that is known to be right, such as the mean shape of a localiser.

    Raises
    ------
    InvalidTable
        If those of more than half of the images do, of five or more.
    """
    if table.ndim != 2:
        return
    names = [name for name in reference.names if name in table.names]
    pattern = reference.select(names).positions
    n, swapped = 0, []
    for id_, points in table.points.items():
        with contextlib.suppress(NoSimilarity):
            aligned = align_to(points.select(names).positions, pattern)
            linear = aligned.frame.matrix[:2, :2] / aligned.frame.scale()
            n += 1
            if aligned.mirrored and linear[0, 1] + linear[1, 0] > 2 * _SWAPPED:
                swapped.append(id_)
    if len(swapped) > n / 2 and n >= _FEWEST_HANDS:
        raise InvalidTable(
            table.path,
            f"in {len(swapped)} of {n} images the landmarks lie on their side and mirrored, first of the id "
            f"{swapped[0]}: are x and y swapped?",
        )


def find_odd_scales(hands: Mapping[str, Points], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, float]:
    """Return the hands that seem to be annotated on another scale than the others, as in a resized copy.

    Such a hand is too small or too large in its image, and is where the others are once its positions are multiplied.
    A hand that is small in its picture is not: it becomes neither large nor central in that way.

    Parameters
    ----------
    hands : mapping of Points
        By id, in original pixels, all with the same names.
    shapes : mapping of tuple
        Of the originals, (rows, columns) or (planes, rows, columns), by id.

    Returns
    -------
    dict of float
        What to multiply the positions by, by id. Empty for fewer than five hands.
    """
    pattern = compute_mean_shape(list(hands.values()))
    if pattern is None:
        return {}
    centre = shape_centre(pattern.positions)
    sizes, centres = {}, {}
    for id_, points in hands.items():
        with contextlib.suppress(NoSimilarity):
            to_pattern = align_to(points.positions, pattern.positions).frame
            shape = np.array(shapes[id_], dtype=np.float64)
            sizes[id_] = 1 / (to_pattern.scale() * np.exp(np.log(shape).mean()))
            centres[id_] = to_pattern.inverse().apply(centre[None])[0] / shape
    if len(sizes) < _FEWEST_HANDS:
        return {}
    usual_size, usual_centre = np.median(list(sizes.values())), np.median(list(centres.values()), axis=0)
    factors = {id_: float(usual_size / size) for id_, size in sizes.items()}
    return {
        id_: factor
        for id_, factor in factors.items()
        if abs(np.log(factor)) > np.log(_LEAST_FACTOR)
        and (apart := np.abs(factor * centres[id_] - usual_centre).max()) < _CENTRES_APART
        and apart < np.abs(centres[id_] - usual_centre).max()
    }
