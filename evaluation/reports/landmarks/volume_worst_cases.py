"""Pictures of single landmarks of volumes: three slices through the truth, with the estimate and the votes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from boneage.imaging import Scan
from boneage.landmarks import VoteMap
from boneage.pipeline.visualisation.annotations import draw_error
from boneage.pipeline.visualisation.colormap import stretch, tint
from boneage.pipeline.visualisation.panels import BACKGROUND, FAINT, TEXT, font
from boneage.pipeline.visualisation.projections import VIEWS, place_slice, project_votes, sample_slice
from boneage.pipeline.visualisation.volume_overlay import draw_scale, enlarge

Array = NDArray[np.float64]

SIDE = 280  # pixels of a slice
_GAP = 6
_CORNERS = {"coronal": (0, 0), "sagittal": (SIDE + _GAP, 0), "axial": (0, SIDE + _GAP)}  # share rows, or columns
_DIRECTIONS = ("in depth", "along", "across")  # planes, rows, columns, as seen in the coronal slice


def draw_volume_case(
    scan: Scan, true: Array, found: Array, *, side: float, votes: VoteMap | None = None
) -> Image.Image:
    """Draw the surroundings of one landmark: truth as a ring, estimate as a cross, an arrow from one to the other.

    The slices go through the truth; the estimate, and the votes in front of and behind a slice, are projected into it.

    Parameters
    ----------
    scan : Scan
        A volume.
    true, found : ndarray of shape (3,)
        In the original's voxels.
    side : float
        Of the field that is shown, in units of the spacing.
    votes : VoteMap, optional
        Laid over the pictures, the brighter where the votes agree better; scaled to its own maximum.
    """
    whole = Image.new("RGB", (2 * SIDE + _GAP, 2 * SIDE + _GAP), BACKGROUND)
    draw, in_mm = ImageDraw.Draw(whole), scan.spacing_unit == "mm"
    scale = SIDE / side
    for view, corner in _CORNERS.items():
        to_picture = place_slice(scan, view, _find_middle(scan, view, true, found), scale, SIDE)
        layer = None
        if votes is not None:
            layer = enlarge(project_votes(votes, to_picture, SIDE), (SIDE, SIDE))
        picture = tint(stretch(sample_slice(scan, to_picture, SIDE)), layer)
        whole.paste(draw_error(picture, *to_picture.apply(np.stack([true, found]))[:, 1:]), corner)
        x, y = corner
        draw.text((x + 6, y + 4), view, fill=TEXT, font=font(14), stroke_width=1, stroke_fill=BACKGROUND)
        if in_mm and view == "coronal":
            draw_scale(draw, (x + 8, y + SIDE - 8), scale, SIDE / 3)
    off = np.subtract(*scan.frame_from_original_to_true().apply(np.stack([found, true])))
    x, y = 2 * _GAP + SIDE, 2 * _GAP + SIDE
    draw.text((x + 12, y + 14), "from truth to estimate", fill=FAINT, font=font(16))
    for line, axis in enumerate((2, 1, 0)):
        text = f"{off[axis]:+.1f}{' mm' if in_mm else ''}"
        draw.text((x + 12, y + 48 + 28 * line), _DIRECTIONS[axis], fill=TEXT, font=font(16))
        draw.text((x + 190, y + 48 + 28 * line), text, fill=TEXT, font=font(16), anchor="ra")
    draw.text((x + 12, y + 150), "seen in the coronal slice:", fill=FAINT, font=font(14))
    draw.text((x + 12, y + 170), "+ is right, down, and behind", fill=FAINT, font=font(14))
    return whole


def _find_middle(scan: Scan, view: str, true: Array, found: Array) -> Array:
    """Return what is in the middle of a slice, in the original's voxels: between the two, as deep as the truth."""
    to_original = scan.frame_to_original()
    start, end = to_original.inverse().apply(np.stack([true, found]))
    middle, depth = (start + end) / 2, VIEWS[view][0]
    middle[depth] = start[depth]
    return np.asarray(to_original.apply(middle[None])[0])
