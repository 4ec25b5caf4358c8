"""One stage of the localiser: a forest for all landmarks over a whole view, or one each near a first guess."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import joblib
import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, warp
from boneage.landmarks.features import BoxStack, level_grey, stack_boxes
from boneage.landmarks.forest import VotingForest
from boneage.landmarks.settings import StageSettings
from boneage.landmarks.views import View, draw_jitter
from boneage.landmarks.voting import VoteMap, find_peaks, vote, weigh_votes

Array = NDArray[np.float64]

_LOWEST_PEAK = 0.1  # relative to the highest: lower ones are none


@dataclass(frozen=True, eq=False)
class NearbyVotes:
    """What the neighbourhood of a place says of a landmark, in a view's pixels.

    Parameters
    ----------
    positions : ndarray of shape (n, ndim)
        Where the votes peak, the highest first.
    heights : ndarray of shape (n,)
        Of the peaks, relative to full agreement.
    map : VoteMap
        All the votes; its frame leads from the view's pixels.
    """

    positions: Array
    heights: Array
    map: VoteMap


def feature_reach(stage: StageSettings) -> int:
    """Return the largest offset of a feature's boxes, in the stage's pixels."""
    return max(round(stage.feature_range * stage.resolution), 1)


def _level(view: View, stage: StageSettings) -> NDArray[np.float32]:
    return level_grey(view.picture, stage.contrast * view.resolution, stage.tone)


class CoarseStage:
    """One forest that votes for all landmarks at once, from every part of the view."""

    def __init__(self, stage: StageSettings, forest: VotingForest) -> None:
        self.stage = stage
        self.forest = forest
        self._weights = weigh_votes(forest, stage.vote_weight, stage.vote_length * stage.resolution)

    @classmethod
    def fit(
        cls, stage: StageSettings, views: Sequence[View], landmarks: Sequence[Array], seed: int, n_jobs: int
    ) -> CoarseStage:
        """Learn from views of one shape and the landmarks in them, each of shape (n_landmarks, ndim)."""
        rng = np.random.default_rng(seed)
        reach = feature_reach(stage)
        levels = [_level(view, stage) for view in views]
        stack = stack_boxes(levels, stage.box_sizes, reach)
        shape = np.array(views[0].picture.shape)
        n = stage.n_positions
        images = np.repeat(np.arange(len(views)), n)
        positions = rng.integers(0, shape, size=(len(images), len(shape)))
        displacements = np.repeat(np.stack(landmarks), n, axis=0) - positions[:, None]
        forest = VotingForest(settings=stage.forest, random_state=seed, n_jobs=n_jobs)
        forest.fit(stack, images, positions, displacements.astype(np.float32), reach)
        return cls(stage, forest)

    def coarsen(self, factor: int) -> CoarseStage:
        """Return the stage with the positions that vote ``factor`` times as far apart."""
        return CoarseStage(dataclasses.replace(self.stage, step=self.stage.step * factor), self.forest)

    def locate(self, view: View, landmarks: NDArray[np.int64] | None = None) -> tuple[Array, Array]:
        """Return the landmarks in a view, shape (n_landmarks, ndim), and their scores.

        Parameters
        ----------
        view : View
        landmarks : ndarray of int64, optional
            Those that are asked for; all if not given.
        """
        levels = _level(view, self.stage)
        stack = stack_boxes([levels], self.stage.box_sizes, feature_reach(self.stage))
        shape = view.picture.shape
        axes = [np.arange(0, n, self.stage.step) for n in shape]
        positions = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
        leaves = self.forest.find_leaves(stack, positions)
        smoothing = self.stage.smoothing * self.stage.resolution
        return vote(self.forest, leaves, positions, self._weights, shape, smoothing, landmarks)[:2]


class LocalStage:
    """One forest for each landmark, voting from the neighbourhood of a first guess, in a frame of its own.

    The frame is that in which the landmark's surroundings lie as in the mean shape: a finger that is bent or spread
    looks like one that is not.
    """

    def __init__(self, stage: StageSettings, forests: Sequence[VotingForest]) -> None:
        self.stage = stage
        self.forests = tuple(forests)
        length = stage.vote_length * stage.resolution
        self._weights = [weigh_votes(forest, stage.vote_weight, length) for forest in forests]
        ndim = forests[0].displacements_.shape[2]
        self._half = _half_side(stage)
        self._positions = _ball(stage.radius * stage.resolution, stage.step, ndim) + self._half

    @classmethod
    def fit(
        cls,
        stage: StageSettings,
        views: Sequence[View],
        landmarks: Sequence[Array],
        turns: Sequence[Array],
        seed: int,
        n_jobs: int,
        report: Callable[[float], None],
    ) -> LocalStage:
        """Learn from views and the landmarks in them; absent ones (NaN) are passed over.

        Parameters
        ----------
        stage : StageSettings
        views : sequence of View
        landmarks : sequence of ndarray of shape (n_landmarks, ndim)
            In the views' pixels.
        turns : sequence of ndarray of shape (n_landmarks, ndim, ndim)
            Each landmark's frame: the linear map from offsets in reference coordinates to those in its patch.
        seed, n_jobs : int
        report : callable
            Told the part that is done.
        """
        level = joblib.delayed(_level)
        levels = joblib.Parallel(n_jobs=n_jobs, prefer="threads")(level(view, stage) for view in views)
        truth = np.stack(landmarks)
        turn = np.stack([view.turn_from(own) for view, own in zip(views, turns, strict=True)])
        n_landmarks = truth.shape[1]
        grow = joblib.delayed(_fit_landmark)
        jobs = (grow(stage, levels, truth[:, k], turn[:, k], seed + k) for k in range(n_landmarks))
        forests = []
        # The kernels release the interpreter's lock, so threads do, and the views are shared.
        for forest in joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")(jobs):
            forests.append(forest)
            report(len(forests) / n_landmarks)
        return cls(stage, forests)

    def locate(self, view: View, starts: Array, turns: Array) -> tuple[Array, Array, tuple[VoteMap, ...]]:
        """Return the landmarks in a view, found near ``starts``, their scores and vote maps.

        Parameters
        ----------
        view : View
        starts : ndarray of shape (n_landmarks, ndim)
        turns : ndarray of shape (n_landmarks, ndim, ndim)
            See :meth:`fit`.

        Returns
        -------
        found : ndarray of shape (n_landmarks, ndim)
        scores : ndarray of shape (n_landmarks,)
        maps : tuple of VoteMap
            Their frames lead from the view's pixels.
        """
        levels = self.level(view)
        turns = view.turn_from(turns)
        votes = [self.vote_near(levels, k, start, turns[k]) for k, start in enumerate(starts)]
        found = np.stack([vote.positions[0] for vote in votes])
        return found, np.array([vote.heights[0] for vote in votes]), tuple(vote.map for vote in votes)

    def level(self, view: View) -> NDArray[np.float32]:
        """Return a view's grey levels, as :meth:`vote_near` wants them."""
        return _level(view, self.stage)

    def vote_near(
        self, levels: NDArray[np.float32], k: int, start: Array, turn: Array, n_peaks: int = 1
    ) -> NearbyVotes:
        """Let the neighbourhood of a place vote for landmark ``k``.

        Parameters
        ----------
        levels : ndarray of float32
            From :meth:`level`.
        k : int
        start : ndarray of shape (ndim,)
        turn : ndarray of shape (ndim, ndim)
            From offsets in the view to those in the patch.
        n_peaks : int
            Largest number of places to return.
        """
        to_patch = _patch_frame(start, turn, self._half)
        stack = _stack_patches([levels], [to_patch], self.stage, self._half)
        leaves = self.forests[k].find_leaves(stack, self._positions)
        shape = (2 * self._half + 1,) * levels.ndim
        smoothing = self.stage.smoothing * self.stage.resolution
        peaks, scores, surfaces = vote(self.forests[k], leaves, self._positions, self._weights[k], shape, smoothing)
        if n_peaks > 1:
            others = find_peaks(surfaces[0], 2 * round(smoothing) + 1, n_peaks)[1:]
            heights = surfaces[0][tuple(others.T)]
            high = heights > _LOWEST_PEAK * scores[0]
            peaks, scores = np.concatenate([peaks, others[high]]), np.concatenate([scores, heights[high]])
        return NearbyVotes(to_patch.inverse().apply(peaks), scores, VoteMap(surfaces[0], to_patch))


def _fit_landmark(
    stage: StageSettings, levels: Sequence[NDArray[np.float32]], truth: Array, turns: Array, seed: int
) -> VotingForest:
    rng = np.random.default_rng(seed)
    there = np.repeat(np.flatnonzero(~np.isnan(truth[:, 0])), stage.n_copies).tolist()
    half, ndim = _half_side(stage), truth.shape[1]
    frames = []
    for n in there:
        jitter = draw_jitter(rng, ndim, stage.max_rotation_rad, stage.max_log_scale)
        # The landmark lies anywhere in the patch's middle pixel, as it will when it is searched.
        middle = half + np.asarray(rng.uniform(-0.5, 0.5, ndim))
        frames.append(_patch_frame(truth[n], jitter.linear(ndim) @ turns[n], middle))
    stack = _stack_patches([levels[n] for n in there], frames, stage, half)
    landmarks = np.stack([frame.apply(truth[[n]])[0] for n, frame in zip(there, frames, strict=True)])
    images = np.repeat(np.arange(len(there)), stage.n_positions)
    offsets = _draw_in_ball(rng, len(images), ndim) * stage.radius * stage.resolution
    positions = np.round(landmarks[images] + offsets).astype(np.int64)
    displacements = (landmarks[images] - positions)[:, None].astype(np.float32)
    forest = VotingForest(settings=stage.forest, random_state=seed)
    return forest.fit(stack, images, positions, displacements, feature_reach(stage))


def _half_side(stage: StageSettings) -> int:
    """Return how far a patch reaches from its middle: all that a vote near its landmark looks at."""
    return int(np.ceil(stage.radius * stage.resolution)) + feature_reach(stage) + 2


def _patch_frame(centre: Array, turn: Array, middle: Array | int) -> Frame:
    return Frame.from_linear(turn, middle - turn @ centre)


def _stack_patches(
    levels: Sequence[NDArray[np.float32]], frames: Sequence[Frame], stage: StageSettings, half: int
) -> BoxStack:
    shape = (2 * half + 1,) * levels[0].ndim
    patches = [warp(picture, frame, shape) for picture, frame in zip(levels, frames, strict=True)]
    return stack_boxes(patches, stage.box_sizes, 0)


def _draw_in_ball(rng: np.random.Generator, n: int, ndim: int) -> Array:
    direction = rng.normal(size=(n, ndim))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return np.asarray(direction * rng.uniform(size=(n, 1)) ** (1.0 / ndim))


def _ball(radius: float, step: int, ndim: int) -> NDArray[np.int64]:
    reach = int(radius // step) * step
    axis = np.arange(-reach, reach + 1, step)
    offsets = np.stack([a.ravel() for a in np.meshgrid(*[axis] * ndim, indexing="ij")], axis=1)
    return np.asarray(offsets[(offsets**2).sum(axis=1) <= radius**2], dtype=np.int64)
