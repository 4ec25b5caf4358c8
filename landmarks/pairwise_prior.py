"""A pairwise prior of landmark positions: predicts a landmark from others, and chooses one candidate for each.

The votes for a landmark may have several peaks: the joint, and that of the next finger. Each landmark's position is one
of a few candidates. The cost of a pair of candidates grows with the Mahalanobis distance of their offset from those of
the training shapes; the set of least total cost is found by message passing, in a pairwise Markov random field as in
[1]_. Positions are only chosen, never moved: no shape is fitted to the votes.

References
----------
.. [1] Donner, Menze, Bischof, Langs, "Global localization of 3D anatomical structures by pre-filtered Hough forests
   and discrete optimization", Medical Image Analysis 17(8), 2013.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.shapes import NoSimilarity, fit_similarities
from boneage.landmarks.search_settings import PriorSettings
from boneage.landmarks.similarity import refit_similarity

Array = NDArray[np.float64]


class PairwisePrior:
    """Offsets between the landmarks of a shape, and how they vary, in reference coordinates.

    Parameters
    ----------
    mean_shape : ndarray of shape (n_landmarks, ndim)
    anchor_sets : ndarray of int, shape (n_landmarks, n_sets, ndim)
        Sets of other landmarks from which the position of each is predicted, the best first.
    pairs : ndarray of int, shape (n_pairs, 2)
    offsets : ndarray of shape (n_pairs, ndim)
        Mean offset from the first to the second.
    precisions : ndarray of shape (n_pairs, ndim, ndim)
        Inverse covariance of the offset.
    least_distances : ndarray of shape (n_landmarks, n_landmarks)
        Of two landmarks in any training shape; 0 where it is not known.
    settings : PriorSettings
    """

    def __init__(
        self,
        mean_shape: Array,
        anchor_sets: NDArray[np.int64],
        pairs: NDArray[np.int64],
        offsets: Array,
        precisions: Array,
        least_distances: Array,
        settings: PriorSettings,
    ) -> None:
        self.mean_shape = mean_shape
        self.anchor_sets = anchor_sets
        self.pairs = pairs
        self.offsets = offsets
        self.precisions = precisions
        self.least_distances = least_distances
        self.settings = settings

    @classmethod
    def fit(cls, shapes: Array, mean_shape: Array, settings: PriorSettings) -> Self:
        """Learn from shapes in reference coordinates, shape (n_shapes, n_landmarks, ndim); NaN where absent."""
        anchor_sets = find_anchor_sets(shapes, mean_shape, settings.n_anchor_sets, settings.n_nearest)
        return cls(mean_shape, anchor_sets, *_learn_pairs(shapes, settings), _measure_least(shapes), settings)

    @classmethod
    def flat(cls, mean_shape: Array) -> Self:
        """Return a prior by which all sets of candidates are equally plausible: the votes alone decide."""
        n, ndim = mean_shape.shape
        pairs, offsets, precisions = np.zeros((0, 2), np.int64), np.zeros((0, ndim)), np.zeros((0, ndim, ndim))
        anchor_sets = np.zeros((n, 0, ndim), np.int64)
        return cls(mean_shape, anchor_sets, pairs, offsets, precisions, np.zeros((n, n)), PriorSettings())

    def predict_from_anchors(self, positions: Array) -> tuple[Array, Array]:
        """Return each landmark's position as predicted by each of its anchor sets, shape (n_landmarks, n_sets, ndim).

        NaN where a landmark of the set is absent. The second array, shape (n_landmarks, n_sets, ndim, ndim), has the
        linear maps from the mean shape by which the sets predict.
        """
        linear, offset = fit_similarities(
            self.mean_shape[self.anchor_sets], positions[self.anchor_sets], np.ones(self.anchor_sets.shape)
        )
        return np.asarray((linear @ self.mean_shape[:, None, :, None])[..., 0] + offset), linear

    def choose(self, candidates: Sequence[Array], heights: Sequence[Array]) -> NDArray[np.int64]:
        """Return which candidate of each landmark belongs to the most plausible set, whatever the shape's rotation.

        Parameters
        ----------
        candidates : sequence of ndarray of shape (n_candidates, ndim)
            Of each landmark; at least one.
        heights : sequence of ndarray of shape (n_candidates,)
            Height of the votes at each.

        Returns
        -------
        ndarray of int, shape (n_landmarks,)
        """
        n, most = len(candidates), max(len(c) for c in candidates)
        weight, lowest = self.settings.vote_weight, self.settings.min_height
        places, cost = np.full((n, most, self.mean_shape.shape[1]), np.nan), np.full((n, most), 1e9)
        for k, (place, height) in enumerate(zip(candidates, heights, strict=True)):
            places[k, : len(place)] = place
            cost[k, : len(place)] = -weight * np.log(np.maximum(height / max(float(height.max()), lowest), lowest))
        highest = np.array([int(height.argmax()) for height in heights])
        turn = self._estimate_rotation(
            places[np.arange(n), highest], np.array([float(height.max()) for height in heights])
        )
        first, second = self.pairs.T
        distances = self._squared_distances(places[first][:, :, None], places[second][:, None, :], turn)
        free, most_costly = self.settings.free_distance, self.settings.max_cost
        pairwise = np.nan_to_num(np.clip(distances - free, 0.0, most_costly))
        crowded, crowding = self._find_crowded(places)
        first, second = np.concatenate([self.pairs, crowded]).T
        return _pass_messages(cost, np.concatenate([pairwise, crowding]), first, second, self.settings)

    def _find_crowded(self, places: Array) -> tuple[NDArray[np.int64], Array]:
        """Return the pairs of landmarks of which two candidates lie in one place, and the costs of these.

        Parameters
        ----------
        places : ndarray of shape (n_landmarks, n_candidates, ndim)
            NaN where there is no candidate.
        """
        first, second = np.triu_indices(len(places), 1)
        least = self.settings.crowding_ratio * self.least_distances[first, second]
        low, high = np.nanmin(places, axis=1), np.nanmax(places, axis=1)
        apart = np.maximum(low[second] - high[first], low[first] - high[second]).max(axis=1) >= least
        first, second, least = first[~apart], second[~apart], least[~apart]
        distances = np.linalg.norm(places[first][:, :, None] - places[second][:, None, :], axis=-1)
        near = distances < least[:, None, None]
        some = near.any(axis=(1, 2))
        return np.stack([first[some], second[some]], axis=1), self.settings.max_cost * near[some]

    def find_outliers(self, positions: Array) -> NDArray[np.bool_]:
        """Return which landmarks lie to most others they make pairs with as in no training shape; shape (n_landmarks,).

        Parameters
        ----------
        positions : ndarray of shape (n_landmarks, ndim)
            In reference coordinates; an absent landmark is NaN, and no outlier.
        """
        first, second = self.pairs.T
        distances = self._measure_pairs(positions)
        counts = np.zeros((2, len(positions)))
        for ends in (first, second):
            np.add.at(counts[0], ends, distances > self.settings.outlying_distance)  # NaN is not greater
            np.add.at(counts[1], ends, np.isfinite(distances))
        return np.asarray(2 * counts[0] > counts[1])

    def measure_misfit(self, positions: Array) -> float:
        """Return how unlike those of the training shapes the offsets of landmarks are; 0 if all are the mean ones.

        The mean of ``log(1 + d)``, where ``d`` is the squared Mahalanobis distance of a pair's offset: a few misplaced
        landmarks do not outweigh all others.

        Parameters
        ----------
        positions : ndarray of shape (n_landmarks, ndim)
            In reference coordinates; none is absent.
        """
        distances = self._measure_pairs(positions)
        return float(np.log1p(distances).mean()) if len(distances) else 0.0

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt as arrays."""
        return {
            "anchor_sets": self.anchor_sets,
            "pairs": self.pairs,
            "offsets": self.offsets,
            "precisions": self.precisions,
            "least_distances": self.least_distances,
        }

    @classmethod
    def from_arrays(cls, mean_shape: Array, arrays: Mapping[str, NDArray[Any]], settings: PriorSettings) -> Self:
        """Rebuild a prior.

        Raises
        ------
        ValueError, KeyError
            If arrays are missing or do not fit together.
        """
        n, ndim = mean_shape.shape
        anchor_sets, pairs = (np.asarray(arrays[name], dtype=np.int64) for name in ("anchor_sets", "pairs"))
        offsets, precisions, least_distances = (
            np.asarray(arrays[name], dtype=np.float64) for name in ("offsets", "precisions", "least_distances")
        )
        shapes = (
            anchor_sets.ndim == 3
            and len(anchor_sets) == n
            and pairs.shape == (len(pairs), 2)
            and offsets.shape == (len(pairs), ndim)
            and precisions.shape == (len(pairs), ndim, ndim)
            and least_distances.shape == (n, n)
        )
        inside = all(((index >= 0) & (index < n)).all() for index in (anchor_sets, pairs))
        finite = all(np.isfinite(numbers).all() for numbers in (offsets, precisions, least_distances))
        if not (shapes and inside and finite):
            raise ValueError("the pairwise prior does not fit the landmarks")
        return cls(mean_shape, anchor_sets, pairs, offsets, precisions, least_distances, settings)

    def _measure_pairs(self, positions: Array) -> Array:
        """Return the squared Mahalanobis distance of each pair's offset, shape (n_pairs,)."""
        first, second = self.pairs.T
        turn = self._estimate_rotation(positions, np.ones(len(positions)))
        places = positions[:, None, None]
        return np.asarray(self._squared_distances(places[first], places[second], turn)[:, 0, 0])

    def _estimate_rotation(self, positions: Array, weights: Array) -> Array:
        """Return the rotation and scale, shape (ndim, ndim), in which most landmarks lie as in the mean shape.

        The pose that they were found in may be wrong by more than training shapes vary, and some landmarks are
        misplaced. Of few landmarks, the pose is taken as it is.
        """
        s = self.settings
        if len(positions) >= s.min_landmarks:
            with contextlib.suppress(NoSimilarity):
                tolerance, n_refits = s.rotation_tolerance, s.n_refits
                frame, _ = refit_similarity(positions, self.mean_shape, weights, tolerance, weights, n_refits)
                return np.asarray(frame.matrix[:-1, :-1])
        return np.eye(positions.shape[1])

    def _squared_distances(self, first: Array, second: Array, turn: Array) -> Array:
        """Return squared Mahalanobis distances of rotated offsets; positions of shape (n_pairs, a, b, ndim)."""
        deviation = (second - first) @ turn.T - self.offsets[:, None, None, :]
        return np.asarray(np.einsum("eija,eab,eijb->eij", deviation, self.precisions, deviation))


def find_anchor_sets(shapes: Array, mean_shape: Array, n_sets: int, n_nearest: int) -> NDArray[np.int64]:
    """Return the sets of ``ndim`` nearby landmarks that best predict each, shape (n_landmarks, n_sets, ndim).

    The similarity that takes such a set to the mean shape should take the landmark to its place there.
    """
    n, ndim = mean_shape.shape
    nearest = _find_nearest(mean_shape, n_nearest)
    anchor_sets = []
    for k in range(n):
        sets = np.array(list(combinations(nearest[k].tolist(), min(ndim, n - 1))))
        best = _measure_anchor_sets(shapes, mean_shape, k, sets).argsort(kind="stable")[:n_sets]
        anchor_sets.append(sets[np.resize(best, n_sets)])
    return np.array(anchor_sets)


def find_neighbours(shapes: Array, mean_shape: Array, n_neighbours: int, n_nearest: int) -> NDArray[np.int64]:
    """Return for each landmark the others that, together, best predict it, shape (n_landmarks, n_neighbours).

    They are chosen among the ``n_nearest`` nearest: a set of ``ndim``, then one more at a time. There may be fewer than
    asked for.
    """
    n = len(mean_shape)
    nearest = _find_nearest(mean_shape, n_nearest)
    neighbours = find_anchor_sets(shapes, mean_shape, 1, n_nearest)[:, 0]
    while neighbours.shape[1] < min(n_neighbours, nearest.shape[1]):
        grown = []
        for k in range(n):
            sets = np.array([[*neighbours[k], other] for other in nearest[k] if other not in neighbours[k]])
            grown.append(sets[_measure_anchor_sets(shapes, mean_shape, k, sets).argmin()])
        neighbours = np.array(grown)
    return neighbours


def _find_nearest(mean_shape: Array, n: int) -> NDArray[np.int64]:
    """Return each landmark's nearest others in the mean shape, shape (n_landmarks, n_nearest)."""
    distances = np.linalg.norm(mean_shape[:, None] - mean_shape, axis=2)
    return np.asarray(distances.argsort(axis=1)[:, 1 : n + 1])


def _measure_anchor_sets(shapes: Array, mean_shape: Array, k: int, sets: NDArray[np.int64]) -> Array:
    """Return the mean squared error with which each set predicts landmark ``k``; 1 for shapes that it cannot."""
    linear, offset = fit_similarities(shapes[:, sets], mean_shape[sets], np.ones(sets.shape))
    predicted = (linear @ shapes[:, None, k, :, None])[..., 0] + offset
    return np.asarray(np.nan_to_num(((predicted - mean_shape[k]) ** 2).sum(axis=-1), nan=1.0).mean(axis=0))


def _measure_least(shapes: Array) -> Array:
    """Return the least distance of any two landmarks in one shape, (n_landmarks, n_landmarks); 0 where never seen."""
    least = np.full((shapes.shape[1],) * 2, np.inf)
    for shape in shapes:
        least = np.fmin(least, np.linalg.norm(shape[:, None] - shape, axis=2))
    return np.where(np.isfinite(least), least, 0.0)


def _learn_pairs(shapes: Array, settings: PriorSettings) -> tuple[NDArray[np.int64], Array, Array]:
    """Pair each landmark with those to which its offset varies least; return pairs, mean offsets, precisions."""
    n, ndim = shapes.shape[1:]
    offsets = shapes[:, None, :, :] - shapes[:, :, None, :]  # (shape, from, to, axis)
    count = np.isfinite(offsets[..., 0]).sum(axis=0)
    mean = np.nan_to_num(offsets).sum(axis=0) / np.maximum(count, 1)[..., None]
    deviation = np.nan_to_num(offsets - mean)
    covariance = np.einsum("sfta,sftb->ftab", deviation, deviation) / np.maximum(count - 1, 1)[..., None, None]
    covariance += settings.min_deviation**2 * np.eye(ndim)
    spread = np.linalg.det(covariance)
    spread[(count < 2) | np.eye(n, dtype=bool)] = np.inf
    chosen = {
        (min(k, other), max(k, other))
        for k in range(n)
        for other in spread[k].argsort()[: settings.n_partners].tolist()
        if np.isfinite(spread[k, other])
    }
    pairs = np.array(sorted(chosen), dtype=np.int64).reshape(-1, 2)
    first, second = pairs.T
    return pairs, mean[first, second], np.linalg.inv(covariance[first, second])


def _pass_messages(
    cost: Array, pairwise: Array, first: NDArray[np.int64], second: NDArray[np.int64], settings: PriorSettings
) -> NDArray[np.int64]:
    """Return the states of (nearly) least total cost, by damped min-sum message passing."""
    kept = settings.damping
    forth, back = np.zeros((len(first), cost.shape[1])), np.zeros((len(first), cost.shape[1]))

    def sum_messages() -> Array:
        belief = cost.copy()
        np.add.at(belief, second, forth)
        np.add.at(belief, first, back)
        return belief

    for _ in range(settings.n_iterations):
        belief = sum_messages()
        to_second = ((belief[first] - back)[:, :, None] + pairwise).min(axis=1)
        to_first = ((belief[second] - forth)[:, None, :] + pairwise).min(axis=2)
        forth = kept * forth + (1 - kept) * (to_second - to_second.min(axis=1, keepdims=True))
        back = kept * back + (1 - kept) * (to_first - to_first.min(axis=1, keepdims=True))
    return np.asarray(sum_messages().argmin(axis=1))
