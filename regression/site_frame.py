"""The frame of a site: from a hand in true proportions to the pixels of the site's region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame
from boneage.regression.sites import Site

Array = NDArray[np.float64]

_LEAST_LENGTH = 1e-9  # landmarks that are closer coincide


def fit_site_frame(site: Site, positions: Mapping[str, Array], side: int, mirrored: bool) -> Frame | None:
    """Return the map from true proportions to the region's pixels.

    1. The bone's axis, from its proximal to its distal landmarks or across a line; its length; the region's middle.
    2. The rotation that takes the axis up and, in a volume, the lateral landmarks along the columns.
    3. The scale at which the region has ``side`` pixels.

    Parameters
    ----------
    site : Site
    positions : mapping of str to ndarray of shape (ndim,)
        Of the landmarks, in true proportions; NaN for an absent one.
    side : int
        Side of the region in pixels.
    mirrored : bool
        Whether the hand is a mirror image; the region is then mirrored back.

    Returns
    -------
    Frame or None
        ``None`` if a landmark is absent or landmarks coincide.
    """
    centre = _mean(site.centre, positions)
    axis = _mean(site.distal, positions) - (_mean(site.proximal, positions) if site.proximal else centre)
    if site.across:
        axis = _perpendicular(axis, positions[site.across[1]] - positions[site.across[0]])
    length = float(np.linalg.norm(positions[site.length[1]] - positions[site.length[0]]))
    norm = float(np.linalg.norm(axis))
    if not (np.isfinite(centre).all() and _is_length(norm) and _is_length(length)):
        return None
    up = axis / norm
    if site.lateral:
        lateral = _perpendicular(positions[site.lateral[1]] - positions[site.lateral[0]], up)
        if not np.linalg.norm(lateral) > _LEAST_LENGTH:
            return None
        rotation = _rotation_in_volume(up, lateral / np.linalg.norm(lateral), mirrored)
    else:
        rotation = _rotation_in_picture(up, mirrored)
    linear = rotation * (side / (site.size * length))
    middle = centre + up * (site.shift * length)
    return Frame.from_linear(linear, (side - 1) / 2 - linear @ middle)


def _is_length(value: float) -> bool:
    return value > _LEAST_LENGTH and bool(np.isfinite(value))


def _mean(names: Sequence[str], positions: Mapping[str, Array]) -> Array:
    return np.asarray(np.mean([positions[name] for name in names], axis=0))


def _perpendicular(direction: Array, line: Array) -> Array:
    """Return the component of a direction at right angles to a line."""
    return np.asarray(direction - (direction @ line) / max(float(line @ line), 1e-12) * line)


def _rotation_in_picture(up: Array, mirrored: bool) -> Array:
    """Return the rotation that takes a direction up, to (-1, 0); for a mirrored hand, one that mirrors it back."""
    rotation = np.array([[-up[0], -up[1]], [up[1], -up[0]]])
    if mirrored:
        rotation[1] *= -1
    return rotation


def _rotation_in_volume(up: Array, lateral: Array, mirrored: bool) -> Array:
    """Return the rotation that takes one direction up, another along the columns.

    Both are the same in a mirrored hand. It differs in depth, and is mirrored back by reversing the depth.
    """
    depth = np.cross(-up, lateral)
    return np.stack([-depth if mirrored else depth, -up, lateral])
