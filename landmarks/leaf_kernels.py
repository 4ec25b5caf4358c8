"""The compiled kernels that send positions down the trees and sum up what ends in each leaf.

They are apart from those that grow a tree, and call none of them: Numba's cache on disk notices a change in a kernel's
own file alone, so kernels that call each other stay in one file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import compiled

_TOGETHER = 16  # positions that go down a tree side by side


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
        From :func:`~boneage.landmarks.tree_kernels.grow_tree`.
    displacements : ndarray of float32, shape (n, n_landmarks, ndim)
        NaN where a landmark is absent: not counted.
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
    """Send positions down every tree; return the leaf in which each ends.

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
        for start in range(0, len(places), _TOGETHER):
            end = min(start + _TOGETHER, len(places))
            for i in range(start, end):
                leaves[i, tree] = roots[tree]
            moved = True
            while moved:
                moved = False
                for i in range(start, end):
                    node = leaves[i, tree]
                    child = nodes[node, 3]
                    if child > 0:
                        place = places[i]
                        response = np.int32(values[place + nodes[node, 0]]) - np.int32(values[place + nodes[node, 1]])
                        leaves[i, tree] = child + np.int32(response > nodes[node, 2])
                        moved = True
    return leaves


def pack_nodes(
    features: NDArray[np.int16],
    thresholds: NDArray[np.int32],
    children: NDArray[np.int32],
    strides: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Return all that a descent needs of each node, side by side in memory, for pictures of some strides.

    The columns are the two numbers of ``place_feature``, the threshold, and the left child.
    """
    half = features.shape[1] // 2
    wide: NDArray[Any] = features.astype(np.int64)
    first, second = wide[:, :half] @ strides[1:], wide[:, half:] @ strides[1:]
    return np.ascontiguousarray(np.stack([first, second, thresholds, children], axis=1), dtype=np.int32)
