"""The local stages, one after another, in the pose that the search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan
from boneage.landmarks.candidates import Candidate, LocalView, find_most_plausible
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.pose_search import LocalVote, PoseHypothesis
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.similarity import fit_local_frames
from boneage.landmarks.stages import LocalStage
from boneage.landmarks.views import Bounds

Array = NDArray[np.float64]


@dataclass(eq=False)
class Refinement:
    """Refines landmarks by local votes and a prior of their offsets.

    A local stage has one forest a landmark, which votes from patches around a start, cropped in the landmark's local
    frame: coarse-to-fine regression voting as in [1]_. In the first stage, the peaks of the votes are candidates; a
    pairwise prior of the landmarks' offsets chooses among them, as in [2]_, so that a finger's joints are not taken for
    those of the next finger. A later one, which has a finer view, starts where the one before ended and takes the
    highest peak.

    Parameters
    ----------
    stages : sequence of LocalStage
        At least one.
    mean_shape : ndarray of shape (n_landmarks, ndim)
    neighbours : ndarray of int, shape (n_landmarks, n_neighbours)
        The landmarks that determine each landmark's local frame; without any it is that of the whole.
    prior : PairwisePrior
        Chooses among the first stage's candidates.
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

    stages: Sequence[LocalStage]
    mean_shape: Array
    neighbours: NDArray[np.int64]
    prior: PairwisePrior
    few: NDArray[np.int64]
    settings: LocaliserSettings

    @cached_property
    def _scoring_stage(self) -> LocalStage:
        return self.stages[0].coarsen(self.settings.search.coarsening)

    @cached_property
    def least_details(self) -> tuple[float, ...]:
        """Pixels of a scan to a unit of extent from which on each later stage votes: coarser ones show it nothing."""
        return tuple(stage.stage.resolution / self.settings.max_oversampling for stage in self.stages[1:])

    def open_view(self, scan: Scan, pose: Frame, bounds: Bounds) -> LocalVote:
        """Return what lets the first stage vote in a pose for a few landmarks, from a part of the positions."""
        view = LocalView(self._scoring_stage, scan, pose, bounds)

        def vote(starts: Array) -> tuple[Array, Array]:
            turns = self._turn(starts)
            highest = [view.vote(k, starts[k], turns[k])[0] for k in self.few.tolist()]
            return np.stack([peak.position for peak in highest]), np.array([peak.height for peak in highest])

        return vote

    def refine(self, scan: Scan, hypothesis: PoseHypothesis) -> list[Candidate]:
        """Return what the last stage finds of each landmark; a later one that is much finer than the scan is left out.

        Parameters
        ----------
        scan : Scan
        hypothesis : PoseHypothesis
            Where the first stage starts.
        """
        positions, pose = hypothesis.positions, hypothesis.pose
        for number, stage in enumerate(self._list_stages(pose)):
            view, turns = LocalView(stage, scan, pose, hypothesis.bounds), self._turn(positions)
            if number == 0:
                prior, settings = self.prior, self.settings.candidates
                found = find_most_plausible(view, positions, hypothesis.further, turns, prior, settings)
            else:
                found = [view.vote(k, positions[k], turns[k])[0] for k in range(len(positions))]
            positions = np.stack([landmark.position for landmark in found])
        return found

    def ask_trees(self, scan: Scan, hypothesis: PoseHypothesis, positions: Array) -> Array:
        """Return where each tree of the last stage alone finds each landmark, shape (n_trees, n_landmarks, ndim).

        Parameters
        ----------
        scan : Scan
        hypothesis : PoseHypothesis
        positions : ndarray of shape (n_landmarks, ndim)
            Of the landmarks that :meth:`refine` found: around them the trees vote.
        """
        stage = self._list_stages(hypothesis.pose)[-1]
        view, turns = LocalView(stage, scan, hypothesis.pose, hypothesis.bounds), self._turn(positions)
        return np.stack([view.ask_trees(k, positions[k], turns[k]) for k in range(len(positions))], axis=1)

    def _list_stages(self, pose: Frame) -> list[LocalStage]:
        """Return the stages that vote in a pose: not those that are much finer than the scan."""
        detail = 1.0 / pose.scale()
        further = zip(self.stages[1:], self.least_details, strict=True)
        return [self.stages[0], *(stage for stage, least in further if detail >= least)]

    def _turn(self, positions: Array) -> Array:
        return fit_local_frames(positions, self.mean_shape, self.neighbours, self.settings.candidates.max_local_resize)
