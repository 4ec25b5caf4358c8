"""One stage of the localiser: a forest for all landmarks over a whole view, or one for each landmark near a start."""

from __future__ import annotations

import copy
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
from boneage.landmarks.patches import PatchPlan, ball_grid, crop_patches, draw_patch_plan, half_side, patch_frame
from boneage.landmarks.settings import StageSettings
from boneage.landmarks.views import View
from boneage.landmarks.voting import VoteMap, find_peaks, vote, weigh_votes

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NearbyVotes:
    """The votes of a neighbourhood for one landmark, in a view's pixels.

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


@dataclass(frozen=True, eq=False)
class CoarseVotes:
    """What the positions of a view vote for.

    Parameters
    ----------
    stage : CoarseStage
    view : View
    positions : ndarray of int64, shape (n, ndim)
        In the view's pixels.
    leaves : ndarray of int32, shape (n, n_trees)
        Where each ends.
    """

    stage: CoarseStage
    view: View
    positions: NDArray[np.int64]
    leaves: NDArray[np.int32]

    def locate(self, window: tuple[Array, Array] | None = None) -> tuple[Array, Array]:
        """Return the landmarks, shape (n_landmarks, ndim), in the view's pixels, and their scores.

        Parameters
        ----------
        window : pair of ndarray of shape (ndim,), optional
            Lowest and highest pixel of the part of the view that votes; all of it if not given.
        """
        low, high = np.zeros(self.positions.shape[1], np.int64), np.array(self.view.picture.shape)
        positions, leaves = self.positions, self.leaves
        if window is not None:
            low = np.clip(np.floor(window[0]).astype(np.int64), 0, high - 1)
            high = np.clip(np.ceil(window[1]).astype(np.int64) + 1, low + 1, high)
            inside = ((positions >= low) & (positions < high)).all(axis=1)
            positions, leaves = positions[inside] - low, leaves[inside]
        peaks, scores, _ = self._vote(leaves, positions, tuple(high - low))
        return peaks + low, scores

    def list_peaks(self, n_peaks: int, min_ratio: float) -> list[Array]:
        """Return the places of the highest peaks of the votes for each landmark, in the view's pixels, highest first.

        Parameters
        ----------
        n_peaks : int
            Of a landmark, at most.
        min_ratio : float
            Height of a further peak, relative to the highest.
        """
        peaks, scores, maps = self._vote(self.leaves, self.positions, self.view.picture.shape)
        width = 2 * round(self._smoothing) + 1
        places = []
        for peak, score, votes in zip(peaks, scores, maps, strict=True):
            further = find_peaks(votes, width, n_peaks)[1:]
            high = votes[tuple(further.T)] > min_ratio * score
            places.append(np.concatenate([peak[None], further[high]]))
        return places

    @property
    def _smoothing(self) -> float:
        return self.stage.stage.smoothing * self.stage.stage.resolution

    def _vote(
        self,
        leaves: NDArray[np.int32],
        positions: NDArray[np.int64],
        shape: tuple[int, ...],
    ) -> tuple[Array, Array, NDArray[np.float32]]:
        return vote(self.stage.forest, leaves, positions, self.stage.weights, shape, self._smoothing)


def _normalise(view: View, stage: StageSettings, noise: float | None = None) -> NDArray[np.float32]:
    """Return a view's normalised grey levels, from which features are computed."""
    noise = stage.noise if noise is None else noise
    return normalise_contrast(view.picture, stage.contrast * view.resolution, stage.tone, noise)


class CoarseStage:
    """One forest that votes for all landmarks at once, from every part of the view."""

    def __init__(self, stage: StageSettings, forest: VotingForest) -> None:
        self.stage = stage
        self.forest = forest
        self.weights = weigh_votes(forest, stage.vote_weight, stage.vote_length * stage.resolution)

    @classmethod
    def fit(
        cls, stage: StageSettings, views: Sequence[View], landmarks: Sequence[Array], seed: int, n_jobs: int
    ) -> CoarseStage:
        """Learn from views of one shape and the landmarks in them, each of shape (n_landmarks, ndim)."""
        rng = np.random.default_rng(seed)
        reach = stage.feature_reach
        normalise = joblib.delayed(_normalise)
        levels = joblib.Parallel(n_jobs=n_jobs, prefer="threads")(normalise(view, stage) for view in views)
        stack = stack_boxes(levels, stage.box_sizes, reach)
        shape = np.array(views[0].picture.shape)
        n = stage.n_positions
        images = np.repeat(np.arange(len(views)), n)
        positions = rng.integers(0, shape, size=(len(images), len(shape)))
        displacements = np.empty((len(positions), *landmarks[0].shape), np.float32)
        for image, points in enumerate(landmarks):  # one by one: all together would not fit into the cache
            of_image = slice(image * n, (image + 1) * n)
            displacements[of_image] = points - positions[of_image, None]
        forest = VotingForest(settings=stage.forest, random_state=seed, n_jobs=n_jobs)
        forest.fit(stack, images, positions, displacements, reach)
        return cls(stage, forest)

    def coarsen(self, factor: int) -> CoarseStage:
        """Return the stage with the positions that vote ``factor`` times as far apart."""
        return CoarseStage(dataclasses.replace(self.stage, step=self.stage.step * factor), self.forest)

    def cast(self, view: View, noise: float | None = None) -> CoarseVotes:
        """Return the votes of a view.

        Parameters
        ----------
        view : View
        noise : float, optional
            Contrast of a neighbourhood that is taken to be flat; the stage's if not given.
        """
        levels = _normalise(view, self.stage, noise)
        stack = stack_boxes([levels], self.stage.box_sizes, self.stage.feature_reach)
        axes = [np.arange(0, n, self.stage.step) for n in view.picture.shape]
        positions = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
        return CoarseVotes(self, view, positions, self.forest.find_leaves(stack, positions))


class LocalStage:
    """One forest for each landmark, which votes from the neighbourhood of a start, in the landmark's local frame.

    In the local frame the landmark's neighbours lie as in the mean shape, so that the forest need not learn how a
    finger is bent or spread.
    """

    def __init__(self, stage: StageSettings, forests: Sequence[VotingForest]) -> None:
        self.stage = stage
        self.forests = tuple(forests)
        length = stage.vote_length * stage.resolution
        self._weights = [weigh_votes(forest, stage.vote_weight, length) for forest in forests]
        self._half_side = half_side(stage)
        self._positions = self._list_positions()

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

        1. Draw, for each landmark and each image that has it, where its patches are cropped.
        2. Crop them, image by image, so that no more images are held than there are threads.
        3. Grow the forests.

        Parameters
        ----------
        stage : StageSettings
        draw : callable
            Returns the view of an image, by its number, and the landmarks in it, shape (n_landmarks, ndim).
        turns : ndarray of shape (n_images, n_landmarks, ndim, ndim)
            Each landmark's local frame: the linear map from offsets in reference coordinates to those in its patch.
        present : ndarray of bool, shape (n_images, n_landmarks)
            Which landmarks are annotated; the others are not learnt from.
        seed, n_jobs : int
        report : callable
            Called with the part that is done.
        """
        n_images, n_landmarks, ndim = turns.shape[:3]
        plans = [draw_patch_plan(stage, np.flatnonzero(present[:, k]), ndim, seed + k) for k in range(n_landmarks)]
        half = half_side(stage)

        def crop(image: int) -> list[list[tuple[NDArray[np.int16], Array]]]:
            view, truth = draw(image)
            levels, turn = _normalise(view, stage), view.turn_from(turns[image])
            return [crop_patches(levels, truth[k], turn[k], plan, image, half) for k, plan in enumerate(plans)]

        def grow(k: int, n_threads: int = 1) -> VotingForest:
            return _grow_forest(stage, plans[k], [patch for image in crops for patch in image[k]], seed + k, n_threads)

        # The kernels release the interpreter's lock: threads suffice, which need no copies.
        parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
        crops = list(parallel(joblib.delayed(crop)(image) for image in range(n_images)))
        n_parallel = n_landmarks - n_landmarks % joblib.effective_n_jobs(n_jobs)
        parallel_forests = parallel(joblib.delayed(grow)(k) for k in range(n_parallel))
        last_forests = (grow(k, n_jobs) for k in range(n_parallel, n_landmarks))  # fewer than there are threads
        forests = []
        for forest in itertools.chain(parallel_forests, last_forests):
            forests.append(forest)
            report(len(forests) / n_landmarks)
        return cls(stage, forests)

    def _list_positions(self) -> NDArray[np.int64]:
        """Return the positions of a patch that vote."""
        ndim = self.forests[0].displacements_.shape[2]
        return ball_grid(self.stage.radius * self.stage.resolution, self.stage.step, ndim) + self._half_side

    def coarsen(self, factor: int) -> LocalStage:
        """Return the stage with the positions that vote ``factor`` times as far apart."""
        coarser = copy.copy(self)  # shares the forests and their weights
        coarser.stage = dataclasses.replace(self.stage, step=self.stage.step * factor)
        coarser._positions = coarser._list_positions()
        return coarser

    def normalise(self, view: View) -> NDArray[np.float32]:
        """Return a view's normalised grey levels, the input of :meth:`vote_near`."""
        return _normalise(view, self.stage)

    def vote_near(
        self,
        levels: NDArray[np.float32],
        k: int,
        start: Array,
        turn: Array,
        n_peaks: int = 1,
        min_peak_ratio: float = 0.0,
    ) -> NearbyVotes:
        """Let the neighbourhood of a place vote for landmark ``k``.

        Parameters
        ----------
        levels : ndarray of float32
            From :meth:`normalise`.
        k : int
        start : ndarray of shape (ndim,)
        turn : ndarray of shape (ndim, ndim)
            From offsets in the view to those in the patch.
        n_peaks : int
            Largest number of places to return.
        min_peak_ratio : float
            Height of a further peak, relative to the highest.
        """
        to_patch, leaves = self._find_leaves(levels, k, start, turn)
        peaks, scores, surfaces = self._vote(k, leaves)
        if n_peaks > 1:
            smoothing = self._smoothing
            further = find_peaks(surfaces[0], 2 * round(smoothing) + 1, n_peaks)[1:]
            heights = surfaces[0][tuple(further.T)]
            high = heights > min_peak_ratio * scores[0]
            peaks, scores = np.concatenate([peaks, further[high]]), np.concatenate([scores, heights[high]])
        return NearbyVotes(to_patch.inverse().apply(peaks), scores, VoteMap(surfaces[0], to_patch))

    def ask_trees(self, levels: NDArray[np.float32], k: int, start: Array, turn: Array) -> Array:
        """Return where the votes of each tree alone for landmark ``k`` peak, shape (n_trees, ndim).

        Parameters
        ----------
        levels, k, start, turn
            As in :meth:`vote_near`.
        """
        to_patch, leaves = self._find_leaves(levels, k, start, turn)
        peaks = [self._vote(k, leaves[:, [tree]])[0][0] for tree in range(leaves.shape[1])]
        return to_patch.inverse().apply(np.stack(peaks))

    @property
    def _smoothing(self) -> float:
        return self.stage.smoothing * self.stage.resolution

    def _find_leaves(
        self, levels: NDArray[np.float32], k: int, start: Array, turn: Array
    ) -> tuple[Frame, NDArray[np.int32]]:
        """Return the frame from the view to the patch around a place, and the leaves of the patch's positions."""
        to_patch = patch_frame(start, turn, self._half_side)
        shape = (2 * self._half_side + 1,) * levels.ndim
        stack = stack_boxes([warp(levels, to_patch, shape)], self.stage.box_sizes, 0)
        return to_patch, self.forests[k].find_leaves(stack, self._positions)

    def _vote(self, k: int, leaves: NDArray[np.int32]) -> tuple[Array, Array, NDArray[np.float32]]:
        """Return the peak of the votes of some leaves for landmark ``k`` in the patch, its height, and the map."""
        shape = (2 * self._half_side + 1,) * self._positions.shape[1]
        return vote(self.forests[k], leaves, self._positions, self._weights[k], shape, self._smoothing)


def _grow_forest(
    stage: StageSettings, plan: PatchPlan, patches: Sequence[tuple[NDArray[np.int16], Array]], seed: int, n_jobs: int
) -> VotingForest:
    stack = stack_boxes([patch for patch, _ in patches], stage.box_sizes, 0)
    landmarks = np.stack([place for _, place in patches])
    images = np.repeat(np.arange(len(patches)), stage.n_positions)
    positions = np.round(landmarks[images] + plan.offsets).astype(np.int64)
    displacements = (landmarks[images] - positions)[:, None].astype(np.float32)
    forest = VotingForest(settings=stage.forest, random_state=seed, n_jobs=n_jobs)
    return forest.fit(stack, images, positions, displacements, stage.feature_reach)
