"""The compiled kernels that grow a tree and drop positions down one. Any number of axes: all places are flat."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import compiled

MOST_TARGETS = 7  # coordinates that a split is scored on

_LANES, _LANE = 4, 16  # whole numbers in a word, and the bits of each
_COUNT_LANE = 3  # of the first word
_LOW_BITS = np.uint64(0xFFFF)
_HIGHEST = 32767
_TOGETHER = 16


@compiled
def _next_random(state: NDArray[np.uint64]) -> Any:
    """Advance a splitmix64 generator; a few instructions, and the same numbers on every machine."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled
def _below(state: NDArray[np.uint64], bound: int) -> Any:
    return np.int64((_next_random(state) >> np.uint64(33)) % np.uint64(bound))


@compiled
def draw_feature(state: NDArray[np.uint64], n_boxes: int, reach: int, feature: NDArray[np.int16]) -> None:
    """Draw two boxes and their offsets into ``feature``: (box, offset per axis) twice."""
    half = len(feature) // 2
    for begin in (0, half):
        bits = _next_random(state)  # sixteen are plenty for each: a box, and an offset along each of three axes
        feature[begin] = np.int16((bits & _LOW_BITS) * np.uint64(n_boxes) >> np.uint64(_LANE))
        for k in range(begin + 1, begin + half):
            bits >>= np.uint64(_LANE)
            feature[k] = np.int16(np.int64((bits & _LOW_BITS) * np.uint64(2 * reach + 1) >> np.uint64(_LANE)) - reach)


@compiled
def place_feature(feature: NDArray[np.int16], strides: NDArray[np.int64]) -> tuple[np.int64, np.int64]:
    """Return the two numbers that lead from a position to a feature's boxes in the flat array."""
    half = len(feature) // 2
    first = np.int64(0)
    second = np.int64(0)
    for k in range(half):
        first += np.int64(feature[k]) * strides[1 + k]
        second += np.int64(feature[half + k]) * strides[1 + k]
    return first, second


@compiled
def _pack_targets(
    targets: NDArray[np.float32], chosen: NDArray[np.int64], mean: NDArray[np.float32], packed: NDArray[np.int64]
) -> None:
    """Pack each chosen position's deviation from their mean, and the number 1, so that one sum adds up all of them.

    A word holds four whole numbers of sixteen bits: three coordinates and the 1, in the second word four more. They
    are in steps as small as let no sum of them overflow.
    """
    n, n_targets = len(chosen), targets.shape[1]
    mean[:] = 0.0
    for i in range(n):
        for k in range(n_targets):
            mean[k] += targets[chosen[i], k]
    mean /= np.float32(n)
    farthest = np.float32(1e-9)
    for i in range(n):
        for k in range(n_targets):
            farthest = max(farthest, abs(targets[chosen[i], k] - mean[k]))
    scale = np.float32(_HIGHEST // n - 1) / farthest
    for i in range(n):
        packed[i] = 0
        packed[i, 0] = np.int64(1) << np.int64(_COUNT_LANE * _LANE)
        for k in range(n_targets):
            lane = k if k < _COUNT_LANE else k + 1
            steps = np.int64(np.rint((targets[chosen[i], k] - mean[k]) * scale))
            packed[i, lane // _LANES] += steps << np.int64(lane % _LANES * _LANE)


@compiled
def _unpack(word: np.int64) -> tuple[np.int64, np.int64, np.int64, np.int64]:
    first = np.int64(np.int16(word))
    word = (word - first) >> np.int64(_LANE)
    second = np.int64(np.int16(word))
    word = (word - second) >> np.int64(_LANE)
    third = np.int64(np.int16(word))
    return first, second, third, (word - third) >> np.int64(_LANE)


@compiled
def _respond(
    values: NDArray[np.int16],
    places: NDArray[np.int64],
    first: np.int64,
    second: np.int64,
    responses: NDArray[np.int32],
) -> tuple[np.int32, np.int32]:
    """Fill in a feature's responses; return the lowest and the highest."""
    for i in range(len(places)):
        place = places[i]
        if place < 0:  # never; but it keeps the compiler from gathering with vectors, which is slower
            break
        # Unsigned, because a place that may be negative costs a look at its sign every time.
        responses[i] = np.int32(values[np.uint64(place + first)]) - np.int32(values[np.uint64(place + second)])
    low, high = np.int32(2**30), np.int32(-(2**30))
    for i in range(len(places)):
        low, high = min(low, responses[i]), max(high, responses[i])
    return low, high


@compiled
def _find_split(
    values: NDArray[np.int16],
    strides: NDArray[np.int64],
    places: NDArray[np.int64],
    packed: NDArray[np.int64],
    state: NDArray[np.uint64],
    n_boxes: int,
    reach: int,
    n_features: int,
    n_thresholds: int,
    min_leaf: int,
    candidate: NDArray[np.int16],
    responses: NDArray[np.int32],
    sums: NDArray[np.int64],
    best_feature: NDArray[np.int16],
) -> tuple[bool, np.int32]:
    """Try random features, each at equally spaced thresholds from a random one on; return the best threshold, if any.

    Both children together deviate least from their means where ``|S_L|^2 / (n_L n_R)`` is largest, since the
    deviations add up to nothing. Sums are of whole numbers, so nothing depends on the order in which they are added up.
    """
    n, two_words = len(places), packed.shape[1] == 2
    found, best, best_below, best_cut = False, np.int64(0), np.int64(1), np.int32(0)
    for _ in range(n_features):
        draw_feature(state, n_boxes, reach, candidate)
        shift = np.float32(_next_random(state) >> np.uint64(40)) * np.float32(2.0**-24)
        first, second = place_feature(candidate, strides)
        low, high = _respond(values, places, first, second, responses)
        if low == high:
            continue
        scale = np.float32(n_thresholds) / np.float32(high - low)
        sums[:] = 0
        for i in range(n):
            own = np.uint64(np.int32(np.float32(responses[i] - low) * scale + shift))
            sums[own, 0] += packed[i, 0]
            if two_words:
                sums[own, 1] += packed[i, 1]
        left, more = np.int64(0), np.int64(0)
        for part in range(n_thresholds):
            left += sums[part, 0]
            a, b, c, n_left = _unpack(left)
            score, below = a * a + b * b + c * c, n_left * (n - n_left)
            if two_words:
                more += sums[part, 1]
                a, b, c, d = _unpack(more)
                score += a * a + b * b + c * c + d * d
            score = score if (n_left >= min_leaf) & (n_left <= n - min_leaf) else np.int64(0)
            if score * best_below > best * below:
                found, best, best_below = True, score, below
                best_cut = np.int32(np.ceil(low + (part + 1 - shift) / scale)) - np.int32(1)
                best_feature[:] = candidate
    return found, best_cut


@compiled
def grow_tree(
    values: NDArray[np.int16],
    strides: NDArray[np.int64],
    places: NDArray[np.int64],
    targets: NDArray[np.float32],
    order: NDArray[np.int64],
    seed: int,
    n_boxes: int,
    reach: int,
    max_depth: int,
    n_features: int,
    n_thresholds: int,
    min_leaf: int,
    node_sample: int,
) -> tuple[NDArray[np.int16], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Grow one tree; see ``VotingForest``.

    Parameters
    ----------
    values : ndarray of int16, shape (size,)
        Flat box stack.
    strides : ndarray of int64
        Its strides: image, box, axes.
    places : ndarray of int64, shape (n,)
        Flat place of each training position.
    targets : ndarray of float32, shape (n, k)
        What the split is to make alike; k at most :data:`MOST_TARGETS`.
    order : ndarray of int64
        The positions this tree sees; reordered in place.
    seed, n_boxes, reach, max_depth, n_features, n_thresholds, min_leaf, node_sample : int

    Returns
    -------
    features : ndarray of int16, shape (n_nodes, 2 * (1 + ndim))
    thresholds : ndarray of int32, shape (n_nodes,)
    children : ndarray of int32, shape (n_nodes,)
        The left child; the right one follows it. 0 for a leaf.
    leaf_of : ndarray of int32, shape (n,)
        Node in which each position of ``order`` ends; -1 for the others.
    """
    n_samples, n_targets = len(order), targets.shape[1]
    width = 2 * (len(strides) - 1)
    capacity = min(1 << (max_depth + 1), 2 * max(n_samples // min_leaf, 1) + 1)
    features = np.zeros((capacity, width), np.int16)
    thresholds = np.zeros(capacity, np.int32)
    children = np.zeros(capacity, np.int32)
    begins, ends, depths = np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(capacity, np.int64)
    leaf_of = np.full(len(places), -1, np.int32)
    state = np.array([seed], np.uint64)
    chosen, packed = np.empty(node_sample, np.int64), np.empty((node_sample, 1 + n_targets // _LANES), np.int64)
    mean, responses = np.empty(n_targets, np.float32), np.empty(node_sample, np.int32)
    sums = np.empty((n_thresholds + 2, packed.shape[1]), np.int64)  # the last for what rounding lifts over the top
    candidate, best_feature, cut = np.zeros(width, np.int16), np.zeros(width, np.int16), np.int32(0)
    # Children come right after their parent, whose pictures' neighbourhoods the cache still holds.
    waiting = np.zeros(2 * max_depth + 2, np.int64)
    ends[0] = n_samples
    n_nodes, n_waiting = 1, 1
    while n_waiting > 0:
        n_waiting -= 1
        node = waiting[n_waiting]
        begin, end = begins[node], ends[node]
        size = end - begin
        found, middle = False, begin
        if depths[node] < max_depth and size >= 2 * min_leaf:
            n = _choose(order, begin, size, state, chosen)
            _pack_targets(targets, chosen[:n], mean, packed)
            found, cut = _find_split(
                values, strides, places[chosen[:n]], packed, state, n_boxes, reach, n_features, n_thresholds,
                max(1, min_leaf * n // size), candidate, responses, sums, best_feature,
            )  # fmt: skip
        if found:
            first, second = place_feature(best_feature, strides)
            middle = _partition(values, places, order, begin, end, first, second, cut)
        if middle - begin >= min_leaf and end - middle >= min_leaf:
            features[node], thresholds[node], children[node] = best_feature, cut, n_nodes
            begins[n_nodes], ends[n_nodes], depths[n_nodes] = begin, middle, depths[node] + 1
            begins[n_nodes + 1], ends[n_nodes + 1], depths[n_nodes + 1] = middle, end, depths[node] + 1
            waiting[n_waiting], waiting[n_waiting + 1] = n_nodes + 1, n_nodes
            n_nodes, n_waiting = n_nodes + 2, n_waiting + 2
        else:
            for i in range(begin, end):
                leaf_of[order[i]] = node
    return features[:n_nodes].copy(), thresholds[:n_nodes].copy(), children[:n_nodes].copy(), leaf_of


@compiled
def _choose(
    order: NDArray[np.int64], begin: int, size: int, state: NDArray[np.uint64], chosen: NDArray[np.int64]
) -> int:
    """Fill ``chosen`` from a node's positions, at random if there are more than fit; return how many there are."""
    n_chosen = min(size, len(chosen))
    for i in range(n_chosen):
        if size > len(chosen):  # a partial shuffle puts a random subset in front
            j = begin + i + _below(state, size - i)
            order[begin + i], order[j] = order[j], order[begin + i]
        chosen[i] = order[begin + i]
    return n_chosen


@compiled
def _partition(
    values: NDArray[np.int16],
    places: NDArray[np.int64],
    order: NDArray[np.int64],
    begin: int,
    end: int,
    first: np.int64,
    second: np.int64,
    cut: np.int32,
) -> int:
    left, right = begin, end
    while left < right:
        place = places[order[left]]
        if np.int32(values[place + first]) - np.int32(values[place + second]) <= cut:
            left += 1
        else:
            right -= 1
            order[left], order[right] = order[right], order[left]
    return left


@compiled
def accumulate_leaves(
    leaf_of: NDArray[np.int32],
    displacements: NDArray[np.float32],
    counts: NDArray[np.float64],
    sums: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    """Add up what ended in each node of a tree.

    Parameters
    ----------
    leaf_of : ndarray of int32, shape (n,)
        From :func:`grow_tree`.
    displacements : ndarray of float32, shape (n, n_landmarks, ndim)
        NaN counts for nothing.
    counts, squares : ndarray of float64, shape (n_nodes, n_landmarks)
        Numbers of displacements, and sums of their squared lengths; added to in place.
    sums : ndarray of float64, shape (n_nodes, n_landmarks, ndim)
        Added to in place.
    """
    for i in range(len(leaf_of)):
        node = leaf_of[i]
        if node < 0:
            continue
        for k in range(displacements.shape[1]):
            if np.isnan(displacements[i, k, 0]):
                continue
            counts[node, k] += 1
            square = 0.0
            for axis in range(displacements.shape[2]):
                length = np.float64(displacements[i, k, axis])
                sums[node, k, axis] += length
                square += length * length
            squares[node, k] += square


@compiled
def find_leaves(
    values: NDArray[np.int16], places: NDArray[np.int64], nodes: NDArray[np.int32], roots: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Drop positions down every tree.

    Parameters
    ----------
    values : ndarray of int16, shape (size,)
    places : ndarray of int64, shape (n,)
    nodes : ndarray of int32, shape (n_nodes, 4)
        From :func:`pack_nodes`.
    roots : ndarray of int32, shape (n_trees,)

    Returns
    -------
    ndarray of int32, shape (n, n_trees)
        Node in which each position ends.
    """
    # Each step waits for memory: several positions go down together, so that their waits overlap.
    leaves = np.empty((len(places), len(roots)), np.int32)
    for tree in range(len(roots)):
        for begin in range(0, len(places), _TOGETHER):
            end = min(begin + _TOGETHER, len(places))
            for i in range(begin, end):
                leaves[i, tree] = roots[tree]
            going = True
            while going:
                going = False
                for i in range(begin, end):
                    node = leaves[i, tree]
                    child = nodes[node, 3]
                    if child > 0:
                        place = places[i]
                        response = np.int32(values[place + nodes[node, 0]]) - np.int32(values[place + nodes[node, 1]])
                        leaves[i, tree] = child + np.int32(response > nodes[node, 2])
                        going = True
    return leaves


def pack_nodes(
    features: NDArray[np.int16],
    thresholds: NDArray[np.int32],
    children: NDArray[np.int32],
    strides: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Return all that a walk down needs of each node, side by side in memory, for pictures of some strides.

    The columns are the two numbers of ``place_feature``, the threshold, and the left child.
    """
    half = features.shape[1] // 2
    wide: NDArray[Any] = features.astype(np.int64)
    first, second = wide[:, :half] @ strides[1:], wide[:, half:] @ strides[1:]
    return np.ascontiguousarray(np.stack([first, second, thresholds, children], axis=1), dtype=np.int32)
