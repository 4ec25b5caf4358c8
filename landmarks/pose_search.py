"""The search for the pose, one beam: poses are proposed, corrected by coarse votes, and scored by local votes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan, resample
from boneage.imaging.shapes import NoSimilarity, mirror
from boneage.landmarks.search_settings import SearchSettings, SearchStep
from boneage.landmarks.self_similarity import find_self_similarities
from boneage.landmarks.similarity import fit_similarity_robustly, rotation
from boneage.landmarks.stages import CoarseStage, CoarseVotes
from boneage.landmarks.training_shapes import UsualPose
from boneage.landmarks.views import Bounds, draw_view, image_bounds

Array = NDArray[np.float64]

_MAX_PIXELS_COVERED = 2.5  # by a pixel of the finest proposal's view; a larger scan is shrunk first: for speed alone


@dataclass(frozen=True, eq=False)
class PoseHypothesis:
    """A pose of the anatomy, and the landmarks that the coarse votes find in it.

    Parameters
    ----------
    pose : Frame
        From the scan's pixels to reference coordinates; it may mirror.
    positions : ndarray of shape (n_landmarks, ndim)
        Landmarks in reference coordinates.
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


LocalVote = Callable[[Array], tuple[Array, Array]]
"""Takes the starts of all landmarks, shape (n_landmarks, ndim), in the reference coordinates of a view, and returns
where the votes for a few of them peak, shape (n_few, ndim), and the scores there."""


class LocalVotes(Protocol):
    """What the pose search needs of the first local stage; see :class:`~boneage.landmarks.refinement.Refinement`."""

    def choose_starts(self, positions: Array) -> Array:
        """Return where to start, from coarse estimates."""

    def open_view(self, scan: Scan, pose: Frame, bounds: Bounds) -> LocalVote:
        """Return what lets the stage vote for a few landmarks from starts in a pose."""


class FixedPose:
    """Takes the usual pose in every image: the published recipe, which searches for none.

    Parameters
    ----------
    stage : CoarseStage
    usual : UsualPose
    """

    def __init__(self, stage: CoarseStage, usual: UsualPose) -> None:
        self._stage = stage
        self._usual = usual

    def search(self, scan: Scan, budget: float = 1.0) -> list[PoseHypothesis]:
        """Return the one hypothesis; the whole image votes."""
        pose = self._usual.place(scan)
        bounds = image_bounds(scan, pose)
        view = draw_view(scan, pose, bounds, self._stage.stage.resolution)
        positions, _ = self._stage.cast(view).locate()
        return [PoseHypothesis(pose, pose.compose(view.to_view.inverse()).apply(positions), bounds)]


class _Fit(NamedTuple):
    """A pose that votes have corrected, their support, and the landmarks they are for, in reference coordinates."""

    pose: Frame
    support: float
    positions: Array


@dataclass(frozen=True, eq=False)
class _Proposal:
    """A pose that the votes of a window, or of the whole view, have corrected."""

    pose: Frame
    support: float  # negative where no similarity fits the votes
    group: int  # those of one group compete


class BeamSearch:
    """Finds the pose of the anatomy in an image: rotation, size, place and side.

    The votes of a coarse regression forest are right only near the pose it was trained in. So poses are proposed. In
    each, the pose stage votes for a few landmarks; a similarity fitted robustly from these to the mean shape corrects
    the pose, and the sum of the fit's weights, its *support*, ranks the proposals. The best distinct ones are corrected
    by the coarse stage, and scored by the first local stage, whose votes come from nearby only. The best hypotheses
    stay in the beam; the next step of the settings is taken unless the best of them is good enough.

    Parameters
    ----------
    stages : pair of CoarseStage
        The pose stage, and the coarse stage.
    local : LocalVotes
        The votes of the first local stage.
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

    def __init__(
        self,
        stages: Sequence[CoarseStage],
        local: LocalVotes,
        typical_score: float,
        mean_shape: Array,
        few: NDArray[np.int64],
        bounds: Bounds,
        usual: UsualPose,
        settings: SearchSettings,
    ) -> None:
        self._stage, self._coarse = stages[0].coarsen(settings.coarsening), stages[1]
        self._local, self._typical_score = local, typical_score
        self._shape, self._bounds, self._usual, self._settings = mean_shape, bounds, usual, settings
        self._few_places = mean_shape[few]

    @cached_property
    def _alike(self) -> list[Frame]:
        """The moves that lay the mean shape upon itself: found when a search first comes to them."""
        return find_self_similarities(self._shape, self._settings.alike)

    def search(self, scan: Scan, budget: float = 1.0) -> list[PoseHypothesis]:
        """Return the hypotheses worth refining, best first; none where the anatomy is not seen.

        Parameters
        ----------
        scan : Scan
        budget : float
            Part of the usual number of proposals after which the search ends.
        """
        small, to_small = self._shrink(scan)
        s = self._settings
        beam: list[PoseHypothesis] = []
        n_left = round(budget * s.max_proposals)
        for step in s.steps:
            if self._is_unneeded(step, beam):
                continue
            if step.place in ("nearby", "alike"):
                found = [move for hypothesis in beam[: step.n_kept] for move in self._move(small, step, hypothesis)]
            else:
                proposals = list(itertools.islice(self._propose(small, step), n_left))
                n_left -= len(proposals)
                corrected = [self.correct(small, pose) for pose in self._keep(proposals, step.n_kept)]
                found = [hypothesis for hypothesis in corrected if hypothesis is not None]
            beam = self._drop_alike([*beam, *found])
        if not beam or beam[0].local_score < s.lowest_score:
            return []
        worth = [h for h in beam if h.local_score >= s.refined_ratio * beam[0].local_score][: s.n_refined]
        return [replace(self._list_further(small, h), pose=h.pose.compose(to_small)) for h in worth]

    def _is_unneeded(self, step: SearchStep, beam: Sequence[PoseHypothesis]) -> bool:
        """Whether the best hypothesis is good enough, by itself or compared with the next."""
        if not beam:
            return False
        best, second = beam[0].local_score, beam[1].local_score if len(beam) > 1 else 0.0
        compared = step.unless_ratio > 0 and second > 0 and best >= self._settings.low_score
        return best >= step.unless or (compared and best >= step.unless_ratio * second)

    def correct(self, scan: Scan, pose: Frame) -> PoseHypothesis | None:
        """Let both stages vote in a pose, correct it, and score it; None if no similarity fits the votes."""
        first = self._vote(self._cast(scan, pose, self._stage, self._bounds), pose, self._few_places)
        if first is None:
            return None
        fit = self._vote(self._cast(scan, first.pose, self._coarse, self._bounds), first.pose, self._shape)
        if fit is None:
            return None
        return self._score(scan, PoseHypothesis(fit.pose, fit.positions, self._bounds, fit.support))

    def _score(self, scan: Scan, hypothesis: PoseHypothesis) -> PoseHypothesis:
        """Return a hypothesis with its local score, corrected by the local votes while that grows."""
        vote = self._local.open_view(scan, hypothesis.pose, self._bounds)
        starts = self._local.choose_starts(hypothesis.positions)
        return self._improve(vote, hypothesis, Frame.identity(scan.ndim), starts)

    def _move(self, scan: Scan, step: SearchStep, hypothesis: PoseHypothesis) -> Iterator[PoseHypothesis]:
        """Yield hypotheses near another, corrected by the local votes around the mean shape in them."""
        vote = self._local.open_view(scan, hypothesis.pose, self._bounds)
        for change in self._alike if step.place == "alike" else _list_changes(step, scan.ndim):
            yield self._improve(vote, hypothesis, change, self._shape)

    def _improve(self, vote: LocalVote, viewed: PoseHypothesis, change: Frame, positions: Array) -> PoseHypothesis:
        """Return the best of a hypothesis and its corrections by local votes, which start in the mean shape.

        Parameters
        ----------
        vote : callable
            In the view of ``viewed``.
        viewed : PoseHypothesis
        change : Frame
            From reference coordinates in the pose of ``viewed`` to those in the hypothesis's.
        positions : ndarray of shape (n_landmarks, ndim)
            Where the first votes start, in the latter.
        """
        best = replace(viewed, local_score=-1.0)
        for _ in range(self._settings.n_corrections + 1):
            found, scores = vote(change.inverse().apply(positions))
            score = float(scores.mean()) / self._typical_score
            if score <= best.local_score:
                break
            best = replace(best, pose=change.compose(viewed.pose), positions=positions, local_score=score)
            try:
                change, _ = fit_pose_correction(found, scores, self._few_places, self._settings)
            except NoSimilarity:
                break
            positions = self._shape
        return best

    def _list_further(self, scan: Scan, hypothesis: PoseHypothesis) -> PoseHypothesis:
        """Return a hypothesis with all places that the coarse votes have for each landmark."""
        pose, s = hypothesis.pose, self._settings
        votes = self._cast(scan, pose, self._coarse, self._bounds)
        from_view = pose.compose(votes.view.to_view.inverse())
        return replace(hypothesis, further=[from_view.apply(p) for p in votes.list_peaks(s.n_peaks, s.min_peak_ratio)])

    def _propose(self, scan: Scan, step: SearchStep) -> Iterator[_Proposal]:
        """Yield the proposals of a step, each corrected by its votes."""
        for group, (pose, bounds, windows) in enumerate(self._list_views(scan, step)):
            votes = self._cast(scan, pose, self._stage, bounds, self._settings.window_noise if windows else None)
            for window in windows or (None,):
                fit = self._vote(votes, pose, self._few_places, window)
                moved, support = (pose, -1.0) if fit is None else (fit.pose, fit.support)
                yield _Proposal(moved, support, group % 2 if step.mirrored else 0)

    def _list_views(self, scan: Scan, step: SearchStep) -> Iterator[tuple[Frame, Bounds, Sequence[Array]]]:
        """Yield the poses of a step, the bounds of what votes, and centres of windows; mirror images in turn."""
        stretch = np.diag(np.append(np.ones(scan.ndim - 1), step.stretch))
        sides = [np.eye(scan.ndim), mirror(scan.ndim).matrix[:-1, :-1]][: 2 if step.mirrored else 1]
        for scale, turn, side in itertools.product(step.scales, _turns(step, scan.ndim), sides):
            pose = self._usual.place(scan, scale, side @ turn @ stretch)
            windows = self._list_windows(scan, scale, pose) if step.place == "windows" else ()
            yield pose, image_bounds(scan, pose), windows

    def _list_windows(self, scan: Scan, scale: float, pose: Frame) -> list[Array]:
        """Return the centres of windows of the anatomy's size that cover an image, in reference coordinates."""
        s, size = self._settings, scan.true_size
        side = scale * self._usual.size_ratio * float(size.max())
        axes = []
        for length in size:
            free = max(length - s.window_inside * side, 0.0)
            n = min(math.ceil(free / (s.window_step * side)) + 1, s.max_windows)
            axes.append(length / 2 + np.linspace(-free / 2, free / 2, n))
        centres = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
        return list(pose.apply(scan.frame_to_true().inverse().apply(centres)))

    def _cast(
        self, scan: Scan, pose: Frame, stage: CoarseStage, bounds: Bounds, noise: float | None = None
    ) -> CoarseVotes:
        return stage.cast(draw_view(scan, pose, bounds, stage.stage.resolution), noise)

    def _vote(self, votes: CoarseVotes, pose: Frame, shape: Array, centre: Array | None = None) -> _Fit | None:
        """Return a pose corrected by votes; None if no similarity fits.

        Only the votes around ``centre`` count, if it is given; the pose is moved there.
        """
        window = None
        if centre is not None:
            to_view = votes.view.to_view.compose(pose.inverse())
            low, high = to_view.apply(centre + np.stack([self._bounds.low, self._bounds.high]))
            window = low, high
            pose = Frame.from_linear(np.eye(len(centre)), -centre).compose(pose)
        found, scores = votes.locate(window)
        positions = pose.compose(votes.view.to_view.inverse()).apply(found)
        try:
            correction, support = fit_pose_correction(positions, scores, shape, self._settings)
        except NoSimilarity:
            return None
        return _Fit(correction.compose(pose), float(support.sum()), correction.apply(positions))

    def _keep(self, proposals: Sequence[_Proposal], n: int) -> list[Frame]:
        """Return the poses of the ``n`` distinct proposals of highest support of each group."""
        kept = []
        for group in sorted({proposal.group for proposal in proposals}):
            ranked = sorted((p for p in proposals if p.group == group and p.support >= 0), key=lambda p: -p.support)
            poses = [proposal.pose for proposal in ranked]
            kept += [poses[k] for k in self._find_distinct(poses, n)]
        return kept

    def _drop_alike(self, hypotheses: Sequence[PoseHypothesis]) -> list[PoseHypothesis]:
        """Return the distinct hypotheses of the highest local scores, best first."""
        ranked = sorted(hypotheses, key=lambda hypothesis: -hypothesis.local_score)
        return [ranked[k] for k in self._find_distinct([h.pose for h in ranked], self._settings.n_hypotheses)]

    def _find_distinct(self, poses: Sequence[Frame], n: int) -> list[int]:
        """Return the numbers of up to ``n`` poses, each of which places the shape elsewhere than those before it."""
        chosen: list[int] = []
        for k, pose in enumerate(poses):
            if len(chosen) == n:
                break
            placed = pose.inverse().apply(self._shape)
            moved = (np.linalg.norm(poses[other].apply(placed) - self._shape, axis=1).mean() for other in chosen)
            if all(distance > self._settings.min_distance for distance in moved):
                chosen.append(k)
        return chosen

    def _shrink(self, scan: Scan) -> tuple[Scan, Frame]:
        """Return the scan with no more pixels than the proposals' views can use, and the map to it."""
        shape, spacing = np.array(scan.pixels.shape), scan.spacing_array
        smallest = min(min(step.scales) for step in self._settings.steps if step.place in ("usual", "windows"))
        extent = self._usual.size_ratio * smallest * scan.true_size.max()
        factor = extent / self._stage.stage.resolution / spacing / _MAX_PIXELS_COVERED
        if (factor < 1.5).all():
            return scan, Frame.identity(scan.ndim)
        smaller = tuple(int(n) for n in np.maximum(np.round(shape / np.maximum(factor, 1.0)), 2))
        to_small = Frame.resize(scan.pixels.shape, smaller)
        pixels = resample(scan.pixels, to_small, smaller)
        return Scan(pixels, spacing=tuple(spacing * shape / np.array(smaller)), source=scan.source), to_small


def _list_changes(step: SearchStep, ndim: int) -> list[Frame]:
    """Return the rotations and sizes of a step as changes of a pose about the middle of the shape."""
    turns = itertools.product(step.scales, _turns(step, ndim))
    return [Frame.from_linear(turn / scale, np.zeros(ndim)) for scale, turn in turns]


def _turns(step: SearchStep, ndim: int) -> list[Array]:
    """Return the rotations of a step; a volume's after each of the rolls about the rows' axis."""
    rolls = [rotation(roll, ndim, 1) for roll in step.rolls_rad] if ndim == 3 else [np.eye(2)]
    return [rotation(angle, ndim) @ roll for angle in step.rotations_rad for roll in rolls]


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


def select_far_apart(shape: Array, n: int) -> NDArray[np.int64]:
    """Return up to ``n`` landmarks that lie far apart: each is the furthest from those before it."""
    chosen = [int(np.linalg.norm(shape, axis=1).argmax())]
    while len(chosen) < min(n, len(shape)):
        distances = np.linalg.norm(shape[:, None] - shape[chosen], axis=2).min(axis=1)
        chosen.append(int(distances.argmax()))
    return np.array(chosen)
