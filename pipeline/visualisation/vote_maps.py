"""Vote maps, where a localiser's votes fell: drawn over the picture, and written to files."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from boneage.imaging import Points, Scan, resample
from boneage.landmarks import VoteMap
from boneage.pipeline.visualisation.annotations import draw_points
from boneage.pipeline.visualisation.colormap import tint
from boneage.pipeline.visualisation.overlay import draw_scan
from boneage.pipeline.visualisation.volume_overlay import draw_volume


def pack_votes(names: Sequence[str], votes: Sequence[VoteMap]) -> bytes:
    """Return vote maps as an ``.npz`` file that opens without pickle.

    Parameters
    ----------
    names : sequence of str
        The landmarks, as many as maps.
    votes : sequence of VoteMap
        May be empty: no pose was found.

    Returns
    -------
    bytes
        ``names`` str, shape (n,); ``maps`` float16, shape (n, rows, columns) (planes first in 3D), smaller maps filled
        up with 0 at their ends; ``to_map`` float64, shape (n, ndim + 1, ndim + 1), homogeneous matrices from (row,
        column) in original pixels to (row, column) in the map.
    """
    if len(votes) not in (0, len(names)):
        raise ValueError(f"need a map for each of {len(names)} landmarks, got {len(votes)}")
    ndim = votes[0].values.ndim if votes else 2
    shape = np.max([vote.values.shape for vote in votes], axis=0) if votes else (0,) * ndim
    maps = np.zeros((len(votes), *shape), np.float16)
    for place, vote in zip(maps, votes, strict=True):
        place[tuple(slice(n) for n in vote.values.shape)] = vote.values
    matrices = np.array([vote.to_map.matrix for vote in votes]).reshape(-1, ndim + 1, ndim + 1)
    file = io.BytesIO()
    np.savez_compressed(file, names=np.array(names[: len(votes)], dtype=np.str_), maps=maps, to_map=matrices)
    return file.getvalue()


def draw_votes(scan: Scan, points: Points, votes: Sequence[VoteMap]) -> Image.Image:
    """Draw a hand with the vote maps of all landmarks over it, and the landmarks found.

    Where maps overlap the higher one shows; the brighter, the better the votes agree, relative to the best of them. Of
    a volume, there are slices through each landmark too, with its own map relative to its peak.
    """
    if scan.ndim == 3:
        return draw_volume(scan, points, votes=votes)
    picture, to_picture = draw_scan(scan)
    grey = np.asarray(picture.convert("L"), np.float32) / np.float32(255)
    layer = np.zeros(grey.shape, np.float32)
    for vote in votes:
        values = resample(vote.values, to_picture.compose(vote.to_map.inverse()), grey.shape, fill=0.0)
        layer = np.maximum(layer, values)
    tinted = tint(grey, layer / np.float32(max(float(layer.max()), 1e-9)))
    draw_points(ImageDraw.Draw(tinted), points, to_picture)
    return tinted
