"""The local stages, one after another, in a pose that was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan
from boneage.imaging.shapes import NoSimilarity, mirror
from boneage.landmarks.candidates import CandidateSearch
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.pose_search import PoseHypothesis
from boneage.landmarks.similarity import fit_local_frames, fit_similarity_robustly, perturb_pose
from boneage.landmarks.stages import LocalStage
from boneage.landmarks.views import Bounds, View, draw_close_view
from boneage.landmarks.voting import VoteMap

Array = NDArray[np.float64]

_N_PEAKS = 4  # of the votes from one start that the first stage chooses from
_DOUBT = 0.5  # votes of less than this part of the image's median height: the landmark may be elsewhere
_FAR = 0.25  # a coarse estimate further than this from its place in the mean shape is not built upon
_TOLERANCE = 0.07  # of the pose in which what was found is doubted, in units of the shape's extent
_TURNS = (-0.5, -0.25, 0.25, 0.5)  # from which it is looked for again, in radians
_LOG_SIZES = (-0.15, 0.15)
_N_BEST = 4  # poses that are mirrored, too, where it is not known which is right
_N_AGAIN = 3  # ... near which the first stage looks again
_N_ON = 2  # ... from which the later stages go on


@dataclass(frozen=True, eq=False)
class RefinedLandmarks:
    """What a local stage found.

    Parameters
    ----------
    pose : Frame
        From the scan's pixels to reference coordinates.
    positions : ndarray of shape (n_landmarks, ndim)
        In reference coordinates.
    scores : ndarray of shape (n_landmarks,)
    votes : tuple of VoteMap
        Their frames lead from the scan's pixels.
    """

    pose: Frame
    positions: Array
    scores: Array
    votes: tuple[VoteMap, ...]


class Refinement:
    """Looks at landmarks from close by.

    Parameters
    ----------
    stages : sequence of LocalStage
        At least one.
    mean_shape : ndarray of shape (n_landmarks, ndim)
    neighbours : ndarray of int, shape (n_landmarks, n_neighbours), or None
        What sets each landmark's own frame; without them it is that of the whole.
    constellation : Constellation or None
        Chooses among each stage's candidates.
    """

    def __init__(
        self,
        stages: Sequence[LocalStage],
        mean_shape: Array,
        neighbours: NDArray[np.int64] | None,
        constellation: PairwisePrior | None,
    ) -> None:
        self._stages = tuple(stages)
        self._shape = mean_shape
        self._neighbours = neighbours
        self._constellation = constellation

    def initial_positions(self, hypothesis: PoseHypothesis) -> Array:
        """Return where to begin: where the coarse votes peak, if that is near its place in the mean shape."""
        far = np.linalg.norm(hypothesis.positions - self._shape, axis=1) > _FAR
        return np.where(far[:, None], self._shape, hypothesis.positions)

    def score(self, scan: Scan, hypothesis: PoseHypothesis, bounds: Bounds) -> float:
        """Return the mean score of the first stage in a pose, without a choice among candidates."""
        stage = self._stages[0]
        view, to_view = _draw(stage, scan, hypothesis.pose, bounds)
        return float(self._vote(stage, view, to_view, self.initial_positions(hypothesis))[1].mean())

    def refine(
        self, scan: Scan, pose: Frame, positions: Array, bounds: Bounds, doubtful: float = 0.0
    ) -> RefinedLandmarks:
        """Find the landmarks, each stage beginning from where the one before found them.

        The first stage chooses among all the peaks of the votes; a later one, which sees more clearly, looks elsewhere
        for those that it finds little of.

        Parameters
        ----------
        scan : Scan
        pose : Frame
            From the scan's pixels to reference coordinates.
        positions : ndarray of shape (n_landmarks, ndim)
            Where to begin, in reference coordinates.
        bounds : Bounds
            What of the scan is looked at.
        doubtful : float
            If the first stage's mean score is lower, it begins again from the mean shape, in poses near that of what it
            found: one finger may have been taken for the next. Of both sets of landmarks, that which scores higher in
            the last stage is kept.

        Returns
        -------
        Found
            By the last stage, in the pose that was kept.
        """
        first = self._search(0, scan, pose, positions, bounds)
        found = self._go_on(scan, first, bounds)
        if self._constellation is not None and first.scores.mean() < doubtful:
            found = max(found, self._go_on(scan, self._look_again(scan, first, bounds), bounds), key=self._rate)
        return found

    def refine_best(
        self, scan: Scan, poses: Sequence[Frame], bounds: Bounds, *, lowest: float, may_mirror: bool
    ) -> RefinedLandmarks | None:
        """Find the landmarks where it is not known which pose is right; see :meth:`refine`.

        1. The first stage begins from the mean shape in each pose, and in the mirror images of the best if they may be.
        2. It looks again in poses near the best few, and then near the best two of these.
        3. The later stages go on from the two; that which scores higher in the first and the last is kept.

        Parameters
        ----------
        scan : Scan
        poses : sequence of Frame
            At least one.
        bounds : Bounds
        lowest : float
            Mean score of the first stage below which the anatomy is not in the scan.
        may_mirror : bool

        Returns
        -------
        Found or None
        """
        best = self._rank([self._begin(scan, pose, bounds) for pose in poses])[:_N_BEST]
        if may_mirror:
            best += [self._begin(scan, mirror(scan.ndim).compose(found.pose), bounds) for found in best]
        for few in (_N_AGAIN, _N_ON):
            best = self._rank(best)[:few]
            best = [max(found, self._look_again(scan, found, bounds), key=self._rate) for found in best]
        if max(map(self._rate, best)) < lowest:
            return None
        both = [(self._rate(first), self._go_on(scan, first, bounds)) for first in best]
        return max(both, key=lambda pair: pair[0] + self._rate(pair[1]))[1]

    def find_outliers(self, positions: Array) -> NDArray[np.bool_]:
        """Return which landmarks lie to the others as in no training scan; none, without a constellation."""
        if self._constellation is None:
            return np.zeros(len(positions), dtype=bool)
        return self._constellation.find_outliers(positions)

    def _search(self, number: int, scan: Scan, pose: Frame, positions: Array, bounds: Bounds) -> RefinedLandmarks:
        stage = self._stages[number]
        view, to_view = _draw(stage, scan, pose, bounds)
        if self._constellation is not None:
            n_peaks, doubt = (1, _DOUBT) if number else (_N_PEAKS, math.inf)
            search = CandidateSearch(
                stage, view, to_view, self._constellation, self._turn, n_peaks=n_peaks, doubt=doubt
            )
            found = search.locate(positions)
        else:
            found = self._vote(stage, view, to_view, positions)
        votes = tuple(replace(votes, to_map=votes.to_map.compose(view.to_view)) for votes in found[2])
        return RefinedLandmarks(pose, found[0], found[1], votes)

    def _go_on(self, scan: Scan, found: RefinedLandmarks, bounds: Bounds) -> RefinedLandmarks:
        """Return what the later stages make of what the first one found."""
        for number in range(1, len(self._stages)):
            found = self._search(number, scan, found.pose, found.positions, bounds)
        return found

    def _look_again(self, scan: Scan, found: RefinedLandmarks, bounds: Bounds) -> RefinedLandmarks:
        """Return the best of what the first stage finds in poses near that of what it found."""
        pose = self._lay(found).pose
        poses = [change.compose(pose) for change in perturb_pose(scan.ndim, _TURNS, _LOG_SIZES)]
        return max((self._begin(scan, near, bounds) for near in poses), key=self._rate)

    def _begin(self, scan: Scan, pose: Frame, bounds: Bounds) -> RefinedLandmarks:
        """Return what the first stage finds from the mean shape in a pose, laid upon the mean shape."""
        return self._lay(self._search(0, scan, pose, self._shape, bounds))

    def _rate(self, found: RefinedLandmarks) -> float:
        """Return the mean score; a landmark that lies oddly counts nothing."""
        return float((found.scores * ~self.find_outliers(found.positions)).mean())

    def _rank(self, found: Sequence[RefinedLandmarks]) -> list[RefinedLandmarks]:
        return sorted(found, key=self._rate, reverse=True)

    def _lay(self, found: RefinedLandmarks) -> RefinedLandmarks:
        """Return what was found, in the pose in which it lies upon the mean shape."""
        try:
            weights = np.ones(len(self._shape))
            correction, _ = fit_similarity_robustly(found.positions, self._shape, weights, _TOLERANCE)
        except NoSimilarity:
            return found
        return replace(found, pose=correction.compose(found.pose), positions=correction.apply(found.positions))

    def _vote(
        self, stage: LocalStage, view: View, to_view: Frame, positions: Array
    ) -> tuple[Array, Array, tuple[VoteMap, ...]]:
        found, scores, maps = stage.locate(view, to_view.apply(positions), self._turn(positions))
        return to_view.inverse().apply(found), scores, maps

    def _turn(self, positions: Array) -> Array:
        return fit_local_frames(positions, self._shape, self._neighbours)


def _draw(stage: LocalStage, scan: Scan, pose: Frame, bounds: Bounds) -> tuple[View, Frame]:
    """Return a stage's view of a scan, and the map to it from reference coordinates."""
    view = draw_close_view(scan, pose, bounds, stage.stage.resolution)
    return view, view.to_view.compose(pose.inverse())
