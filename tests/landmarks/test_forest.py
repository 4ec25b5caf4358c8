import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from boneage.landmarks import ForestSettings, VotingForest
from boneage.landmarks.features import BoxStack, normalise_contrast, stack_boxes
from boneage.landmarks.voting import weigh_votes

SETTINGS = ForestSettings(n_trees=3, max_depth=7, n_features=30, min_leaf=4)


@pytest.fixture(scope="module")
def problem():
    """Two pictures with a bright spot; the displacements from positions around it are known."""
    rng = np.random.default_rng(0)
    spots = np.array([[20.0, 25.0], [30.0, 18.0]])
    rows, cols = np.mgrid[:50, :50]
    pictures = [
        (100 * np.exp(-((rows - r) ** 2 + (cols - c) ** 2) / 50) + rng.normal(0, 1, (50, 50))).astype(np.float32)
        for r, c in spots
    ]
    stack = stack_boxes([normalise_contrast(p) for p in pictures], (1, 3, 5), pad=8)
    images = np.repeat([0, 1], 300)
    positions = rng.integers(0, 50, (600, 2))
    displacements = (spots[images] - positions)[:, None].astype(np.float32)
    return stack, pictures, images, positions, displacements


def fit(problem, n_jobs=1, seed=0, displacements=None):
    stack, _, images, positions, known = problem
    forest = VotingForest(settings=SETTINGS, random_state=seed, n_jobs=n_jobs)
    return forest.fit(stack, images, positions, known if displacements is None else displacements, reach=8)


def same(a, b):
    left, right = a.to_arrays(), b.to_arrays()
    return all(np.array_equal(left[name], right[name]) for name in left)


def test_any_number_of_jobs_learns_the_same_bits(problem):
    assert same(fit(problem, n_jobs=1), fit(problem, n_jobs=3))
    assert not same(fit(problem), fit(problem, seed=1))


def test_votes_of_a_leaf_are_nearer_than_the_mean(problem):
    forest = fit(problem)
    _, pictures, images, positions, displacements = problem
    first = images == 0
    stack = stack_boxes([normalise_contrast(pictures[0])], (1, 3, 5), pad=8)
    leaves = forest.find_leaves(stack, positions[first])
    votes = forest.displacements_[leaves, 0].mean(axis=1)
    error = np.linalg.norm(votes - displacements[first, 0], axis=1).mean()
    constant = np.linalg.norm(displacements[first, 0] - displacements[:, 0].mean(axis=0), axis=1).mean()
    assert error < 0.6 * constant


def test_absent_landmarks_are_left_out_of_their_own_votes_only(problem):
    known = np.repeat(problem[-1], 2, axis=1)
    known[: len(known) // 2, 1] = np.nan
    forest = fit(problem, displacements=known)
    assert np.isfinite(forest.displacements_).all()


def test_a_leaf_without_training_positions_of_a_landmark_does_not_vote_for_it(problem):
    known = np.repeat(problem[-1], 2, axis=1)
    first = problem[2] == 0
    known[first, 1] = np.nan  # annotated in the second picture alone
    forest = fit(problem, displacements=known)
    inner = forest.children_ > 0
    untrained = (forest.spreads_[:, 1] < 0) & ~inner
    assert untrained.any(), "some leaves hold positions of the first picture only"
    assert (forest.spreads_[~inner, 0] >= 0).all()
    for weight in ("uniform", "displacement", "spread"):
        weights = weigh_votes(forest, weight, 3.0)
        assert (weights[untrained, 1] == 0).all()
        assert (weights[~inner & ~untrained] > 0).all()


def test_arrays_and_back(problem):
    forest = fit(problem)
    again = VotingForest.from_arrays(SETTINGS, forest.to_arrays(), n_boxes=3, reach=8)
    assert same(forest, again)
    stack = stack_boxes([normalise_contrast(problem[1][0])], (1, 3, 5), pad=8)
    positions = np.array([[10, 10], [30, 30]])
    leaves = forest.find_leaves(stack, positions)
    assert np.array_equal(again.find_leaves(stack, positions), leaves)
    assert np.array_equal(again.displacements_, forest.displacements_)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("children", lambda a: np.where(a > 0, 10**6, a), "children point outside"),
        ("children", lambda a: np.where(a > 0, 1, a), "children point outside"),
        ("roots", lambda a: a - 5, "roots point outside"),
        ("features", lambda a: a + 500, "features point outside"),
        ("displacements", lambda a: a * np.float16(np.nan), "finite"),
        ("thresholds", lambda a: a[:-1], "do not fit together"),
    ],
)
def test_arrays_that_point_outside_each_other_are_refused(problem, name, change, reason):
    arrays = fit(problem).to_arrays()
    arrays[name] = change(arrays[name])
    with pytest.raises(ValueError, match=reason):
        VotingForest.from_arrays(SETTINGS, arrays, n_boxes=3, reach=8)


def test_missing_arrays_are_named(problem):
    arrays = fit(problem).to_arrays()
    del arrays["roots"]
    with pytest.raises(ValueError, match="lacks its roots"):
        VotingForest.from_arrays(SETTINGS, arrays, n_boxes=3, reach=8)


def stack_of(shape, kind=BoxStack):
    """A stack of one random picture of a shape."""
    levels = np.random.default_rng(shape[0]).normal(0, 300, shape).astype(np.float32)
    stack = stack_boxes([levels], (1, 3, 5), pad=8)
    return kind(stack.values, stack.pad)


def test_other_shapes_may_fill_the_cache_of_packed_nodes_while_a_forest_is_in_use(problem):
    """What another thread may do in the middle of a call, done there: 17 other shapes."""
    forest = fit(problem)
    positions = np.array([[10, 10], [20, 15]])

    class Interrupted(BoxStack):
        def flat(self, images, positions):
            for n in range(17):
                forest.find_leaves(stack_of((40 + n, 60)), positions)
            return super().flat(images, positions)

    expected = fit(problem).find_leaves(stack_of((30, 30)), positions)
    assert np.array_equal(forest.find_leaves(stack_of((30, 30), Interrupted), positions), expected)


def test_reach_beyond_the_border_and_unfitted_use_are_refused(problem):
    stack, _, images, positions, displacements = problem
    with pytest.raises(ValueError, match="outside the stack"):
        VotingForest(settings=SETTINGS).fit(stack, images, positions, displacements, reach=9)
    with pytest.raises(NotFittedError):
        VotingForest(settings=SETTINGS).find_leaves(stack, positions)
