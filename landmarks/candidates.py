"""A local stage from several starts: candidates for each landmark, and the most plausible set of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.stages import LocalStage
from boneage.landmarks.views import View
from boneage.landmarks.voting import VoteMap

Array = NDArray[np.float64]

_N_ROUNDS = 3
_MIN_START_DISTANCE = 0.03  # between two starts, in units of the shape's extent
_MIN_CANDIDATE_DISTANCE = 0.005  # between two candidates
_MAX_NEW_STARTS = 4  # of a landmark in a round
_MAX_DISTANCE = 0.4  # of a start from the landmark's place in the mean shape


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
        The votes; its frame leads from the view's pixels.
    """

    position: Array
    height: float
    map: VoteMap


class CandidateSearch:
    """Finds the candidates of each landmark in a view, and chooses the most plausible set of them.

    Votes from one start may miss a landmark, or peak at its like on the next finger. So a landmark's place is also
    predicted from sets of other landmarks, and the votes around the predictions add candidates; a pairwise prior of the
    landmarks' offsets chooses among all of them.

    Parameters
    ----------
    stage : LocalStage
    view : View
    to_view : Frame
        From reference coordinates to the view's pixels.
    prior : PairwisePrior
    turn : callable
        Returns each landmark's local frame, shape (n_landmarks, ndim, ndim), for positions in reference coordinates.
    n_peaks : int
        Largest number of candidates from one start.
    doubtful_height : float
        Only outliers, and landmarks whose votes are lower than this part of the median height, get further starts.
    """

    def __init__(
        self,
        stage: LocalStage,
        view: View,
        to_view: Frame,
        prior: PairwisePrior,
        turn: Callable[[Array], Array],
        *,
        n_peaks: int,
        doubtful_height: float = math.inf,
    ) -> None:
        self._stage = stage
        self._levels = stage.normalise(view)
        self._turn_from = view.turn_from
        self._to_view = to_view
        self._from_view = to_view.inverse()
        self._prior = prior
        self._turn = turn
        self._n_peaks = n_peaks
        self._doubtful_height = doubtful_height

    def locate(self, positions: Array) -> tuple[Array, Array, tuple[VoteMap, ...]]:
        """Return the landmarks, in reference coordinates, with scores and vote maps.

        1. Let the neighbourhood of each landmark's start vote; the peaks of the votes are its candidates.
        2. Choose the most plausible set of candidates.
        3. Predict the places of doubtful landmarks from the others. The predictions that lie apart from all starts so
           far are further starts: back to 1, at most twice.

        Parameters
        ----------
        positions : ndarray of shape (n_landmarks, ndim)
            The first starts.
        """
        n = len(positions)
        candidates: list[list[Candidate]] = [[] for _ in range(n)]
        starts: list[list[Array]] = [[] for _ in range(n)]
        heights = np.zeros(n)
        for _ in range(_N_ROUNDS):
            new = self._find_starts(positions, heights, starts)
            if not new:
                break
            turns = self._turn_from(self._turn(positions))
            for k, start in new:
                starts[k].append(start)
                self._add_candidates(candidates[k], k, start, turns[k])
            chosen = self._choose(candidates)
            positions = np.stack([candidate.position for candidate in chosen])
            heights = np.array([candidate.height for candidate in chosen])
        return positions, heights, tuple(candidate.map for candidate in chosen)

    def _find_starts(self, positions: Array, heights: Array, starts: list[list[Array]]) -> list[tuple[int, Array]]:
        """Return the numbers of landmarks, and places around which no votes were cast for them yet."""
        if not starts[0]:
            return list(enumerate(positions))
        predicted = self._prior.predict_from_anchors(positions)
        tried = np.full((len(starts), max(map(len, starts)), positions.shape[1]), np.nan)
        for k, places in enumerate(starts):
            tried[k, : len(places)] = places
        near = (np.linalg.norm(predicted[:, :, None] - tried[:, None], axis=3) <= _MIN_START_DISTANCE).any(axis=2)
        distances = np.linalg.norm(predicted - self._prior.mean_shape[:, None], axis=2)  # NaN without a prediction
        new_place = ~near & (distances <= _MAX_DISTANCE)
        if self._doubtful_height < math.inf:
            doubtful = (heights <= self._doubtful_height * np.median(heights)) | self._prior.find_outliers(positions)
            new_place &= doubtful[:, None]
        new: list[tuple[int, Array]] = []
        for k, t in np.argwhere(new_place).tolist():
            others = [place for other, place in new if other == k]
            if len(others) < _MAX_NEW_STARTS and not _is_near(predicted[k, t], others, _MIN_START_DISTANCE):
                new.append((k, predicted[k, t]))
        return new

    def _add_candidates(self, candidates: list[Candidate], k: int, start: Array, turn: Array) -> None:
        """Add the peaks of the votes around a start to the candidates of landmark ``k``."""
        votes = self._stage.vote_near(self._levels, k, self._to_view.apply(start[None])[0], turn, self._n_peaks)
        for place, height in zip(self._from_view.apply(votes.positions), votes.heights, strict=True):
            if not _is_near(place, [candidate.position for candidate in candidates], _MIN_CANDIDATE_DISTANCE):
                candidates.append(Candidate(place, float(height), votes.map))

    def _choose(self, candidates: list[list[Candidate]]) -> list[Candidate]:
        """Return the candidate of each landmark that belongs to the most plausible set."""
        places = [np.stack([candidate.position for candidate in of_landmark]) for of_landmark in candidates]
        heights = [np.array([candidate.height for candidate in of_landmark]) for of_landmark in candidates]
        chosen = self._prior.choose(places, heights)
        return [of_landmark[best] for of_landmark, best in zip(candidates, chosen, strict=True)]


def _is_near(place: Array, others: list[Array], distance: float) -> bool:
    return any(math.dist(place, other) <= distance for other in others)
