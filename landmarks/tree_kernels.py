"""The compiled kernels that grow a tree. Any number of axes: all places are flat.

A node tries random box features [1]_ at equally spaced thresholds and takes the split whose children deviate least from
their mean displacements, as in regression-voting forests [2]_.

References
----------
.. [1] Ebner, Stern, Donner, Bischof, Urschler, "Towards automatic bone age estimation from MRI: localization of 3D
   anatomical landmarks", MICCAI 2014.
.. [2] Gall, Lempitsky, "Class-specific Hough forests for object detection", CVPR 2009.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import compiled

MOST_TARGETS = 7  # coordinates that a split is scored on

_LANES, _LANE_BITS = 4, 16  # whole numbers in a word, and the bits of each
_COUNT_LANE = 3  # of the first word
_LOW_BITS = np.uint64(0xFFFF)
_MAX_LANE_SUM = 32767  # largest number that a lane holds


class Samples(NamedTuple):
    """What a tree is grown from.

    Parameters
    ----------
    values : ndarray of int16, shape (size,)
        Flat box stack.
    strides : ndarray of int64
        Its strides: image, box, axes.
    places : ndarray of int64, shape (n,)
        Flat place of each training position.
    targets : ndarray of float32, shape (n, k)
        What a split makes alike in each child; k at most :data:`MOST_TARGETS`.
    """

    values: NDArray[np.int16]
    strides: NDArray[np.int64]
    places: NDArray[np.int64]
    targets: NDArray[np.float32]


class SplitRule(NamedTuple):
    """Which features and thresholds a node tries, and where a tree ends; see ``ForestSettings``."""

    n_boxes: int
    reach: int
    max_depth: int
    n_features: int
    n_thresholds: int
    min_leaf: int


class Tree(NamedTuple):
    """A tree.

    Parameters
    ----------
    features : ndarray of int16, shape (n_nodes, 2 * (1 + ndim))
    thresholds : ndarray of int32, shape (n_nodes,)
    children : ndarray of int32, shape (n_nodes,)
        The left child; the right one follows it. 0 for a leaf.
    leaf_of : ndarray of int32, shape (n,)
        Node in which each training position ends; -1 for those that the tree was not grown from.
    """

    features: NDArray[np.int16]
    thresholds: NDArray[np.int32]
    children: NDArray[np.int32]
    leaf_of: NDArray[np.int32]


class _Buffers(NamedTuple):
    """Arrays that the nodes of a tree write to in turn: a node's sample, and the feature that it tries."""

    state: NDArray[np.uint64]
    chosen: NDArray[np.int64]
    packed: NDArray[np.int64]
    mean: NDArray[np.float32]
    responses: NDArray[np.int32]
    sums: NDArray[np.int64]
    candidate: NDArray[np.int16]
    best_feature: NDArray[np.int16]


@compiled
def _next_random(state: NDArray[np.uint64]) -> Any:
    """Advance a splitmix64 generator; a few instructions, and the same numbers on every machine."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled
def _draw_below(state: NDArray[np.uint64], bound: int) -> Any:
    """Return a random whole number from 0 to ``bound - 1``."""
    return np.int64((_next_random(state) >> np.uint64(33)) % np.uint64(bound))


@compiled
def draw_feature(state: NDArray[np.uint64], n_boxes: int, reach: int, feature: NDArray[np.int16]) -> None:
    """Draw two boxes and their offsets into ``feature``: (box, offset per axis) twice."""
    half = len(feature) // 2
    for start in (0, half):
        bits = _next_random(state)  # sixteen are plenty for each: a box, and an offset along each of three axes
        feature[start] = np.int16((bits & _LOW_BITS) * np.uint64(n_boxes) >> np.uint64(_LANE_BITS))
        for k in range(start + 1, start + half):
            bits >>= np.uint64(_LANE_BITS)
            feature[k] = np.int16(
                np.int64((bits & _LOW_BITS) * np.uint64(2 * reach + 1) >> np.uint64(_LANE_BITS)) - reach
            )


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
    scale = np.float32(_MAX_LANE_SUM // n - 1) / farthest
    for i in range(n):
        packed[i] = 0
        packed[i, 0] = np.int64(1) << np.int64(_COUNT_LANE * _LANE_BITS)
        for k in range(n_targets):
            lane = k if k < _COUNT_LANE else k + 1
            steps = np.int64(np.rint((targets[chosen[i], k] - mean[k]) * scale))
            packed[i, lane // _LANES] += steps << np.int64(lane % _LANES * _LANE_BITS)


@compiled
def _unpack(word: np.int64) -> tuple[np.int64, np.int64, np.int64, np.int64]:
    """Return the four whole numbers of a word that :func:`_pack_targets` made, or of a sum of such words."""
    first = np.int64(np.int16(word))
    word = (word - first) >> np.int64(_LANE_BITS)
    second = np.int64(np.int16(word))
    word = (word - second) >> np.int64(_LANE_BITS)
    third = np.int64(np.int16(word))
    return first, second, third, (word - third) >> np.int64(_LANE_BITS)


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
        if place < 0:  # never; but it keeps the compiler from vector gathers, which are slower
            break
        # Unsigned, because a place that may be negative costs a check of its sign every time.
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
    rule: SplitRule,
    min_leaf: int,
    buffers: _Buffers,
) -> tuple[bool, np.int32]:
    """Try random features, each at equally spaced thresholds from a random one on; return the best threshold, if any.

    Both children together deviate least from their means where ``|S_L|^2 / (n_L n_R)`` is largest, since the
    deviations add up to 0. Sums are of whole numbers, so that they do not depend on the order of addition.
    """
    state, _, packed, _, responses, sums, candidate, best_feature = buffers
    n_boxes, reach, _, n_features, n_thresholds, _ = rule
    n, two_words = len(places), packed.shape[1] == 2
    found, best, best_below, best_threshold = False, np.int64(0), np.int64(1), np.int32(0)
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
            interval = np.uint64(np.int32(np.float32(responses[i] - low) * scale + shift))
            sums[interval, 0] += packed[i, 0]
            if two_words:
                sums[interval, 1] += packed[i, 1]
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
                best_threshold = np.int32(np.ceil(low + (part + 1 - shift) / scale)) - np.int32(1)
                best_feature[:] = candidate
    return found, best_threshold


@compiled
def _choose(
    order: NDArray[np.int64], start: int, size: int, state: NDArray[np.uint64], chosen: NDArray[np.int64]
) -> int:
    """Fill ``chosen`` from a node's positions, at random if there are more than fit; return how many there are."""
    n_chosen = min(size, len(chosen))
    for i in range(n_chosen):
        if size > len(chosen):  # a partial shuffle puts a random subset in front
            j = start + i + _draw_below(state, size - i)
            order[start + i], order[j] = order[j], order[start + i]
        chosen[i] = order[start + i]
    return n_chosen


@compiled
def _partition(
    values: NDArray[np.int16],
    places: NDArray[np.int64],
    order: NDArray[np.int64],
    start: int,
    end: int,
    first: np.int64,
    second: np.int64,
    threshold: np.int32,
) -> int:
    """Bring the positions whose response is at most the threshold to the front; return where the others start."""
    left, right = start, end
    while left < right:
        place = places[order[left]]
        if np.int32(values[place + first]) - np.int32(values[place + second]) <= threshold:
            left += 1
        else:
            right -= 1
            order[left], order[right] = order[right], order[left]
    return left


@compiled
def _grow_nodes(samples: Samples, order: NDArray[np.int64], rule: SplitRule, buffers: _Buffers, tree: Tree) -> int:
    """Fill in the nodes of a tree, from the root down; return how many there are."""
    values, strides, places, targets = samples
    features, thresholds, children, leaf_of = tree
    max_depth, min_leaf, best_feature = rule.max_depth, rule.min_leaf, buffers.best_feature
    capacity = len(children)
    starts, ends, depths = np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(capacity, np.int64)
    # Children come right after their parent, whose pictures' neighbourhoods the cache still holds.
    waiting = np.zeros(2 * max_depth + 2, np.int64)
    ends[0] = len(order)
    n_nodes, n_waiting = 1, 1
    while n_waiting > 0:
        n_waiting -= 1
        node = waiting[n_waiting]
        start, end = starts[node], ends[node]
        size = end - start
        found, middle, threshold = False, start, np.int32(0)
        if depths[node] < max_depth and size >= 2 * min_leaf:
            n = _choose(order, start, size, buffers.state, buffers.chosen)
            chosen = buffers.chosen[:n]
            _pack_targets(targets, chosen, buffers.mean, buffers.packed)
            smallest = max(1, min_leaf * n // size)
            found, threshold = _find_split(values, strides, places[chosen], rule, smallest, buffers)
        if found:
            first, second = place_feature(best_feature, strides)
            middle = _partition(values, places, order, start, end, first, second, threshold)
        if middle - start >= min_leaf and end - middle >= min_leaf:
            features[node], thresholds[node], children[node] = best_feature, threshold, n_nodes
            starts[n_nodes], ends[n_nodes], depths[n_nodes] = start, middle, depths[node] + 1
            starts[n_nodes + 1], ends[n_nodes + 1], depths[n_nodes + 1] = middle, end, depths[node] + 1
            waiting[n_waiting], waiting[n_waiting + 1] = n_nodes + 1, n_nodes
            n_nodes, n_waiting = n_nodes + 2, n_waiting + 2
        else:
            for i in range(start, end):
                leaf_of[order[i]] = node
    return n_nodes


def grow_tree(samples: Samples, order: NDArray[np.int64], seed: int, rule: SplitRule, node_sample: int) -> Tree:
    """Grow one tree; see :class:`~boneage.landmarks.forest.VotingForest`.

    Parameters
    ----------
    samples : Samples
    order : ndarray of int64
        The positions this tree is grown from; reordered in place.
    seed : int
    rule : SplitRule
    node_sample : int
        A node with more positions than this scores its splits on so many of them.
    """
    n_targets, width = samples.targets.shape[1], 2 * (len(samples.strides) - 1)
    capacity = min(1 << (rule.max_depth + 1), 2 * max(len(order) // rule.min_leaf, 1) + 1)
    tree = Tree(
        features=np.zeros((capacity, width), np.int16),
        thresholds=np.zeros(capacity, np.int32),
        children=np.zeros(capacity, np.int32),
        leaf_of=np.full(len(samples.places), -1, np.int32),
    )
    n_words = 1 + n_targets // _LANES
    buffers = _Buffers(
        state=np.array([seed], np.uint64),
        chosen=np.empty(node_sample, np.int64),
        packed=np.empty((node_sample, n_words), np.int64),
        mean=np.empty(n_targets, np.float32),
        responses=np.empty(node_sample, np.int32),
        sums=np.empty((rule.n_thresholds + 2, n_words), np.int64),  # the last for what rounding lifts over the top
        candidate=np.zeros(width, np.int16),
        best_feature=np.zeros(width, np.int16),
    )
    n_nodes = _grow_nodes(samples, order, rule, buffers, tree)
    return Tree(
        tree.features[:n_nodes].copy(), tree.thresholds[:n_nodes].copy(), tree.children[:n_nodes].copy(), tree.leaf_of
    )
