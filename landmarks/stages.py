"""One stage of the localiser: a forest for all landmarks over a whole view, or one each near a first guess."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import joblib
import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, warp
from boneage.landmarks.features import normalise_contrast, stack_boxes
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
    return normalise_contrast(view.picture, stage.contrast * view.resolution, stage.tone)


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
        level = joblib.delayed(_level)
        levels = joblib.Parallel(n_jobs=n_jobs, prefer="threads")(level(view, stage) for view in views)
        stack = stack_boxes(levels, stage.box_sizes, reach)
        shape = np.array(views[0].picture.shape)
        n = stage.n_positions
        images = np.repeat(np.arange(len(views)), n)
        positions = rng.integers(0, shape, size=(len(images), len(shape)))
        displacements = np.empty((len(positions), *landmarks[0].shape), np.float32)
        for image, points in enumerate(landmarks):  # one by one: what all take together would not fit into the cache
            own = slice(image * n, (image + 1) * n)
            displacements[own] = points - positions[own, None]
        forest = VotingForest(settings=stage.forest, random_state=seed, n_jobs=n_jobs)
        forest.fit(stack, images, positions, displacements, reach)
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
        draw: Callable[[int], tuple[View, Array]],
        turns: Array,
        present: NDArray[np.bool_],
        seed: int,
        n_jobs: int,
        report: Callable[[float], None],
    ) -> LocalStage:
        """Learn from views and the landmarks in them.

        1. Draw, for each landmark and each image that has it, how its patches lie.
        2. Cut them out, image by image, so that no more images are held than there are threads.
        3. Grow the forests.

        Parameters
        ----------
        stage : StageSettings
        draw : callable
            Returns the view of an image, by its number, and the landmarks in it, shape (n_landmarks, ndim).
        turns : ndarray of shape (n_images, n_landmarks, ndim, ndim)
            Each landmark's frame: the linear map from offsets in reference coordinates to those in its patch.
        present : ndarray of bool, shape (n_images, n_landmarks)
            Which landmarks are annotated; the others are passed over.
        seed, n_jobs : int
        report : callable
            Told the part that is done.
        """
        n_images, n_landmarks, ndim = turns.shape[:3]
        plans = [_draw_plan(stage, np.flatnonzero(present[:, k]), ndim, seed + k) for k in range(n_landmarks)]
        half = _half_side(stage)

        def cut(image: int) -> list[list[tuple[NDArray[np.int16], Array]]]:
            view, truth = draw(image)
            levels, turn = _level(view, stage), view.turn_from(turns[image])
            return [_cut_patches(levels, truth[k], turn[k], plan, image, half) for k, plan in enumerate(plans)]

        def grow(k: int, n_threads: int = 1) -> VotingForest:
            return _grow_forest(stage, plans[k], [patch for image in cuts for patch in image[k]], seed + k, n_threads)

        # The kernels release the interpreter's lock, so threads do, and nothing is copied.
        parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
        cuts = list(parallel(joblib.delayed(cut)(image) for image in range(n_images)))
        together = n_landmarks - n_landmarks % joblib.effective_n_jobs(n_jobs)
        most = parallel(joblib.delayed(grow)(k) for k in range(together))
        rest = (grow(k, n_jobs) for k in range(together, n_landmarks))  # fewer than there are threads
        forests = []
        for forest in itertools.chain(most, rest):
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
        shape = (2 * self._half + 1,) * levels.ndim
        stack = stack_boxes([warp(levels, to_patch, shape)], self.stage.box_sizes, 0)
        leaves = self.forests[k].find_leaves(stack, self._positions)
        smoothing = self.stage.smoothing * self.stage.resolution
        peaks, scores, surfaces = vote(self.forests[k], leaves, self._positions, self._weights[k], shape, smoothing)
        if n_peaks > 1:
            others = find_peaks(surfaces[0], 2 * round(smoothing) + 1, n_peaks)[1:]
            heights = surfaces[0][tuple(others.T)]
            high = heights > _LOWEST_PEAK * scores[0]
            peaks, scores = np.concatenate([peaks, others[high]]), np.concatenate([scores, heights[high]])
        return NearbyVotes(to_patch.inverse().apply(peaks), scores, VoteMap(surfaces[0], to_patch))


@dataclass(frozen=True, eq=False)
class _Plan:
    """How a landmark's training patches lie, and the positions in them.

    Parameters
    ----------
    images : ndarray of int, shape (n_patches,)
        The image of each patch, in order.
    linears : list of ndarray of shape (ndim, ndim)
        How each is turned and scaled.
    middles : list of ndarray of shape (ndim,)
        Where in it the landmark lies: anywhere in the middle pixel, as it will when it is searched.
    offsets : ndarray of shape (n_patches * n_positions, ndim)
        Of the training positions from the landmark, in the stage's pixels.
    """

    images: NDArray[np.int64]
    linears: list[Array]
    middles: list[Array]
    offsets: Array


def _draw_plan(stage: StageSettings, images: NDArray[np.int64], ndim: int, seed: int) -> _Plan:
    rng = np.random.default_rng(seed)
    chosen, half = np.repeat(images, stage.n_copies), _half_side(stage)
    linears, middles = [], []
    for _ in chosen:
        linears.append(draw_jitter(rng, ndim, stage.max_rotation_rad, stage.max_log_scale).linear(ndim))
        middles.append(half + np.asarray(rng.uniform(-0.5, 0.5, ndim)))
    offsets = _draw_in_ball(rng, len(chosen) * stage.n_positions, ndim) * stage.radius * stage.resolution
    return _Plan(chosen, linears, middles, offsets)


def _cut_patches(
    levels: NDArray[np.float32], place: Array, turn: Array, plan: _Plan, image: int, half: int
) -> list[tuple[NDArray[np.int16], Array]]:
    """Return a landmark's patches of an image, and where in each it lies."""
    cut = []
    for n in np.flatnonzero(plan.images == image).tolist():
        frame = _patch_frame(place, plan.linears[n] @ turn, plan.middles[n])
        patch = warp(levels, frame, (2 * half + 1,) * levels.ndim)
        cut.append((np.rint(patch).astype(np.int16), frame.apply(place[None])[0]))
    return cut


def _grow_forest(
    stage: StageSettings, plan: _Plan, patches: Sequence[tuple[NDArray[np.int16], Array]], seed: int, n_jobs: int
) -> VotingForest:
    stack = stack_boxes([patch for patch, _ in patches], stage.box_sizes, 0)
    landmarks = np.stack([place for _, place in patches])
    images = np.repeat(np.arange(len(patches)), stage.n_positions)
    positions = np.round(landmarks[images] + plan.offsets).astype(np.int64)
    displacements = (landmarks[images] - positions)[:, None].astype(np.float32)
    forest = VotingForest(settings=stage.forest, random_state=seed, n_jobs=n_jobs)
    return forest.fit(stack, images, positions, displacements, feature_reach(stage))


def _half_side(stage: StageSettings) -> int:
    """Return how far a patch reaches from its middle: all that a vote near its landmark looks at."""
    return int(np.ceil(stage.radius * stage.resolution)) + feature_reach(stage) + 2


def _patch_frame(centre: Array, turn: Array, middle: Array | int) -> Frame:
    return Frame.from_linear(turn, middle - turn @ centre)


def _draw_in_ball(rng: np.random.Generator, n: int, ndim: int) -> Array:
    direction = rng.normal(size=(n, ndim))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return np.asarray(direction * rng.uniform(size=(n, 1)) ** (1.0 / ndim))


def _ball(radius: float, step: int, ndim: int) -> NDArray[np.int64]:
    reach = int(radius // step) * step
    axis = np.arange(-reach, reach + 1, step)
    offsets = np.stack([a.ravel() for a in np.meshgrid(*[axis] * ndim, indexing="ij")], axis=1)
    return np.asarray(offsets[(offsets**2).sum(axis=1) <= radius**2], dtype=np.int64)
