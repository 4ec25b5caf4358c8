"""The search for the pose: proposals are corrected by coarse votes, and scored by their support and by local votes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan
from boneage.imaging.shapes import NoSimilarity
from boneage.landmarks.pose_proposals import PoseProposer, fit_pose_correction, vote_in_pose
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.stages import CoarseStage
from boneage.landmarks.views import Bounds

Array = NDArray[np.float64]

# Scores are those of the first local stage, relative to the training scans' median in their true poses.
_CONFIDENT_SCORE = 0.75  # from which a pose is right
_AMBIGUOUS_SCORE = 0.5  # below which another pose may be right as well
_MIN_SCORE = 0.2  # below which, in all poses, the image does not show the anatomy
_MAX_SUPPORT_RATIO = 2.0  # a pose whose support is lower than the best one's by more than this factor is given up
_N_RESCORED = 4  # best poses by support, that are scored by local votes where none is confident
_N_ROTATED = 4  # rotated proposals, of either side, that all stages correct
_N_DISTINCT = 16  # distinct proposals, of either side, that all stages correct where the pose is ambiguous
_N_AMBIGUOUS = 18  # distinct poses that are returned then
_MIN_DISTINCT_DISTANCE = 0.1  # mean distance of landmarks in two distinct poses, in units of the shape's extent


@dataclass(frozen=True, eq=False)
class PoseHypothesis:
    """A pose, and the landmarks that the coarse votes find in it.

    Parameters
    ----------
    pose : Frame
        From the file's pixels to reference coordinates; it may mirror.
    positions : ndarray of shape (n_landmarks, ndim)
        Landmarks in reference coordinates.
    scores : ndarray of shape (n_landmarks,)
    support : float
        How well the landmarks agree with the mean shape: the sum of the scores of those that lie near it.
    """

    pose: Frame
    positions: Array
    scores: Array
    support: float


class PoseSearch:
    """Finds the pose of the anatomy in an image: rotation, size, place and side.

    The votes of a coarse regression forest are right only near the pose it was trained in. So poses are proposed, from
    the usual one to any rotation (:class:`~boneage.landmarks.pose_proposals.PoseProposer`). In each, the coarse stages
    vote for all landmarks, a similarity fitted robustly from these to the mean shape corrects the pose, and the sum of
    the fit's weights, its *support*, says how well votes and shape agree. Where the support leaves doubt, the score of
    the first local stage decides, whose votes come from nearby only. The search ends at the first pose that is certain.

    Parameters
    ----------
    stages : sequence of CoarseStage
        The first votes on proposals; all of them in turn correct a pose.
    mean_shape : ndarray of shape (n_landmarks, ndim)
    bounds : Bounds
        The part of an image that votes in a pose, in reference coordinates.
    size_ratio : float
        Usual size of the anatomy, relative to the image's larger side.
    centre_offset : ndarray of shape (ndim,)
        Usual place of its centre relative to the image's, in the same unit.
    settings : LocaliserSettings
    """

    def __init__(
        self,
        stages: Sequence[CoarseStage],
        mean_shape: Array,
        bounds: Bounds,
        size_ratio: float,
        centre_offset: Array,
        settings: LocaliserSettings,
    ) -> None:
        self.proposer = PoseProposer(stages[0], mean_shape, bounds, size_ratio, centre_offset, settings)
        self._stages = tuple(stages)
        self._shape = mean_shape
        self._bounds = bounds

    def search(
        self, scan: Scan, min_support: float, score_locally: Callable[[PoseHypothesis], float], thorough: bool = True
    ) -> tuple[list[PoseHypothesis], bool]:
        """Return the best pose and ``True``; or ``False`` and all that may be right, best first, where it is ambiguous.

        1. Correct the pose of usual size and orientation.
        2. If neither its support nor its local score is high enough, propose other sizes, and the mirror image.
        3. If that of none of these is, propose other rotations.
        4. If none is yet, correct the best ones once more, and take that of the highest local score, if it is not
           ambiguous.
        5. If it is, correct all distinct proposals, and those of a small anatomy anywhere in the image. Return the
           distinct ones of the highest local scores; none if all scores are so low that the anatomy is not there.

        Parameters
        ----------
        scan : Scan
        min_support : float
            Support from which a pose is certain.
        score_locally : callable
            Returns the score of the first local stage in a pose, relative to the usual one.
        thorough : bool
            Whether to take step 5, which takes seconds; otherwise no pose is returned where it would be taken.
        """
        hypotheses: list[PoseHypothesis] = []
        proposed: list[list[Frame]] = []
        proposer = self.proposer
        for propose, n_corrected in (
            (proposer.propose_usual, 1),
            (proposer.propose_upright, 1),
            (proposer.propose_rotated, _N_ROTATED),
        ):
            sides = propose(scan)
            proposed += sides
            corrected = self.correct(scan, [pose for side in sides for pose in side[:n_corrected]])
            hypotheses = sorted((*hypotheses, *corrected), key=lambda hypothesis: -hypothesis.support)
            if hypotheses and (
                hypotheses[0].support >= min_support or score_locally(hypotheses[0]) >= _CONFIDENT_SCORE
            ):
                return hypotheses[:1], True
        rescored = [hypothesis.pose for hypothesis in hypotheses[:_N_RESCORED]]
        scored = self._correct_each(rescored, scan, score_locally)
        if scored and scored[0][1] >= _AMBIGUOUS_SCORE:
            return [scored[0][0]], True
        if not thorough:
            return [], False
        poses = self._select_distinct(proposed + proposer.propose_windows(scan))
        scored += self._correct_each(self._select_distinct([poses], len(poses)), scan, score_locally)
        if max((score for _, score in scored), default=0.0) < _MIN_SCORE:
            return [], False
        scored.sort(key=lambda pair: -pair[1])
        distinct = _find_distinct([hypothesis.pose for hypothesis, _ in scored], self._shape, _N_AMBIGUOUS)
        return [scored[k][0] for k in distinct], False

    def correct(self, scan: Scan, poses: Sequence[Frame]) -> list[PoseHypothesis]:
        """Let every stage in turn vote in each pose, and correct it.

        Left out are poses that cannot be fitted, and those whose support in a stage is less than half that of the best.
        """
        hypotheses: list[PoseHypothesis] = []
        for stage in self._stages:
            voted = [hypothesis for pose in poses if (hypothesis := self._vote(scan, stage, pose)) is not None]
            best = max((hypothesis.support for hypothesis in voted), default=0.0)
            hypotheses = [hypothesis for hypothesis in voted if hypothesis.support * _MAX_SUPPORT_RATIO >= best]
            poses = [hypothesis.pose for hypothesis in hypotheses]
        return hypotheses

    def _select_distinct(self, sides: Sequence[Sequence[Frame]], n: int = _N_DISTINCT) -> list[Frame]:
        """Return the first ``n`` distinct poses of each list; of those that are alike, the first alone."""
        return [side[k] for side in sides for k in _find_distinct(side, self._shape, n)]

    def _correct_each(
        self, poses: Sequence[Frame], scan: Scan, score_locally: Callable[[PoseHypothesis], float]
    ) -> list[tuple[PoseHypothesis, float]]:
        """Return poses, each corrected apart from the others, with their local scores, the highest first."""
        hypotheses = [hypothesis for pose in poses for hypothesis in self.correct(scan, [pose])]
        return sorted(((hypothesis, score_locally(hypothesis)) for hypothesis in hypotheses), key=lambda pair: -pair[1])

    def _vote(self, scan: Scan, stage: CoarseStage, pose: Frame) -> PoseHypothesis | None:
        """Return the landmarks a stage finds in a pose, and the pose corrected by them; ``None`` if none fits."""
        positions, scores = vote_in_pose(scan, stage, pose, self._bounds)
        try:
            correction, support = fit_pose_correction(positions, scores, self._shape)
        except NoSimilarity:
            return None
        return PoseHypothesis(correction.compose(pose), correction.apply(positions), scores, float(support.sum()))


def _find_distinct(poses: Sequence[Frame], shape: Array, n: int) -> list[int]:
    """Return the numbers of up to ``n`` poses, each of which places the shape elsewhere than those before it."""
    chosen: list[int] = []
    for k, pose in enumerate(poses):
        if len(chosen) == n:
            break
        placed = pose.inverse().apply(shape)
        distances = (np.linalg.norm(poses[other].apply(placed) - shape, axis=1).mean() for other in chosen)
        if all(distance > _MIN_DISTINCT_DISTANCE for distance in distances):
            chosen.append(k)
    return chosen
