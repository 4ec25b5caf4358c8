"""The search for the pose, one beam: poses are proposed, corrected by coarse votes, and scored by local votes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan
from boneage.imaging.shapes import NoSimilarity, mirror
from boneage.landmarks.search_settings import SearchSettings, SearchStep
from boneage.landmarks.self_similarity import find_self_similarities, measure_repetition
from boneage.landmarks.similarity import fit_similarity_robustly, rotation
from boneage.landmarks.stages import CoarseStage, CoarseVotes
from boneage.landmarks.training_shapes import UsualPose
from boneage.landmarks.views import Bounds, draw_view, image_bounds, shrink_scan

Array = NDArray[np.float64]

LocalVote = Callable[[Array], tuple[Array, Array]]
"""Takes the starts of all landmarks, shape (n_landmarks, ndim), in the reference coordinates of a view, and returns
where the votes for a few of them peak, shape (n_few, ndim), and the scores there."""

_MAX_PIXELS_COVERED = 2.5  # by a pixel of the finest proposal's view; a larger scan is shrunk first: for speed alone


@dataclass(frozen=True, eq=False)
class PoseHypothesis:
    """A pose of the anatomy, and where the local stages start in it.

    Parameters
    ----------
    pose : Frame
        From the scan's pixels to reference coordinates; it may mirror.
    positions : ndarray of shape (n_landmarks, ndim)
        Landmarks in reference coordinates: those that the coarse votes find, or the mean shape's.
    bounds : Bounds
        The part of the scan that is drawn, in reference coordinates.
    coarse_support : float
        How well the coarse votes agree with the mean shape: the sum of the scores of the landmarks that lie near it.
    local_score : float
        Mean score of a few landmarks in the first local stage, relative to the usual one.
    further : sequence of ndarray of shape (n, ndim)
        Further places of each landmark, from lower peaks of the coarse votes.
    """

    pose: Frame
    positions: Array
    bounds: Bounds
    coarse_support: float = 0.0
    local_score: float = 0.0
    further: Sequence[Array] = ()


@dataclass(frozen=True, eq=False)
class FixedPose:
    """Takes the usual pose in every image: the published recipe, which searches for none."""

    stage: CoarseStage
    usual: UsualPose
    mean_shape: Array
    settings: SearchSettings

    def search(self, scan: Scan, budget: float = 1.0) -> PoseHypothesis:
        """Return the one hypothesis; the whole image votes."""
        pose = self.usual.place(scan)
        bounds = image_bounds(scan, pose)
        view = draw_view(scan, pose, bounds, self.stage.stage.resolution)
        positions, _ = self.stage.cast(view).locate()
        positions = pose.compose(view.to_view.inverse()).apply(positions)
        starts = choose_starts(positions, self.mean_shape, self.settings.max_start_distance)
        return PoseHypothesis(pose, starts, bounds)


@dataclass(eq=False)
class BeamSearch:
    """Finds the pose of the anatomy in an image: rotation, size, place and side.

    The votes of a coarse regression forest are right only near the pose it was trained in. So poses are proposed. In
    each, the pose stage votes for a few landmarks; a similarity fitted robustly from these to the mean shape corrects
    the pose, and the sum of the fit's weights, its *support*, ranks the proposals. The best distinct ones are corrected
    by the coarse stage, and scored by the first local stage, whose votes come from nearby only. The best hypotheses
    stay in the beam; the next step of the settings is taken unless the best of them is good enough.

    Parameters
    ----------
    stages : sequence of CoarseStage
        The pose stage, and the coarse stage.
    open_view : callable
        Takes a scan, a pose and bounds, and returns how the first local stage votes there.
    typical_score : float
        The usual one.
    mean_shape : ndarray of shape (n_landmarks, ndim)
    few : ndarray of int, shape (n_few,)
        Numbers of the landmarks that the pose stage votes for, and that score a pose.
    bounds : Bounds
        The part of an image that votes in a pose, in reference coordinates.
    usual : UsualPose
    settings : SearchSettings
    """

    stages: Sequence[CoarseStage]
    open_view: Callable[[Scan, Frame, Bounds], LocalVote]
    typical_score: float
    mean_shape: Array
    few: NDArray[np.int64]
    bounds: Bounds
    usual: UsualPose
    settings: SearchSettings

    @cached_property
    def _pose_stage(self) -> CoarseStage:
        return self.stages[0].coarsen(self.settings.coarsening)

    @cached_property
    def _few_places(self) -> Array:
        return self.mean_shape[self.few]

    @cached_property
    def _alike(self) -> list[Frame]:
        """The moves that lay the mean shape upon itself: found when a search first comes to them."""
        return find_self_similarities(self.mean_shape, self.settings.alike)

    @cached_property
    def _is_repetitive(self) -> bool:
        """Whether nearly all of the shape is made of parts that are alike, as a ladder is and a hand is not."""
        return measure_repetition(self.mean_shape, self.settings.alike) > self.settings.alike.repetitive

    def search(self, scan: Scan, budget: float = 1.0) -> PoseHypothesis | None:
        """Return the best hypothesis; None where the anatomy is not seen.

        A repetitive shape stays in its usual pose, unless another is much better.

        Parameters
        ----------
        scan : Scan
        budget : float
            Part of the usual number of proposals after which the search ends.
        """
        small, to_small = self._shrink(scan)
        best = usual = self._stay_usual(small) if self._is_repetitive else None
        if usual is None or usual.local_score < self.settings.low_score:
            best = self._search_beam(small, budget)
            if best is None or (usual and best.local_score <= self.settings.usual_ratio * usual.local_score):
                best = usual
        if best is None or best.local_score < self.settings.lowest_score:
            return None
        further = () if best is usual else self._list_further(small, best.pose)
        return replace(best, pose=best.pose.compose(to_small), further=further)

    def _stay_usual(self, scan: Scan) -> PoseHypothesis:
        """Return the usual pose as it is, with the landmarks of the mean shape.

        Where a shape is laid upon itself, one part upon the next, all votes agree as well as in the right place: they
        would move it there. How the anatomy usually lies in the image is then the better evidence.
        """
        hypothesis = PoseHypothesis(self.usual.place(scan), self.mean_shape, self.bounds)
        _, scores = self.open_view(scan, hypothesis.pose, self.bounds)(self.mean_shape)
        return replace(hypothesis, local_score=float(scores.mean()) / self.typical_score)

    def _search_beam(self, small: Scan, budget: float) -> PoseHypothesis | None:
        """Return the best hypothesis of the steps of the settings; None if no similarity fits the votes anywhere."""
        beam: list[PoseHypothesis] = []
        n_left = round(budget * self.settings.max_proposals)
        for step in self.settings.steps:
            if self._is_unneeded(step, beam):
                continue
            if step.place in ("nearby", "alike"):
                moved = [h for h in beam[: step.n_kept] if h.local_score >= self.settings.lowest_moved]
                found = [move for hypothesis in moved for move in self._move(small, step, hypothesis)]
            else:
                proposals = list(itertools.islice(self._propose(small, step), n_left))
                n_left -= len(proposals)
                corrected = (self.correct(small, pose) for pose in self._keep(proposals, step.n_kept))
                found = [hypothesis for hypothesis in corrected if hypothesis is not None]
            ranked = sorted([*beam, *found], key=lambda hypothesis: -hypothesis.local_score)
            beam = [ranked[k] for k in self._find_distinct([h.pose for h in ranked], self.settings.n_hypotheses)]
        return beam[0] if beam else None

    def _is_unneeded(self, step: SearchStep, beam: Sequence[PoseHypothesis]) -> bool:
        """Whether the best hypothesis is good enough, by itself or compared with the next."""
        if not beam:
            return False
        best, second = beam[0].local_score, beam[1].local_score if len(beam) > 1 else 0.0
        compared = step.unless_ratio > 0 and second > 0 and best >= self.settings.low_score
        return best >= step.unless or (compared and best >= step.unless_ratio * second)

    def correct(self, scan: Scan, pose: Frame) -> PoseHypothesis | None:
        """Let both stages vote in a pose, correct it, and score it; None if no similarity fits the votes."""
        found: PoseHypothesis | None = PoseHypothesis(pose, self.mean_shape, self.bounds)
        for stage, shape in ((self._pose_stage, self._few_places), (self.stages[1], self.mean_shape)):
            if found is not None:
                votes = stage.cast(draw_view(scan, found.pose, self.bounds, stage.stage.resolution))
                found = self._fit(votes, found.pose, shape)
        if found is None:
            return None
        vote = self.open_view(scan, found.pose, self.bounds)
        starts = choose_starts(found.positions, self.mean_shape, self.settings.max_start_distance)
        return self._improve(vote, found, Frame.identity(scan.ndim), starts)

    def _move(self, scan: Scan, step: SearchStep, hypothesis: PoseHypothesis) -> Iterator[PoseHypothesis]:
        """Yield hypotheses near another, corrected by the local votes around the mean shape in them."""
        vote = self.open_view(scan, hypothesis.pose, self.bounds)
        for change in self._alike if step.place == "alike" else _list_changes(step, scan.ndim):
            yield self._improve(vote, hypothesis, change, self.mean_shape)

    def _improve(self, vote: LocalVote, viewed: PoseHypothesis, change: Frame, positions: Array) -> PoseHypothesis:
        """Return the best of a hypothesis and its corrections by local votes, which start in the mean shape.

        The hypothesis is ``viewed``, in whose view the votes are, after a change of its reference coordinates. The
        first votes start at ``positions`` in the changed ones.
        """
        best = replace(viewed, local_score=-1.0)
        for _ in range(self.settings.n_corrections + 1):
            found, scores = vote(change.inverse().apply(positions))
            score = float(scores.mean()) / self.typical_score
            if score <= best.local_score:
                break
            best = replace(best, pose=change.compose(viewed.pose), positions=positions, local_score=score)
            try:
                change, _ = fit_pose_correction(found, scores, self._few_places, self.settings)
            except NoSimilarity:
                break
            positions = self.mean_shape
        return best

    def _list_further(self, scan: Scan, pose: Frame) -> list[Array]:
        """Return all places that the coarse votes have for each landmark in a pose."""
        stage, s = self.stages[1], self.settings
        votes = stage.cast(draw_view(scan, pose, self.bounds, stage.stage.resolution))
        from_view = pose.compose(votes.view.to_view.inverse())
        return [from_view.apply(places) for places in votes.list_peaks(s.n_peaks, s.min_peak_ratio)]

    def _propose(self, scan: Scan, step: SearchStep) -> Iterator[PoseHypothesis | None]:
        """Yield the proposals of a step, each corrected by its votes; None for each that these do not fit."""
        stretch = np.diag(np.append(np.ones(scan.ndim - 1), step.stretch))
        sides = [np.eye(scan.ndim), mirror(scan.ndim).matrix[:-1, :-1]][: 2 if step.mirrored else 1]
        stage, noise = self._pose_stage, self.settings.window_noise if step.place == "windows" else None
        for scale, turn, side in itertools.product(step.scales, _turns(step, scan.ndim), sides):
            pose = self.usual.place(scan, scale, side @ turn @ stretch)
            votes = stage.cast(draw_view(scan, pose, image_bounds(scan, pose), stage.stage.resolution), noise)
            for centre in self._list_windows(scan, scale, pose) if step.place == "windows" else (None,):
                yield self._fit(votes, pose, self._few_places, centre)

    def _list_windows(self, scan: Scan, scale: float, pose: Frame) -> list[Array]:
        """Return the centres of windows of the anatomy's size that cover an image, in reference coordinates."""
        s, size = self.settings, scan.true_size
        side = scale * self.usual.size_ratio * float(size.max())
        axes = []
        for length in size:
            free = max(length - s.window_inside * side, 0.0)
            n = min(math.ceil(free / (s.window_step * side)) + 1, s.max_windows)
            axes.append(length / 2 + np.linspace(-free / 2, free / 2, n))
        centres = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
        return list(pose.apply(scan.frame_to_true().inverse().apply(centres)))

    def _fit(self, votes: CoarseVotes, pose: Frame, shape: Array, centre: Array | None = None) -> PoseHypothesis | None:
        """Return a pose corrected by votes; None if no similarity fits.

        Only the votes around ``centre`` count, if it is given; the pose is moved there.
        """
        window = None
        if centre is not None:
            to_view = votes.view.to_view.compose(pose.inverse())
            low, high = to_view.apply(centre + np.stack([self.bounds.low, self.bounds.high]))
            window = low, high
            pose = Frame.from_linear(np.eye(len(centre)), -centre).compose(pose)
        found, scores = votes.locate(window)
        positions = pose.compose(votes.view.to_view.inverse()).apply(found)
        try:
            correction, support = fit_pose_correction(positions, scores, shape, self.settings)
        except NoSimilarity:
            return None
        return PoseHypothesis(correction.compose(pose), correction.apply(positions), self.bounds, float(support.sum()))

    def _keep(self, proposals: Sequence[PoseHypothesis | None], n: int) -> list[Frame]:
        """Return the poses of the ``n`` distinct proposals of highest support, as they are and mirrored."""
        kept = []
        ranked = sorted(filter(None, proposals), key=lambda proposal: -proposal.coarse_support)
        for mirrored in (False, True):
            poses = [p.pose for p in ranked if (np.linalg.det(p.pose.matrix) < 0) == mirrored]
            kept += [poses[k] for k in self._find_distinct(poses, n)]
        return kept

    def _find_distinct(self, poses: Sequence[Frame], n: int) -> list[int]:
        """Return the numbers of up to ``n`` poses, each of which places the shape elsewhere than those before it."""
        chosen: list[int] = []
        for k, pose in enumerate(poses):
            if len(chosen) == n:
                break
            placed = pose.inverse().apply(self.mean_shape)
            moved = (np.linalg.norm(poses[other].apply(placed) - self.mean_shape, axis=1).mean() for other in chosen)
            if all(distance > self.settings.min_distance for distance in moved):
                chosen.append(k)
        return chosen

    def _shrink(self, scan: Scan) -> tuple[Scan, Frame]:
        """Return the scan with no more pixels than the proposals' views can use, and the map to it."""
        smallest = min(min(step.scales) for step in self.settings.steps if step.place in ("usual", "windows"))
        extent = self.usual.size_ratio * smallest * scan.true_size.max()
        return shrink_scan(scan, extent / self._pose_stage.stage.resolution / _MAX_PIXELS_COVERED)


def _list_changes(step: SearchStep, ndim: int) -> list[Frame]:
    """Return the rotations and sizes of a step as changes of a pose about the middle of the shape."""
    turns = itertools.product(step.scales, _turns(step, ndim))
    return [Frame.from_linear(turn / scale, np.zeros(ndim)) for scale, turn in turns]


def _turns(step: SearchStep, ndim: int) -> list[Array]:
    """Return the rotations of a step; a volume's after each of the rolls about the rows' axis."""
    rolls = [rotation(roll, ndim, 1) for roll in step.rolls_rad] if ndim == 3 else [np.eye(2)]
    return [rotation(angle, ndim) @ roll for angle in step.rotations_rad for roll in rolls]


def choose_starts(positions: Array, mean_shape: Array, max_distance: float) -> Array:
    """Return where local votes start: at coarse estimates; in the mean shape for those that are far from it."""
    far = np.linalg.norm(positions - mean_shape, axis=1) > max_distance
    return np.where(far[:, None], mean_shape, positions)


def fit_pose_correction(positions: Array, scores: Array, shape: Array, settings: SearchSettings) -> tuple[Frame, Array]:
    """Return the similarity from the landmarks found to those of a shape, and each landmark's weight in the fit.

    Raises
    ------
    NoSimilarity
        If the landmarks coincide, or would have to be resized by more than the settings allow.
    """
    correction, support = fit_similarity_robustly(
        positions, shape, scores, settings.tolerance, settings.n_trials, settings.n_refits
    )
    size = abs(float(np.linalg.det(correction.matrix))) ** (1 / correction.ndim)
    if not 1 / settings.max_resize <= size <= settings.max_resize:
        raise NoSimilarity(f"the landmarks found would have to be resized by {size:g}")
    return correction, support
