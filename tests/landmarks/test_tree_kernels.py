import numpy as np
import pytest

from boneage.landmarks.tree_kernels import Samples, SplitRule, _pack_targets, _unpack, draw_feature, grow_tree


def stripes():
    """A picture whose left half is dark and right half bright: one split separates the halves."""
    values = np.zeros((20, 20), np.int16)
    values[:, 10:] = 100
    return values


def grow(seed=1, targets=None, **changed):
    values = stripes()
    rng = np.random.default_rng(0)
    cols = rng.integers(4, 16, 300)
    places = (rng.integers(4, 16, 300) * 20 + cols).astype(np.int64)
    if targets is None:
        targets = np.where(cols < 10, -5.0, 5.0).astype(np.float32)[:, None]
    settings = {"max_depth": 6, "n_features": 50, "n_thresholds": 10, "min_leaf": 2, **changed}
    strides = np.array([400, 400, 20, 1], np.int64)
    samples = Samples(values.reshape(-1), strides, places, targets)
    tree = grow_tree(samples, np.arange(300), seed, SplitRule(n_boxes=1, reach=4, **settings), node_sample=100)
    return values, strides, places, targets, tree


def test_a_tree_separates_the_halves():
    *_, targets, (*_, leaf_of) = grow()
    within = [targets[leaf_of == leaf].std() for leaf in np.unique(leaf_of)]
    assert np.mean(within) < 0.4 * targets.std()


def test_depth_and_leaf_size_stay_within_their_limits():
    *_, (_, _, children, leaf_of) = grow(max_depth=2, min_leaf=20)
    assert len(children) <= 7
    assert np.bincount(leaf_of)[np.unique(leaf_of)].min() >= 20


def test_the_same_seed_grows_the_same_tree():
    first, again, other = grow()[-1], grow()[-1], grow(seed=2)[-1]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("n_targets", [1, 2, 3, 4, 7])
def test_packed_targets_add_up_exactly(n_targets):
    rng = np.random.default_rng(n_targets)
    targets = rng.normal(3, 20, (400, n_targets)).astype(np.float32)
    chosen = rng.permutation(400)[:300]
    packed = np.empty((300, 1 + n_targets // 4), np.int64)
    _pack_targets(targets, chosen, np.empty(n_targets, np.float32), packed)
    first = _unpack(packed[:100, 0].sum())
    lanes = [*first[:3], *(_unpack(packed[:100, 1].sum()) if n_targets > 3 else ())][:n_targets]
    deviation = targets[chosen] - targets[chosen].mean(axis=0)
    step = float(np.abs(deviation).max()) / (32767 // 300 - 1)
    assert first[3] == 100
    assert np.array(lanes) * step == pytest.approx(deviation[:100].sum(axis=0), abs=100 * step / 2)
    assert not any(first[n_targets:3])


def test_targets_that_are_all_alike_make_a_leaf():
    targets = np.full((300, 2), 4.0, np.float32)
    assert len(grow(targets=targets)[-1][2]) == 1


def test_many_targets_are_split_on_as_one_is():
    """The same targets among others that do not vary: two words instead of one, and the same tree."""
    few = grow()
    many = grow(targets=np.pad(few[3], ((0, 0), (4, 2))))
    assert all(np.array_equal(a, b) for a, b in zip(few[-1], many[-1], strict=True))


def test_features_stay_within_reach():
    state = np.array([7], np.uint64)
    feature = np.zeros(6, np.int16)
    drawn = []
    for _ in range(500):
        draw_feature(state, 3, 5, feature)
        drawn.append(feature.copy())
    drawn = np.array(drawn)
    assert set(drawn[:, 0]) == {0, 1, 2}
    assert (drawn[:, [1, 2, 4, 5]].min(), drawn[:, [1, 2, 4, 5]].max()) == (-5, 5)
