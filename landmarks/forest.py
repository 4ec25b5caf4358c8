"""The regression-voting forest: where a position lies relative to the landmarks, as votes in leaves."""

from __future__ import annotations

from typing import Any, Self

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from boneage.landmarks.features import BoxStack
from boneage.landmarks.leaf_kernels import accumulate_leaves, find_leaves, pack_nodes
from boneage.landmarks.settings import ForestSettings
from boneage.landmarks.tree_kernels import MOST_TARGETS, Samples, SplitRule, grow_tree

_STEPS_PER_PIXEL = 4  # votes are rounded to quarters of a pixel, which float16 holds exactly up to 512 pixels
_MAX_CACHED_SHAPES = 16  # of pictures; the nodes are packed for each shape, and cached


class VotingForest:
    """A random forest that regresses displacements to landmarks from box features.

    A split minimises the summed squared deviation of the displacements in the two children. Where there are
    more than seven displacement coordinates, as with one forest for all landmarks, the seven principal ones are
    used for scoring splits; they hold nearly all of the variance. Leaves hold the mean displacement to each
    landmark and its spread.

    Parameters
    ----------
    settings : ForestSettings
    random_state : int
    n_jobs : int
        Trees grown at once; the forest is the same for any number.

    Attributes
    ----------
    displacements_ : ndarray of float32, shape (n_nodes, n_landmarks, ndim)
        Mean displacement in each leaf, in pixels; zeros in inner nodes.
    spreads_ : ndarray of float32, shape (n_nodes, n_landmarks)
        Root mean squared deviation from it; -1 in inner nodes, and in leaves all of whose training positions come from
        pictures without the landmark.
    """

    def __init__(self, *, settings: ForestSettings, random_state: int = 0, n_jobs: int = 1) -> None:
        self.settings = settings
        self.random_state = random_state
        self.n_jobs = n_jobs
        self._packed_nodes: dict[tuple[int, ...], NDArray[np.int32]] = {}

    def fit(
        self,
        stack: BoxStack,
        images: NDArray[np.integer],
        positions: NDArray[np.integer],
        displacements: NDArray[np.float32],
        reach: int,
    ) -> Self:
        """Grow the trees.

        Parameters
        ----------
        stack : BoxStack
        images : ndarray of int, shape (n,)
            Which picture of the stack each training position lies in.
        positions : ndarray of int, shape (n, ndim)
        displacements : ndarray of float32, shape (n, n_landmarks, ndim)
            From each position to each landmark, in pixels; NaN where the landmark is absent.
        reach : int
            Largest offset of a feature's box, in pixels; the stack reaches as far beyond every position.
        """
        last = np.array(stack.values.shape[2:]) - 1
        if ((positions + stack.pad < reach) | (positions + stack.pad > last - reach)).any():
            raise ValueError(f"a feature's box, up to {reach} pixels from a position, would lie outside the stack")
        n = len(displacements)
        targets = _split_targets(displacements.reshape(n, -1))
        samples = Samples(stack.values.reshape(-1), stack.strides, stack.flat(images, positions), targets)
        s = self.settings
        rule = SplitRule(stack.values.shape[1], reach, s.max_depth, s.n_features, s.n_thresholds, s.min_leaf)

        def grow(seeds: np.random.SeedSequence) -> tuple[NDArray[Any], ...]:
            rng = np.random.default_rng(seeds)
            order = rng.permutation(n)[: max(round(s.tree_fraction * n), 1)]
            tree = grow_tree(samples, order, int(rng.integers(2**63)), rule, s.node_sample)
            votes = _fill_leaves(tree.leaf_of, len(tree.children), displacements)
            return tree.features, tree.thresholds, tree.children, *votes

        seeds = np.random.SeedSequence(self.random_state).spawn(s.n_trees)
        # The kernels release the interpreter's lock: threads suffice, which need no copies.
        trees = joblib.Parallel(n_jobs=self.n_jobs, prefer="threads")(joblib.delayed(grow)(seed) for seed in seeds)
        self._join(trees)
        return self

    def find_leaves(self, stack: BoxStack, positions: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return the leaf in which each position of a one-picture stack ends in every tree, shape (n, n_trees)."""
        if not hasattr(self, "features_"):
            raise NotFittedError("this VotingForest is not fitted yet")
        strides = stack.strides
        key = tuple(strides.tolist())
        nodes = self._packed_nodes.get(key)
        if nodes is None:
            nodes = pack_nodes(self.features_, self.thresholds_, self.children_, strides)
            # A dictionary that other threads may read is replaced, never changed.
            cached = self._packed_nodes if len(self._packed_nodes) < _MAX_CACHED_SHAPES else {}
            self._packed_nodes = {**cached, key: nodes}
        places = stack.flat(np.zeros(len(positions), np.int64), positions)
        return np.asarray(find_leaves(stack.values.reshape(-1), places, nodes, self.roots_))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt as arrays."""
        names = ("features_", "thresholds_", "children_", "roots_", "displacements_", "spreads_")
        arrays = {name.rstrip("_"): getattr(self, name) for name in names}
        return arrays | {name: arrays[name].astype(np.float16) for name in ("displacements", "spreads")}

    @classmethod
    def from_arrays(cls, settings: ForestSettings, arrays: dict[str, NDArray[Any]], n_boxes: int, reach: int) -> Self:
        """Rebuild a forest, checking all that the compiled kernels trust.

        Raises
        ------
        ValueError
            If arrays are missing, do not fit together, or point outside each other or the pictures.
        """
        forest = cls(settings=settings)
        dtypes = {"features": np.int16, "thresholds": np.int32, "children": np.int32, "roots": np.int32}
        for name in ("features", "thresholds", "children", "roots", "displacements", "spreads"):
            if name not in arrays:
                raise ValueError(f"the forest lacks its {name}")
            setattr(forest, f"{name}_", np.ascontiguousarray(arrays[name], dtype=dtypes.get(name, np.float32)))
        forest._packed_nodes = {}
        forest._check(n_boxes, reach)
        return forest

    def _join(self, trees: list[tuple[NDArray[Any], ...]]) -> None:
        sizes = [len(tree[0]) for tree in trees]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
        self.features_ = np.concatenate([tree[0] for tree in trees])
        self.thresholds_ = np.concatenate([tree[1] for tree in trees])
        shifted = [np.where(t[2] > 0, t[2] + start, 0) for t, start in zip(trees, starts, strict=True)]
        self.children_ = np.concatenate(shifted).astype(np.int32)
        self.displacements_ = np.concatenate([tree[3] for tree in trees])
        self.spreads_ = np.concatenate([tree[4] for tree in trees])
        self.roots_ = starts
        self._packed_nodes = {}

    def _check(self, n_boxes: int, reach: int) -> None:
        n_nodes, ndim = len(self.children_), self.displacements_.shape[-1]
        shapes = (
            self.features_.shape == (n_nodes, 2 * (1 + ndim))
            and self.thresholds_.shape == (n_nodes,)
            and self.displacements_.ndim == 3
            and self.spreads_.shape == self.displacements_.shape[:2]
            and len(self.displacements_) == n_nodes
            and self.roots_.ndim == 1
            and len(self.roots_) > 0
        )
        if not shapes:
            raise ValueError("the forest's arrays do not fit together")
        inner = np.flatnonzero(self.children_ != 0)
        # A child lies behind its parent, so no walk down can go round in circles.
        if (self.children_[inner] <= inner).any() or (self.children_[inner] + 1 >= n_nodes).any():
            raise ValueError("the forest's children point outside the forest")
        if (self.roots_ < 0).any() or (self.roots_ >= n_nodes).any():
            raise ValueError("the forest's roots point outside the forest")
        half = 1 + ndim
        boxes, offsets = self.features_[:, [0, half]], np.delete(self.features_, [0, half], axis=1)
        if ((boxes < 0) | (boxes >= n_boxes)).any() or (np.abs(offsets.astype(np.int32)) > reach).any():
            raise ValueError("the forest's features point outside the pictures")
        if not (np.isfinite(self.displacements_).all() and np.isfinite(self.spreads_).all()):
            raise ValueError("the forest's votes must be finite")


def _fill_leaves(
    leaf_of: NDArray[np.int32], n_nodes: int, displacements: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean displacements and the spreads of a tree's nodes; see :class:`VotingForest`."""
    _, n_landmarks, ndim = displacements.shape
    shape = (n_nodes, n_landmarks)
    counts, sums, squares = np.zeros(shape), np.zeros((*shape, ndim)), np.zeros(shape)
    accumulate_leaves(leaf_of, displacements, counts, sums, squares)
    filled = counts > 0
    sums, squares = sums[filled] / counts[filled][:, None], squares[filled] / counts[filled]
    means, spreads = np.zeros((*shape, ndim), np.float32), np.full(shape, -1.0, np.float32)
    # A quarter of a pixel is finer than votes are, and makes model files a good deal smaller.
    means[filled] = np.round(sums.astype(np.float32) * _STEPS_PER_PIXEL) / _STEPS_PER_PIXEL
    spread = np.sqrt(np.maximum(squares - (sums**2).sum(axis=1), 0.0))
    spreads[filled] = np.round(spread.astype(np.float32) * _STEPS_PER_PIXEL) / _STEPS_PER_PIXEL
    return means, spreads


def _split_targets(displacements: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the principal coordinates of the centred displacements; an absent landmark counts as average."""
    if np.isnan(displacements).any():
        centred = np.nan_to_num(displacements - np.nanmean(displacements, axis=0), nan=0.0)
    else:
        centred = displacements - displacements.mean(axis=0)
    if centred.shape[1] > MOST_TARGETS:
        _, vectors = np.linalg.eigh(centred.T @ centred)
        centred = centred @ vectors[:, : -MOST_TARGETS - 1 : -1]
    return np.ascontiguousarray(centred, dtype=np.float32)
