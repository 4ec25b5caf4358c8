"""Pictures of single landmarks: what was true, what was found, and where the votes fell."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from boneage.evaluation.metrics import Case
from boneage.evaluation.reports.landmarks.volume_worst_cases import draw_volume_case
from boneage.imaging import Frame, Points, Scan, UnreadableScan, measure_length, resample
from boneage.landmarks import ForestLocaliser, VoteMap
from boneage.pipeline.visualisation.annotations import draw_error
from boneage.pipeline.visualisation.colormap import stretch, tint

Array = NDArray[np.float64]

SIDE = 320  # pixels of a picture
_CONTEXT = 0.2  # of the anatomy's length, the side of the field that is shown
_ROOM = 1.7  # times the error, if that is more
_SAME = 1.0  # pixels; further from the estimate of the table, the model is another one


def draw_cases(
    cases: Sequence[Case],
    scan_of: Callable[[str], Scan],
    found: Mapping[str, Points],
    truth: Mapping[str, Points],
    localiser: ForestLocaliser | None = None,
) -> Iterator[tuple[Case, bytes]]:
    """Draw cases, as PNG files, in their order.

    Parameters
    ----------
    cases : sequence of Case
    scan_of : callable
        From an id to its scan; an image for which it raises KeyError or UnreadableScan is passed over.
    found, truth : mapping of Points
        By id, in original pixels.
    localiser : ForestLocaliser, optional
        To draw its vote maps; where it finds the landmark elsewhere than ``found`` says, the map is not that of the
        estimate and is left out.
    """
    votes_of: dict[str, Mapping[str, VoteMap]] = {}
    for case in cases:
        try:
            scan = scan_of(case.id)
        except (KeyError, UnreadableScan):
            continue
        if scan.ndim != truth[case.id].ndim:
            continue
        if localiser is not None and case.id not in votes_of:
            votes_of[case.id] = _vote(localiser, scan, found[case.id])
        picture = draw_case(
            scan,
            truth[case.id].position(case.landmark),
            found[case.id].position(case.landmark),
            length=measure_length(truth[case.id].mapped(_proportions_of(scan))),
            votes=votes_of.get(case.id, {}).get(case.landmark),
        )
        file = io.BytesIO()
        picture.save(file, "PNG", optimize=True)
        yield case, file.getvalue()


def draw_case(scan: Scan, true: Array, found: Array, *, length: float, votes: VoteMap | None = None) -> Image.Image:
    """Draw the surroundings of one landmark: truth as a ring, estimate as a cross, an arrow from one to the other.

    Of a volume, in three slices; see :func:`~boneage.evaluation.reports.landmarks.volume_worst_cases.draw_volume_case`.

    Parameters
    ----------
    scan : Scan
    true, found : ndarray of shape (ndim,)
        In original pixels.
    length : float
        Of the anatomy: a fifth of it is shown, or more if that does not hold both. In original pixels of a radiograph,
        in units of a volume's spacing.
    votes : VoteMap, optional
        Laid over the picture, the brighter where the votes agree better; scaled to its own maximum.
    """
    error = float(np.linalg.norm(np.diff(_proportions_of(scan).apply(np.stack([true, found])), axis=0)))
    side = float(np.nanmax([_CONTEXT * length, _ROOM * error, 8.0]))
    if scan.ndim == 3:
        return draw_volume_case(scan, true, found, side=side, votes=votes)
    middle = (true + found) / 2
    scale = SIDE / side
    to_picture = Frame.from_linear(scale * np.eye(2), (SIDE - 1) / 2 - scale * middle)
    grey = stretch(resample(scan.pixels, to_picture.compose(scan.frame_to_original()), (SIDE, SIDE), fill=np.nan))
    layer = None
    if votes is not None:
        values = resample(votes.values, to_picture.compose(votes.to_map.inverse()), (SIDE, SIDE), fill=0.0)
        layer = values / np.float32(max(float(votes.values.max()), 1e-9))
    return draw_error(tint(grey, layer), *to_picture.apply(np.stack([true, found])))


def _proportions_of(scan: Scan) -> Frame:
    """Return the map from original pixels to the proportions that a picture has: a radiograph's own."""
    return scan.frame_from_original_to_true() if scan.ndim == 3 else Frame.identity(2)


def _vote(localiser: ForestLocaliser, scan: Scan, found: Points) -> dict[str, VoteMap]:
    located = localiser.find(scan)
    points, votes = located.points, located.votes
    return {
        name: vote
        for name, place, vote in zip(points.names, points.positions, votes, strict=bool(votes))
        if name in found.names and np.linalg.norm(place - found.position(name)) < _SAME
    }
