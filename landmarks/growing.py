"""The compiled kernels that grow a tree and drop positions down one. Any number of axes: all places are flat."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.compiling import compiled

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
def _unit(state: NDArray[np.uint64]) -> Any:
    return np.float64(_next_random(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def draw_feature(state: NDArray[np.uint64], n_boxes: int, reach: int, feature: NDArray[np.int16]) -> None:
    """Draw two boxes and their offsets into ``feature``: (box, offset per axis) twice."""
    half = len(feature) // 2
    for k in range(len(feature)):
        feature[k] = _below(state, n_boxes) if k % half == 0 else _below(state, 2 * reach + 1) - reach


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
def _score_split(
    bins: NDArray[np.int32],
    targets: NDArray[np.float32],
    cuts: NDArray[np.int32],
    counts: NDArray[np.int64],
    sums: NDArray[np.float32],
    min_leaf: int,
) -> tuple[float, np.int32]:
    """Return the best of the thresholds by ``|S_L|^2 / n_L + |S_R|^2 / n_R``, from sums per bin in one pass."""
    n_cuts, n_targets = len(cuts), targets.shape[1]
    counts[:] = 0
    sums[:] = 0.0
    for i in range(len(bins)):
        own = np.uint64(bins[i])
        counts[own] += 1
        if n_targets == 2:  # the usual number, without a loop
            sums[own, 0] += targets[i, 0]
            sums[own, 1] += targets[i, 1]
        else:
            for k in range(n_targets):
                sums[own, k] += targets[i, k]
    for bin_ in range(1, n_cuts + 1):  # make them cumulative
        counts[bin_] += counts[bin_ - 1]
        for k in range(n_targets):
            sums[bin_, k] += sums[bin_ - 1, k]
    best, best_cut = -1.0, np.int32(0)
    for bin_ in range(n_cuts):
        n_left, n_right = counts[bin_], counts[n_cuts] - counts[bin_]
        if n_left < min_leaf or n_right < min_leaf:
            continue
        left, right = np.float32(0.0), np.float32(0.0)
        for k in range(n_targets):
            left += sums[bin_, k] ** 2
            right += (sums[n_cuts, k] - sums[bin_, k]) ** 2
        score = left / n_left + right / n_right
        if score > best:
            best, best_cut = score, cuts[bin_]
    return best, best_cut


@compiled
def _respond(
    values: NDArray[np.int16],
    places: NDArray[np.int64],
    first: np.int64,
    second: np.int64,
    responses: NDArray[np.int32],
) -> tuple[np.int32, np.int32]:
    """Fill in a feature's responses; return the lowest and the highest."""
    low, high = np.int32(2**30), np.int32(-(2**30))
    for i in range(len(places)):
        # Unsigned, because a place that may be negative costs a look at its sign every time.
        response = np.int32(values[np.uint64(places[i] + first)]) - np.int32(values[np.uint64(places[i] + second)])
        responses[i] = response
        low, high = min(low, response), max(high, response)
    return low, high


@compiled
def _draw_cuts(state: NDArray[np.uint64], low: np.int32, high: np.int32, cuts: NDArray[np.int32]) -> None:
    """Draw one threshold in each of as many equal parts of the range, so that they come in order."""
    n = len(cuts)
    for k in range(n):
        cuts[k] = low + np.int32((k + _unit(state)) * (high - low) / n)


@compiled
def _sort_into_bins(responses: NDArray[np.int32], cuts: NDArray[np.int32], low: np.int32, high: np.int32) -> None:
    """Put in place of each response the number of thresholds below it: that of its part of the range, or one more."""
    scale = np.float32(len(cuts) / (high - low))
    for i in range(len(responses)):
        part = min(np.int32(np.float32(responses[i] - low) * scale), np.int32(len(cuts) - 1))
        responses[i] = part + np.int32(responses[i] > cuts[np.uint64(part)])


@compiled
def _find_split(
    values: NDArray[np.int16],
    strides: NDArray[np.int64],
    places: NDArray[np.int64],
    targets: NDArray[np.float32],
    state: NDArray[np.uint64],
    n_boxes: int,
    reach: int,
    n_features: int,
    n_thresholds: int,
    min_leaf: int,
    best_feature: NDArray[np.int16],
) -> tuple[float, np.int32]:
    """Try random features at random thresholds; return the best score (-1 if none splits) and threshold."""
    candidate = np.zeros(len(best_feature), np.int16)
    responses = np.empty(len(places), np.int32)
    cuts = np.empty(n_thresholds, np.int32)
    counts = np.empty(n_thresholds + 1, np.int64)
    sums = np.empty((n_thresholds + 1, targets.shape[1]), np.float32)
    best, best_cut = -1.0, np.int32(0)
    for _ in range(n_features):
        draw_feature(state, n_boxes, reach, candidate)
        first, second = place_feature(candidate, strides)
        low, high = _respond(values, places, first, second, responses)
        if low == high:
            continue
        _draw_cuts(state, low, high, cuts)
        _sort_into_bins(responses, cuts, low, high)
        score, cut = _score_split(responses, targets, cuts, counts, sums, min_leaf)
        if score > best:
            best, best_cut = score, cut
            best_feature[:] = candidate
    return best, best_cut


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
        What the split is to make alike.
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
    n_samples = len(order)
    width = 2 * (len(strides) - 1)
    capacity = min(1 << (max_depth + 1), 2 * max(n_samples // min_leaf, 1) + 1)
    features = np.zeros((capacity, width), np.int16)
    thresholds = np.zeros(capacity, np.int32)
    children = np.zeros(capacity, np.int32)
    begins, ends, depths = np.zeros(capacity, np.int64), np.zeros(capacity, np.int64), np.zeros(capacity, np.int64)
    leaf_of = np.full(len(places), -1, np.int32)
    best_feature, best_cut = np.zeros(width, np.int16), np.int32(0)
    state = np.array([seed], np.uint64)
    chosen = np.empty(node_sample, np.int64)
    ends[0] = n_samples
    n_nodes, node = 1, 0
    while node < n_nodes:
        begin, end = begins[node], ends[node]
        size = end - begin
        best = -1.0
        if depths[node] < max_depth and size >= 2 * min_leaf and n_nodes + 2 <= capacity:
            n_chosen = _choose(order, begin, size, state, chosen)
            best, best_cut = _find_split(
                values, strides, places[chosen[:n_chosen]], targets[chosen[:n_chosen]], state, n_boxes, reach,
                n_features, n_thresholds, max(1, min_leaf * n_chosen // size), best_feature,
            )  # fmt: skip
        middle = begin
        if best >= 0.0:
            first, second = place_feature(best_feature, strides)
            middle = _partition(values, places, order, begin, end, first, second, best_cut)
        if middle - begin >= min_leaf and end - middle >= min_leaf:
            features[node], thresholds[node], children[node] = best_feature, best_cut, n_nodes
            begins[n_nodes], ends[n_nodes], depths[n_nodes] = begin, middle, depths[node] + 1
            begins[n_nodes + 1], ends[n_nodes + 1], depths[n_nodes + 1] = middle, end, depths[node] + 1
            n_nodes += 2
        else:
            for i in range(begin, end):
                leaf_of[order[i]] = node
        node += 1
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
