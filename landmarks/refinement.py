"""The local stages, one after another, in the poses that the search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan
from boneage.landmarks.candidates import CandidateSearch
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.pose_search import LocalVote, PoseHypothesis
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.similarity import fit_local_frames
from boneage.landmarks.stages import LocalStage
from boneage.landmarks.views import Bounds, View, draw_close_view
from boneage.landmarks.voting import VoteMap

Array = NDArray[np.float64]


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
    neighbours : ndarray of int, shape (n_landmarks, n_neighbours)
        The landmarks that determine each landmark's local frame; without any it is that of the whole.
    prior : PairwisePrior
        Chooses among each stage's candidates.
    few : ndarray of int
        Numbers of the landmarks that score a pose.
    settings : LocaliserSettings

    References
    ----------
    .. [1] Ebner, Stern, Donner, Bischof, Urschler, "Towards automatic bone age estimation from MRI: localization of 3D
       anatomical landmarks", MICCAI 2014.
    .. [2] Donner, Menze, Bischof, Langs, "Global localization of 3D anatomical structures by pre-filtered Hough forests
       and discrete optimization", Medical Image Analysis 17(8), 2013.
    """

    def __init__(
        self,
        stages: Sequence[LocalStage],
        mean_shape: Array,
        neighbours: NDArray[np.int64],
        prior: PairwisePrior,
        few: NDArray[np.int64],
        settings: LocaliserSettings,
    ) -> None:
        self._stages = tuple(stages)
        self._shape, self._neighbours, self._prior, self._settings = mean_shape, neighbours, prior, settings
        self._scoring_stage = stages[0].coarsen(settings.search.coarsening)
        self._few = few

    def choose_starts(self, positions: Array) -> Array:
        """Return where to start: at coarse estimates; in the mean shape for those that are far from it."""
        far = np.linalg.norm(positions - self._shape, axis=1) > self._settings.search.max_start_distance
        return np.where(far[:, None], self._shape, positions)

    def open_view(self, scan: Scan, pose: Frame, bounds: Bounds) -> LocalVote:
        """Return what lets the first stage vote in a pose for a few landmarks, from a part of the positions."""
        stage = self._scoring_stage
        view, to_view = _draw(stage, scan, pose, bounds)
        levels, from_view = stage.normalise(view), to_view.inverse()

        def vote(starts: Array) -> tuple[Array, Array]:
            turns, in_view = view.turn_from(self._turn(starts)), to_view.apply(starts)
            votes = [stage.vote_near(levels, k, in_view[k], turns[k]) for k in self._few.tolist()]
            places = from_view.apply(np.stack([vote.positions[0] for vote in votes]))
            return places, np.array([vote.heights[0] for vote in votes])

        return vote

    def refine(self, scan: Scan, hypotheses: Sequence[PoseHypothesis]) -> RefinedLandmarks:
        """Find the landmarks, each stage starting from those of the one before.

        The first stage chooses among all the peaks of the votes, in each hypothesis; the most plausible landmarks are
        taken. A later stage, which has a finer view, takes the highest peak, and searches elsewhere for landmarks of
        few votes; one that is much finer than the scan is left out.

        Parameters
        ----------
        scan : Scan
        hypotheses : sequence of PoseHypothesis
            At least one.

        Returns
        -------
        RefinedLandmarks
            Of the last stage.
        """
        found, bounds = [], [hypothesis.bounds for hypothesis in hypotheses]
        for hypothesis in hypotheses:
            starts = self.choose_starts(hypothesis.positions)
            found.append(self._run_stage(0, scan, hypothesis.pose, starts, hypothesis.bounds, hypothesis.further))
        best = int(np.argmax([self.plausibility(landmarks) for landmarks in found]))
        refined = found[best]
        finest = self._settings.max_oversampling / refined.pose.scale()
        for number in range(1, len(self._stages)):
            if self._stages[number].stage.resolution <= finest:
                refined = self._run_stage(number, scan, refined.pose, refined.positions, bounds[best])
        return refined

    def plausibility(self, found: RefinedLandmarks) -> float:
        """Return the mean score, in which an outlier has the score 0."""
        return float((found.scores * ~self.find_outliers(found.positions)).mean())

    def find_outliers(self, positions: Array) -> NDArray[np.bool_]:
        """Return which landmarks lie to the others as in no training scan."""
        return self._prior.find_outliers(positions)

    def _run_stage(
        self,
        number: int,
        scan: Scan,
        pose: Frame,
        positions: Array,
        bounds: Bounds,
        further: Sequence[Array] = (),
    ) -> RefinedLandmarks:
        """Return the landmarks that a stage finds from a start; see :meth:`refine`."""
        stage = self._stages[number]
        view, to_view = _draw(stage, scan, pose, bounds)
        search = CandidateSearch(
            stage, view, to_view, self._prior, self._turn, self._settings.candidates, first=number == 0
        )
        positions, scores, votes = search.locate(positions, further)
        in_scan = tuple(replace(votes, to_map=votes.to_map.compose(view.to_view)) for votes in votes)
        return RefinedLandmarks(pose, positions, scores, in_scan)

    def _turn(self, positions: Array) -> Array:
        return fit_local_frames(positions, self._shape, self._neighbours, self._settings.candidates.max_local_resize)


def _draw(stage: LocalStage, scan: Scan, pose: Frame, bounds: Bounds) -> tuple[View, Frame]:
    """Return a stage's view of a scan, and the map to it from reference coordinates."""
    view = draw_close_view(scan, pose, bounds, stage.stage.resolution)
    return view, view.to_view.compose(pose.inverse())
