"""One stage of the localiser: a forest for all landmarks over a whole view, or one each near a first guess."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import joblib
import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame
from boneage.landmarks.features import BoxStack, stack_boxes
from boneage.landmarks.forest import VotingForest
from boneage.landmarks.settings import StageSettings
from boneage.landmarks.views import View
from boneage.landmarks.voting import VoteMap, vote, weigh_votes

Array = NDArray[np.float64]


def feature_reach(stage: StageSettings) -> int:
    """Return the largest offset of a feature's boxes, in the stage's pixels."""
    return max(round(stage.feature_range * stage.resolution), 1)


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
        stack = stack_boxes([view.picture for view in views], stage.box_sizes, reach)
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

    def locate(self, view: View) -> tuple[Array, Array]:
        """Return the landmarks in a view, shape (n_landmarks, ndim), and their scores."""
        stack = stack_boxes([view.picture], self.stage.box_sizes, feature_reach(self.stage))
        shape = view.picture.shape
        axes = [np.arange(0, n, self.stage.step) for n in shape]
        positions = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
        leaves = self.forest.find_leaves(stack, positions)
        smoothing = self.stage.smoothing * self.stage.resolution
        peaks, scores, _ = vote(self.forest, leaves, positions, self._weights, shape, smoothing)
        return peaks, scores


class LocalStage:
    """One forest for each landmark, voting from the neighbourhood of a first guess."""

    def __init__(self, stage: StageSettings, forests: Sequence[VotingForest]) -> None:
        self.stage = stage
        self.forests = tuple(forests)
        length = stage.vote_length * stage.resolution
        self._weights = [weigh_votes(forest, stage.vote_weight, length) for forest in forests]
        self._ball = _ball(stage.radius * stage.resolution, stage.step, forests[0].displacements_.shape[2])

    @classmethod
    def fit(
        cls,
        stage: StageSettings,
        views: Sequence[View],
        landmarks: Sequence[Array],
        seed: int,
        n_jobs: int,
        report: Callable[[float], None],
    ) -> LocalStage:
        """Learn from views of one shape and the landmarks in them; absent ones (NaN) are passed over."""
        reach = feature_reach(stage)
        stack = stack_boxes([view.picture for view in views], stage.box_sizes, reach)
        truth = np.stack(landmarks)
        n_landmarks = truth.shape[1]
        grow = joblib.delayed(_fit_landmark)
        jobs = (grow(stage, stack, truth[:, k], seed + k, reach) for k in range(n_landmarks))
        forests = []
        # The kernels release the interpreter's lock, so threads do, and the stack is shared.
        for forest in joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")(jobs):
            forests.append(forest)
            report(len(forests) / n_landmarks)
        return cls(stage, forests)

    def locate(self, view: View, starts: Array) -> tuple[Array, Array, tuple[VoteMap, ...]]:
        """Return the landmarks in a view, found near ``starts`` (n_landmarks, ndim), their scores and vote maps.

        The maps' frames lead from the view's pixels.
        """
        stack = stack_boxes([view.picture], self.stage.box_sizes, feature_reach(self.stage))
        smoothing = self.stage.smoothing * self.stage.resolution
        half = 2 * int(np.ceil(self.stage.radius * self.stage.resolution))
        last = np.array(view.picture.shape) - 1
        peaks, scores, maps = np.empty_like(starts), np.empty(len(starts)), []
        for k, (forest, weights) in enumerate(zip(self.forests, self._weights, strict=True)):
            middle = np.clip(np.round(starts[k]).astype(np.int64), 0, last)
            positions = middle + self._ball
            positions = positions[((positions >= 0) & (positions <= last)).all(axis=1)]
            leaves = forest.find_leaves(stack, positions)
            origin = middle - half
            shape = (2 * half + 1,) * len(last)
            peak, score, surface = vote(forest, leaves, positions - origin, weights, shape, smoothing)
            peaks[k], scores[k] = peak[0] + origin, score[0]
            maps.append(VoteMap(surface[0], Frame.from_linear(np.eye(len(last)), -origin)))
        return peaks, scores, tuple(maps)


def _fit_landmark(stage: StageSettings, stack: BoxStack, truth: Array, seed: int, reach: int) -> VotingForest:
    rng = np.random.default_rng(seed)
    there = np.flatnonzero(~np.isnan(truth[:, 0]))
    images = np.repeat(there, stage.n_positions)
    places = truth[images] + _draw_in_ball(rng, len(images), truth.shape[1]) * stage.radius * stage.resolution
    last = np.array(stack.values.shape[2:]) - 2 * stack.pad - 1
    positions = np.clip(np.round(places).astype(np.int64), 0, last)
    displacements = (truth[images] - positions)[:, None].astype(np.float32)
    forest = VotingForest(settings=stage.forest, random_state=seed)
    return forest.fit(stack, images, positions, displacements, reach)


def _draw_in_ball(rng: np.random.Generator, n: int, ndim: int) -> Array:
    direction = rng.normal(size=(n, ndim))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return np.asarray(direction * rng.uniform(size=(n, 1)) ** (1.0 / ndim))


def _ball(radius: float, step: int, ndim: int) -> NDArray[np.int64]:
    reach = int(radius // step) * step
    axis = np.arange(-reach, reach + 1, step)
    offsets = np.stack([a.ravel() for a in np.meshgrid(*[axis] * ndim, indexing="ij")], axis=1)
    return np.asarray(offsets[(offsets**2).sum(axis=1) <= radius**2], dtype=np.int64)
