"""A local stage from several starts: candidates for each landmark, and the most plausible set of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.search_settings import CandidateSettings
from boneage.landmarks.stages import LocalStage
from boneage.landmarks.views import View
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
        The votes; its frame leads from the view's pixels.
    """

    position: Array
    height: float
    map: VoteMap


class Start(NamedTuple):
    """Where the votes for a landmark are cast, in reference coordinates, and the local frame of the patch there."""

    landmark: int
    place: Array
    turn: Array


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
    settings : CandidateSettings
    first : bool
        Whether it is the first local stage, in which every landmark gets further starts and all peaks of the votes are
        candidates. In a later one, which has a finer view, the highest peak is, and only outliers and landmarks of few
        votes get further starts.
    """

    def __init__(
        self,
        stage: LocalStage,
        view: View,
        to_view: Frame,
        prior: PairwisePrior,
        turn: Callable[[Array], Array],
        settings: CandidateSettings,
        first: bool,
    ) -> None:
        self._stage = stage
        self._levels = stage.normalise(view)
        self._turn_from = view.turn_from
        self._to_view = to_view
        self._from_view = to_view.inverse()
        self._prior = prior
        self._turn = turn
        self._settings = settings
        self._first = first

    def locate(self, positions: Array, further: Sequence[Array] = ()) -> tuple[Array, Array, tuple[VoteMap, ...]]:
        """Return the landmarks, in reference coordinates, with scores and vote maps.

        1. Let the neighbourhood of each landmark's start vote; the peaks of the votes are its candidates.
        2. Choose the most plausible set of candidates.
        3. Predict the places of doubtful landmarks from the others. The predictions that lie apart from all starts so
           far are further starts: back to 1, at most twice.

        Parameters
        ----------
        positions : ndarray of shape (n_landmarks, ndim)
            The first starts.
        further : sequence of ndarray of shape (n, ndim), optional
            Further starts of each landmark; those near another one are left out.
        """
        n = len(positions)
        candidates: list[list[Candidate]] = [[] for _ in range(n)]
        tried: list[list[Array]] = [[] for _ in range(n)]
        turns = self._turn(positions)
        new = [Start(k, place, turns[k]) for k, place in enumerate(positions)]
        new += self._list_further(positions, further, turns)
        for _ in range(self._settings.n_rounds):
            for start in new:
                tried[start.landmark].append(start.place)
                self._add_candidates(candidates[start.landmark], start)
            chosen = self._choose(candidates)
            positions = np.stack([candidate.position for candidate in chosen])
            heights = np.array([candidate.height for candidate in chosen])
            new = self._find_starts(positions, heights, tried)
            if not new:
                break
        return positions, heights, tuple(candidate.map for candidate in chosen)

    def _list_further(self, positions: Array, further: Sequence[Array], turns: Array) -> list[Start]:
        """Return those of the further starts that lie apart from others."""
        new: list[Start] = []
        for k, places in enumerate(further):
            known = [positions[k]]
            for place in places:
                if not _is_near(place, known, self._settings.min_start_distance):
                    known.append(place)
            new += [Start(k, place, turns[k]) for place in known[1:]]
        return new

    def _find_starts(self, positions: Array, heights: Array, tried: list[list[Array]]) -> list[Start]:
        """Return places that others predict for a landmark, around which no votes were cast yet."""
        s = self._settings
        predicted, linear = self._prior.predict_from_anchors(positions)
        distances = np.linalg.norm(predicted - self._prior.mean_shape[:, None], axis=2)  # NaN without a prediction
        wanted = distances <= s.max_start_distance
        if not self._first:
            doubtful = (heights <= s.doubtful_height * np.median(heights)) | self._prior.find_outliers(positions)
            wanted &= doubtful[:, None]
        new: list[list[Start]] = [[] for _ in positions]
        for k, t in np.argwhere(wanted).tolist():
            near = _is_near(predicted[k, t], tried[k] + [start.place for start in new[k]], s.min_start_distance)
            if not near and len(new[k]) < s.max_new_starts:
                new[k].append(Start(k, predicted[k, t], np.linalg.inv(linear[k, t])))
        return list(itertools.chain.from_iterable(new))

    def _add_candidates(self, candidates: list[Candidate], start: Start) -> None:
        """Add the peaks of the votes around a start to the candidates of its landmark."""
        s = self._settings
        n_peaks = s.n_peaks if self._first and len(self._prior.pairs) else 1
        place, turn = self._to_view.apply(start.place[None])[0], self._turn_from(start.turn)
        votes = self._stage.vote_near(self._levels, start.landmark, place, turn, n_peaks, s.min_peak_ratio)
        for place, height in zip(self._from_view.apply(votes.positions), votes.heights, strict=True):
            if not _is_near(place, [candidate.position for candidate in candidates], s.min_distance):
                candidates.append(Candidate(place, float(height), votes.map))

    def _choose(self, candidates: list[list[Candidate]]) -> list[Candidate]:
        """Return the candidate of each landmark that belongs to the most plausible set."""
        places = [np.stack([candidate.position for candidate in of_landmark]) for of_landmark in candidates]
        heights = [np.array([candidate.height for candidate in of_landmark]) for of_landmark in candidates]
        chosen = self._prior.choose(places, heights)
        return [of_landmark[best] for of_landmark, best in zip(candidates, chosen, strict=True)]


def _is_near(place: Array, others: list[Array], distance: float) -> bool:
    return any(math.dist(place, other) <= distance for other in others)
