"""A local stage, from more than one start: candidates for each landmark, and the most plausible set of them."""

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

_ROUNDS = 3
_APART = 0.03  # a start nearer than this to another, in units of the shape's extent, is none of its own
_SAME = 0.005  # candidates nearer than this are one
_MOST_STARTS = 4  # new ones in a round
_STRAY = 0.4  # further from its place in the mean shape no landmark is looked for


@dataclass(frozen=True, eq=False)
class Candidate:
    """A place where a landmark may be, in reference coordinates; the height of the votes for it, and all of them."""

    position: Array
    height: float
    map: VoteMap


class CandidateSearch:
    """Gathers candidates in a view, and chooses among them.

    Parameters
    ----------
    stage : LocalStage
    view : View
    to_view : Frame
        From reference coordinates to the view's pixels.
    constellation : Constellation
    turn : callable
        Returns each landmark's frame, shape (n_landmarks, ndim, ndim), for positions in reference coordinates.
    n_peaks : int
        Largest number of candidates from one start.
    doubt : float
        Only landmarks whose votes are lower than this part of the median height, or that lie oddly, are looked for
        elsewhere.
    """

    def __init__(
        self,
        stage: LocalStage,
        view: View,
        to_view: Frame,
        constellation: PairwisePrior,
        turn: Callable[[Array], Array],
        *,
        n_peaks: int,
        doubt: float = math.inf,
    ) -> None:
        self._stage = stage
        self._levels = stage.normalise(view)
        self._turn_from = view.turn_from
        self._to_view = to_view
        self._from_view = to_view.inverse()
        self._constellation = constellation
        self._turn = turn
        self._n_peaks = n_peaks
        self._doubt = doubt

    def locate(self, positions: Array) -> tuple[Array, Array, tuple[VoteMap, ...]]:
        """Return the landmarks, in reference coordinates, with scores and vote maps.

        1. Let the neighbourhood of each landmark's first guess vote.
        2. Where other landmarks tell a place of a doubtful one that was not looked at yet, let that vote, too.
        3. Choose the most plausible set of all the peaks; again from 2 while there are new places.

        Parameters
        ----------
        positions : ndarray of shape (n_landmarks, ndim)
            First guesses.
        """
        n = len(positions)
        candidates: list[list[Candidate]] = [[] for _ in range(n)]
        starts: list[list[Array]] = [[] for _ in range(n)]
        heights = np.zeros(n)
        for _ in range(_ROUNDS):
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
        """Return landmarks and places that are still to be looked at."""
        if not starts[0]:
            return list(enumerate(positions))
        told = self._constellation.predict_from_anchors(positions)
        known = np.full((len(starts), max(map(len, starts)), positions.shape[1]), np.nan)
        for k, places in enumerate(starts):
            known[k, : len(places)] = places
        near = (np.linalg.norm(told[:, :, None] - known[:, None], axis=3) <= _APART).any(axis=2)
        astray = ~(np.linalg.norm(told - self._constellation.mean_shape[:, None], axis=2) <= _STRAY)  # or not told
        unseen = ~near & ~astray
        if self._doubt < math.inf:
            doubtful = (heights <= self._doubt * np.median(heights)) | self._constellation.find_outliers(positions)
            unseen &= doubtful[:, None]
        new: list[tuple[int, Array]] = []
        for k, t in np.argwhere(unseen).tolist():
            others = [place for other, place in new if other == k]
            if len(others) < _MOST_STARTS and not _is_near(told[k, t], others, _APART):
                new.append((k, told[k, t]))
        return new

    def _add_candidates(self, candidates: list[Candidate], k: int, start: Array, turn: Array) -> None:
        votes = self._stage.vote_near(self._levels, k, self._to_view.apply(start[None])[0], turn, self._n_peaks)
        for place, height in zip(self._from_view.apply(votes.positions), votes.heights, strict=True):
            if not _is_near(place, [candidate.position for candidate in candidates], _SAME):
                candidates.append(Candidate(place, float(height), votes.map))

    def _choose(self, candidates: list[list[Candidate]]) -> list[Candidate]:
        places = [np.stack([candidate.position for candidate in some]) for some in candidates]
        heights = [np.array([candidate.height for candidate in some]) for some in candidates]
        chosen = self._constellation.choose(places, heights)
        return [some[best] for some, best in zip(candidates, chosen, strict=True)]


def _is_near(place: Array, others: list[Array], distance: float) -> bool:
    return any(math.dist(place, other) <= distance for other in others)
