"""The candidates for each landmark in a local stage's view of a scan, and the most plausible set of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.search_settings import CandidateSettings
from boneage.landmarks.stages import LocalStage
from boneage.landmarks.views import Bounds, draw_close_view
from boneage.landmarks.voting import VoteMap

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A peak of the votes for a landmark.

    Parameters
    ----------
    position : ndarray of shape (ndim,)
        In reference coordinates.
    height : float
        Of the peak, relative to full agreement.
    map : VoteMap
        The votes; its frame leads from the scan's pixels.
    """

    position: Array
    height: float
    map: VoteMap


class LocalView:
    """What a local stage sees of a part of a scan in a pose. All places are in reference coordinates."""

    def __init__(self, stage: LocalStage, scan: Scan, pose: Frame, bounds: Bounds) -> None:
        self._stage, self._view = stage, draw_close_view(scan, pose, bounds, stage.stage.resolution)
        self._levels = stage.normalise(self._view)
        self._to_view = self._view.to_view.compose(pose.inverse())

    def vote(self, k: int, start: Array, turn: Array, n_peaks: int = 1, min_peak_ratio: float = 0.0) -> list[Candidate]:
        """Return the peaks of the votes for landmark ``k`` around a start, highest first; ``turn`` is its local frame.

        See :meth:`~boneage.landmarks.stages.LocalStage.vote_near`.
        """
        place, turn = self._to_view.apply(start[None])[0], self._view.turn_from(turn)
        votes = self._stage.vote_near(self._levels, k, place, turn, n_peaks, min_peak_ratio)
        in_scan = replace(votes.map, to_map=votes.map.to_map.compose(self._view.to_view))
        positions = self._to_view.inverse().apply(votes.positions)
        return [
            Candidate(place, float(height), in_scan) for place, height in zip(positions, votes.heights, strict=True)
        ]

    def ask_trees(self, k: int, start: Array, turn: Array) -> Array:
        """Return where the votes of each tree alone for landmark ``k`` peak, shape (n_trees, ndim).

        See :meth:`~boneage.landmarks.stages.LocalStage.ask_trees`.
        """
        place, turn = self._to_view.apply(start[None])[0], self._view.turn_from(turn)
        return self._to_view.inverse().apply(self._stage.ask_trees(self._levels, k, place, turn))


def find_most_plausible(
    view: LocalView,
    starts: Array,
    further: Sequence[Array],
    turns: Array,
    prior: PairwisePrior,
    settings: CandidateSettings,
) -> list[Candidate]:
    """Return the candidate of each landmark that belongs to the most plausible set.

    Votes from one start may miss a landmark, or peak at its like on the next finger.

    1. Let the neighbourhoods of each landmark's starts vote; the peaks of the votes are its candidates.
    2. Choose the most plausible set of candidates, and predict each landmark from the others in it.
    3. The predictions that lie apart from the starts are further starts: their votes add candidates.
    4. Choose again.

    Parameters
    ----------
    view : LocalView
    starts : ndarray of shape (n_landmarks, ndim)
    further : sequence of ndarray of shape (n, ndim)
        Further starts of each landmark, or of none; those near another one are left out.
    turns : ndarray of shape (n_landmarks, ndim, ndim)
        Each landmark's local frame.
    prior : PairwisePrior
    settings : CandidateSettings
    """
    n_peaks = settings.n_peaks if len(prior.pairs) else 1
    tried: list[list[Array]] = [[] for _ in starts]
    candidates: list[list[Candidate]] = [[] for _ in starts]

    def add(k: int, start: Array, turn: Array) -> None:
        if not _is_near(start, tried[k], settings.min_start_distance):
            tried[k].append(start)
            for peak in view.vote(k, start, turn, n_peaks, settings.min_peak_ratio):
                if not _is_near(peak.position, [other.position for other in candidates[k]], settings.min_distance):
                    candidates[k].append(peak)

    for k, start in enumerate(starts):
        for place in (start, *(further[k] if further else ())):
            add(k, place, turns[k])
    predicted, linear = prior.predict_from_anchors(np.stack([c.position for c in _choose(candidates, prior)]))
    distances = np.linalg.norm(predicted - prior.mean_shape[:, None], axis=2)  # NaN without a prediction
    most = [len(places) + settings.max_new_starts for places in tried]
    for k, t in np.argwhere(distances <= settings.max_start_distance).tolist():
        if len(tried[k]) < most[k]:
            add(k, predicted[k, t], np.linalg.inv(linear[k, t]))
    return _choose(candidates, prior)


def _choose(candidates: Sequence[Sequence[Candidate]], prior: PairwisePrior) -> list[Candidate]:
    places = [np.stack([candidate.position for candidate in of_landmark]) for of_landmark in candidates]
    heights = [np.array([candidate.height for candidate in of_landmark]) for of_landmark in candidates]
    return [of_landmark[best] for of_landmark, best in zip(candidates, prior.choose(places, heights), strict=True)]


def _is_near(place: Array, others: Sequence[Array], distance: float) -> bool:
    return any(math.dist(place, other) <= distance for other in others)
