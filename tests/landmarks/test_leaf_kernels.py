import numpy as np

from boneage.landmarks.leaf_kernels import accumulate_leaves, find_leaves, pack_nodes
from tests.landmarks.test_tree_kernels import grow


def test_every_position_ends_in_the_leaf_it_was_learnt_in():
    values, strides, places, _, (features, thresholds, children, leaf_of) = grow()
    nodes = pack_nodes(features, thresholds, children, strides)
    found = find_leaves(values.reshape(-1), places, nodes, np.zeros(1, np.int32))
    assert np.array_equal(found[:, 0], leaf_of)


def test_leaves_sum_the_displacements_of_their_positions_and_leave_out_absent_landmarks():
    leaf_of = np.array([1, 2, 1, -1], np.int32)
    displacements = np.array([[[3.0, 4.0]], [[1.0, 0.0]], [[0.0, 2.0]], [[9.0, 9.0]]], np.float32).repeat(2, axis=1)
    displacements[2, 1] = np.nan
    counts, sums, squares = np.zeros((3, 2)), np.zeros((3, 2, 2)), np.zeros((3, 2))
    accumulate_leaves(leaf_of, displacements, counts, sums, squares)
    assert counts.tolist() == [[0, 0], [2, 1], [1, 1]]
    assert sums[1].tolist() == [[3, 6], [3, 4]]
    assert squares.tolist() == [[0, 0], [29, 25], [1, 1]]
