"""The local stages, one after another, in the pose that the search found."""

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

_N_PEAKS = 4  # of one start's votes, that become candidates in the first stage
_DOUBTFUL_HEIGHT = 0.5  # of the median height; a landmark whose votes are lower is searched for elsewhere, too
_MAX_COARSE_DISTANCE = 0.25  # of a coarse estimate from the mean shape, beyond which refinement starts from the latter
_TOLERANCE = 0.07  # residual of a pose fit, in units of the shape's extent, beyond which a landmark has little weight
_ROTATIONS_RAD = (-0.5, -0.25, 0.25, 0.5)  # of the poses near one, in which the first stage is restarted
_LOG_SIZES = (-0.15, 0.15)
_N_MIRRORED = 4  # best of several poses, whose mirror images are tried, too
_N_RESTARTED = (3, 2)  # best poses near which the first stage is restarted, in two rounds


@dataclass(frozen=True, eq=False)
class RefinedLandmarks:
    """The landmarks that a local stage found.

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
    """Refines landmarks by local votes and a prior of their offsets.

    A local stage has one forest a landmark, which votes from patches around a start, cropped in the landmark's local
    frame: coarse-to-fine regression voting as in [1]_. The peaks of the votes are candidates; a pairwise prior of the
    landmarks' offsets chooses among them, as in [2]_ (:class:`~boneage.landmarks.candidates.CandidateSearch`), so that
    a finger's joints are not taken for those of the next finger. Each stage starts where the one before ended.

    Parameters
    ----------
    stages : sequence of LocalStage
        At least one.
    mean_shape : ndarray of shape (n_landmarks, ndim)
    neighbours : ndarray of int, shape (n_landmarks, n_neighbours), or None
        The landmarks that determine each landmark's local frame; without them it is that of the whole.
    prior : PairwisePrior or None
        Chooses among each stage's candidates.

    References
    ----------
    .. [1] Ebner, Stern, Donner, Bischof, Urschler, "Towards automatic bone age estimation from MRI: localization of 3D
       anatomical landmarks", MICCAI 2014.
    .. [2] Donner, Menze, Bischof, Langs, "Global localization of 3D anatomical structures by pre-filtered Hough
       forests and discrete optimization", Medical Image Analysis 17(8), 2013.
    """

    def __init__(
        self,
        stages: Sequence[LocalStage],
        mean_shape: Array,
        neighbours: NDArray[np.int64] | None,
        prior: PairwisePrior | None,
    ) -> None:
        self._stages = tuple(stages)
        self._shape = mean_shape
        self._neighbours = neighbours
        self._prior = prior

    def initial_positions(self, hypothesis: PoseHypothesis) -> Array:
        """Return where to start: at the coarse estimates; in the mean shape for those that are far from it."""
        far = np.linalg.norm(hypothesis.positions - self._shape, axis=1) > _MAX_COARSE_DISTANCE
        return np.where(far[:, None], self._shape, hypothesis.positions)

    def score(self, scan: Scan, hypothesis: PoseHypothesis, bounds: Bounds) -> float:
        """Return the mean score of the first stage in a pose, without the choice among candidates."""
        stage = self._stages[0]
        view, to_view = _draw(stage, scan, hypothesis.pose, bounds)
        return float(self._vote(stage, view, to_view, self.initial_positions(hypothesis))[1].mean())

    def refine(
        self, scan: Scan, pose: Frame, positions: Array, bounds: Bounds, doubtful: float = 0.0
    ) -> RefinedLandmarks:
        """Find the landmarks, each stage starting from those of the one before.

        The first stage chooses among all the peaks of the votes; a later one, which has a finer view, takes the highest
        peak, and searches elsewhere for landmarks of few votes.

        Parameters
        ----------
        scan : Scan
        pose : Frame
            From the scan's pixels to reference coordinates.
        positions : ndarray of shape (n_landmarks, ndim)
            Where to start, in reference coordinates.
        bounds : Bounds
            The part of the scan that is drawn, in reference coordinates.
        doubtful : float
            If the first stage's mean score is lower, it is restarted from the mean shape, in poses near that of its
            landmarks: one finger may have been taken for the next. The set of landmarks that scores higher in the last
            stage is returned.

        Returns
        -------
        RefinedLandmarks
            Of the last stage.
        """
        first = self._run_stage(0, scan, pose, positions, bounds)
        refined = self._run_later_stages(scan, first, bounds)
        if self._prior is not None and first.scores.mean() < doubtful:
            restarted = self._run_later_stages(scan, self._restart_nearby(scan, first, bounds), bounds)
            refined = max(refined, restarted, key=self._mean_score)
        return refined

    def refine_best(
        self, scan: Scan, poses: Sequence[Frame], bounds: Bounds, *, lowest: float, may_mirror: bool
    ) -> RefinedLandmarks | None:
        """Find the landmarks where several poses may be right; see :meth:`refine`.

        1. Run the first stage from the mean shape in each pose, and in the mirror images of the best, if allowed.
        2. Restart it in poses near the best three, and then near the best two of these.
        3. Run the later stages from these two; take the one of the higher score in the first and the last stage.

        Parameters
        ----------
        scan : Scan
        poses : sequence of Frame
            At least one.
        bounds : Bounds
        lowest : float
            Mean score of the first stage below which the scan does not show the anatomy.
        may_mirror : bool

        Returns
        -------
        RefinedLandmarks or None
            ``None`` if the scan does not show the anatomy.
        """
        best = self._rank([self._run_first_stage(scan, pose, bounds) for pose in poses])[:_N_MIRRORED]
        if may_mirror:
            best += [self._run_first_stage(scan, mirror(scan.ndim).compose(found.pose), bounds) for found in best]
        for n in _N_RESTARTED:
            best = self._rank(best)[:n]
            best = [max(found, self._restart_nearby(scan, found, bounds), key=self._mean_score) for found in best]
        if max(map(self._mean_score, best)) < lowest:
            return None
        refined = [(self._mean_score(first), self._run_later_stages(scan, first, bounds)) for first in best]
        return max(refined, key=lambda pair: pair[0] + self._mean_score(pair[1]))[1]

    def find_outliers(self, positions: Array) -> NDArray[np.bool_]:
        """Return which landmarks lie to the others as in no training scan; none of them without a prior."""
        if self._prior is None:
            return np.zeros(len(positions), dtype=bool)
        return self._prior.find_outliers(positions)

    def _run_stage(self, number: int, scan: Scan, pose: Frame, positions: Array, bounds: Bounds) -> RefinedLandmarks:
        """Return the landmarks that a stage finds from a start; see :meth:`refine`."""
        stage = self._stages[number]
        view, to_view = _draw(stage, scan, pose, bounds)
        if self._prior is not None:
            n_peaks, doubtful_height = (1, _DOUBTFUL_HEIGHT) if number else (_N_PEAKS, math.inf)
            search = CandidateSearch(
                stage, view, to_view, self._prior, self._turn, n_peaks=n_peaks, doubtful_height=doubtful_height
            )
            found = search.locate(positions)
        else:
            found = self._vote(stage, view, to_view, positions)
        votes = tuple(replace(votes, to_map=votes.to_map.compose(view.to_view)) for votes in found[2])
        return RefinedLandmarks(pose, found[0], found[1], votes)

    def _run_later_stages(self, scan: Scan, found: RefinedLandmarks, bounds: Bounds) -> RefinedLandmarks:
        """Return the landmarks of the last stage, from those of the first."""
        for number in range(1, len(self._stages)):
            found = self._run_stage(number, scan, found.pose, found.positions, bounds)
        return found

    def _restart_nearby(self, scan: Scan, found: RefinedLandmarks, bounds: Bounds) -> RefinedLandmarks:
        """Return the best landmarks of the first stage, run from the mean shape in poses near that of those found."""
        pose = self._align_to_mean(found).pose
        poses = [change.compose(pose) for change in perturb_pose(scan.ndim, _ROTATIONS_RAD, _LOG_SIZES)]
        return max((self._run_first_stage(scan, near, bounds) for near in poses), key=self._mean_score)

    def _run_first_stage(self, scan: Scan, pose: Frame, bounds: Bounds) -> RefinedLandmarks:
        """Return the landmarks that the first stage finds from the mean shape in a pose, aligned to the mean shape."""
        return self._align_to_mean(self._run_stage(0, scan, pose, self._shape, bounds))

    def _mean_score(self, found: RefinedLandmarks) -> float:
        """Return the mean score, in which an outlier has the score 0."""
        return float((found.scores * ~self.find_outliers(found.positions)).mean())

    def _rank(self, found: Sequence[RefinedLandmarks]) -> list[RefinedLandmarks]:
        """Return sets of landmarks, that of the highest mean score first."""
        return sorted(found, key=self._mean_score, reverse=True)

    def _align_to_mean(self, found: RefinedLandmarks) -> RefinedLandmarks:
        """Return landmarks in the pose that aligns them to the mean shape; as they are, if no similarity does."""
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
