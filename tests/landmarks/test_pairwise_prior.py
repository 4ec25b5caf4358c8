import numpy as np
import pytest

from boneage.landmarks.pairwise_prior import PairwisePrior, find_anchor_sets, find_neighbours
from boneage.landmarks.search_settings import PriorSettings
from boneage.landmarks.similarity import rotation

RNG = np.random.default_rng(0)


def fan(spread, bend):
    """Three fingers of three joints each that fan out from a palm of three points, in reference coordinates."""
    points = [(0.5, -0.2), (0.5, 0.2), (0.3, 0.0)]
    for finger, angle in enumerate((-spread, 0.0, spread)):
        base = np.array([0.1, 0.2 * (finger - 1)])
        for joint in range(3):
            turn = angle + bend * joint
            points.append(base - 0.2 * joint * np.array([np.cos(turn), -np.sin(turn)]))
    return np.array(points)


@pytest.fixture(scope="module")
def shapes():
    """Forty fans, each spread and bent otherwise, with noise; 12 points, the last three finger by finger."""
    drawn = [fan(RNG.uniform(0.0, 0.5), RNG.uniform(-0.05, 0.05)) for _ in range(40)]
    return np.stack(drawn) + RNG.normal(0, 0.004, (40, 12, 2))


@pytest.fixture(scope="module")
def prior(shapes):
    return PairwisePrior.fit(shapes, shapes.mean(axis=0), PriorSettings())


def test_a_finger_tip_is_predicted_from_the_same_finger(shapes):
    tip = 5  # of the first finger, whose joints are 3 and 4
    assert set(find_anchor_sets(shapes, shapes.mean(axis=0), 1, 12)[tip, 0]) == {3, 4}
    neighbours = find_neighbours(shapes, shapes.mean(axis=0), 4, 12)
    assert neighbours.shape == (12, 4)
    assert {3, 4} <= set(neighbours[tip])
    assert all(k not in row for k, row in enumerate(neighbours))


def test_neighbours_and_anchors_are_among_the_nearest(shapes):
    mean = shapes.mean(axis=0)
    nearest = np.linalg.norm(mean[:, None] - mean, axis=2).argsort(axis=1)[:, 1:4]
    neighbours, anchors = find_neighbours(shapes, mean, 5, 3), find_anchor_sets(shapes, mean, 2, 3)
    assert neighbours.shape == (12, 3), "there are no more to choose from"
    assert anchors.shape == (12, 2, 2)
    for k, near in enumerate(nearest.tolist()):
        assert set(neighbours[k].tolist()) == set(near)
        assert set(anchors[k].ravel().tolist()) <= set(near)


def test_landmarks_are_predicted_from_others_in_any_pose(prior):
    true = fan(0.4, 0.02)
    predicted, linear = prior.predict_from_anchors(true)
    assert (predicted.shape, linear.shape) == ((12, 12, 2), (12, 12, 2, 2))
    assert np.linalg.norm(predicted[5, 0] - true[5]) < 0.03
    turn = 1.2 * rotation(0.4, 2)
    predicted, linear = prior.predict_from_anchors(prior.mean_shape @ turn.T)
    assert predicted == pytest.approx(np.repeat((prior.mean_shape @ turn.T)[:, None], 12, axis=1))
    assert linear == pytest.approx(np.tile(turn, (12, 12, 1, 1)))
    missing = true.copy()
    missing[4] = np.nan
    assert np.isnan(prior.predict_from_anchors(missing)[0][5, 0]).all()


def test_the_place_on_the_next_finger_is_not_chosen_though_its_votes_are_higher(prior):
    true = fan(0.3, 0.0)
    candidates = [point[None] for point in true]
    heights = [np.ones(1)] * 12
    candidates[4], heights[4] = np.stack([true[7], true[4]]), np.array([0.9, 0.3])
    candidates[5], heights[5] = np.stack([true[8], true[5]]), np.array([0.9, 0.3])
    chosen = prior.choose(candidates, heights)
    assert chosen.tolist() == [0, 0, 0, 0, 1, 1] + [0] * 6


def test_where_all_are_plausible_the_highest_votes_win(prior):
    true = fan(0.2, 0.0)
    candidates = [np.stack([point, point + 0.004]) for point in true]
    heights = [np.array([0.4, 0.6]) if k % 2 else np.array([0.6, 0.4]) for k in range(12)]
    assert prior.choose(candidates, heights).tolist() == [k % 2 for k in range(12)]


def in_a_wrong_pose(shape):
    """The shape a fifth larger, turned by 15 degrees and shifted: as in a pose that was found wrongly."""
    angle = np.radians(15)
    return 1.2 * shape @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + (0.05, -0.1)


def test_a_pose_that_was_found_wrongly_does_not_make_right_places_implausible(prior):
    true, wrong = in_a_wrong_pose(fan(0.2, 0.0)), fan(0.2, 0.0) + in_a_wrong_pose(fan(0.2, 0.0))[2] - fan(0.2, 0.0)[2]
    candidates = [np.stack([point, other]) for point, other in zip(true, wrong, strict=True)]
    heights = [np.array([0.5, 0.4])] * 12
    candidates[8], heights[8] = candidates[8][::-1], np.array([0.5, 0.4])  # one of them has more votes for the wrong
    assert prior.choose(candidates, heights).tolist() == [0] * 8 + [1] + [0] * 3
    assert not prior.find_outliers(true).any()
    assert np.flatnonzero(prior.find_outliers(true + 0.4 * (np.arange(12) == 5)[:, None])).tolist() == [5]


def test_no_votes_at_all_are_no_error(prior):
    candidates = [np.stack([point, point + 0.3]) for point in fan(0.2, 0.0)]
    assert prior.choose(candidates, [np.zeros(2)] * 12).tolist() == [0] * 12


def test_shapes_with_absent_landmarks_are_learnt_from(shapes):
    incomplete = shapes.copy()
    incomplete[::2, 4] = np.nan
    prior = PairwisePrior.fit(incomplete, shapes.mean(axis=0), PriorSettings())
    assert np.isfinite(prior.precisions).all()
    true = fan(0.2, 0.0)
    candidates = [np.stack([point + 0.3, point]) if k == 4 else point[None] for k, point in enumerate(true)]
    assert prior.choose(candidates, [np.ones(len(c)) for c in candidates])[4] == 1


@pytest.mark.parametrize(("n", "ndim"), [(2, 2), (3, 2), (2, 3), (5, 3)])
def test_a_few_landmarks_suffice(n, ndim):
    shapes = RNG.normal(size=(1, n, ndim)) + RNG.normal(0, 0.01, (8, n, ndim))
    prior = PairwisePrior.fit(shapes, shapes.mean(axis=0), PriorSettings())
    assert prior.choose([point[None] for point in shapes[0]], [np.ones(1)] * n).tolist() == [0] * n
    assert prior.predict_from_anchors(shapes[0])[0].shape[0] == n


def test_arrays_and_back(prior):
    again = PairwisePrior.from_arrays(prior.mean_shape, prior.to_arrays(), prior.settings)
    assert again.settings == prior.settings
    assert all(np.array_equal(again.to_arrays()[name], array) for name, array in prior.to_arrays().items())
    ours, theirs = again.predict_from_anchors(fan(0.1, 0.0)), prior.predict_from_anchors(fan(0.1, 0.0))
    assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    "change",
    [
        {"pairs": np.array([[0, 12]])},
        {"anchor_sets": np.full((12, 1, 2), -1)},
        {"anchor_sets": np.zeros((3, 1, 2), int)},
        {"offsets": np.zeros((2, 2))},
        {"precisions": np.full((1, 2, 2), np.nan)},
        {"least_distances": np.zeros((12, 11))},
        {"least_distances": np.full((12, 12), np.inf)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(prior, change):
    with pytest.raises(ValueError, match="pairwise prior"):
        PairwisePrior.from_arrays(prior.mean_shape, {**prior.to_arrays(), **change}, prior.settings)


def test_a_misplaced_landmark_is_the_only_outlier(prior):
    true = fan(0.3, 0.0)
    assert not prior.find_outliers(true).any()
    misplaced = true.copy()
    misplaced[5] += (0.3, 0.3)
    assert np.flatnonzero(prior.find_outliers(misplaced)).tolist() == [5]
    misplaced[5] = np.nan
    assert not prior.find_outliers(misplaced).any()


def test_shapes_teach_the_least_distance_of_any_two_landmarks(shapes, prior):
    every = np.linalg.norm(shapes[:, :, None] - shapes[:, None], axis=3)
    assert np.array_equal(prior.least_distances, every.min(axis=0))
    incomplete = shapes.copy()
    incomplete[::2, 4], incomplete[1::2, 5] = np.nan, np.nan  # no shape has both
    learnt = PairwisePrior.fit(incomplete, shapes.mean(axis=0), PriorSettings()).least_distances
    assert learnt[4, 5] == learnt[5, 4] == 0
    assert learnt[4, 6] == every[1::2, 4, 6].min()


def lay_upon_the_next_finger(finger, other, *, high=0.9, low=0.5):
    """Return candidates of a fan, of which a finger's joints have more votes on another finger, and which is right."""
    true = fan(0.3, 0.0)
    candidates, heights, right = [point[None] for point in true], [np.ones(1)] * 12, [0] * 12
    for k, wrong in zip(finger, other, strict=True):
        candidates[k], heights[k], right[k] = np.stack([true[wrong], true[k]]), np.array([high, low]), 1
    return candidates, heights, right


def make_crowded_prior(shapes, **settings):
    """Return a prior of pairs within the fingers alone, which do not say how fingers lie to each other."""
    prior = PairwisePrior.fit(shapes, shapes.mean(axis=0), PriorSettings(**settings))
    within = np.array([(a, b) in {(3, 4), (3, 5), (4, 5), (6, 7), (6, 8), (7, 8)} for a, b in prior.pairs.tolist()])
    assert within.sum() == 6
    prior.pairs, prior.offsets, prior.precisions = prior.pairs[within], prior.offsets[within], prior.precisions[within]
    return prior


def test_a_finger_laid_upon_the_next_is_told_apart(shapes):
    """Each finger is plausible by itself, though both have most votes in one place; no two bones are there."""
    candidates, heights, right = lay_upon_the_next_finger((3, 4, 5), (6, 7, 8))
    assert make_crowded_prior(shapes).choose(candidates, heights).tolist() == right
    careless = make_crowded_prior(shapes, crowding_ratio=0.0)
    assert careless.choose(candidates, heights).tolist() == [0] * 12
    unknown = make_crowded_prior(shapes)
    unknown.least_distances = np.zeros((12, 12))
    assert unknown.choose(candidates, heights).tolist() == [0] * 12


def test_landmarks_are_crowded_within_half_of_their_least_distance(shapes):
    """The votes for a landmark are highest at 0.4 or 0.6 of the least distance from another that they make no pair."""
    prior = make_crowded_prior(shapes)
    prior.pairs, prior.offsets, prior.precisions = prior.pairs[:0], prior.offsets[:0], prior.precisions[:0]
    true, least = fan(0.3, 0.0), prior.least_distances[3, 6]

    def choose(part):
        candidates, heights = [point[None] for point in true], [np.ones(1)] * 12
        beside = true[6] + (0.0, -part * least)
        candidates[3], heights[3] = np.stack([beside, true[3]]), np.array([0.9, 0.5])
        return prior.choose(candidates, heights)[3]

    assert choose(0.4) == 1
    assert choose(0.6) == 0


def test_with_a_flat_prior_the_votes_alone_decide(shapes):
    flat = PairwisePrior.flat(shapes.mean(axis=0))
    candidates, heights, _ = lay_upon_the_next_finger((3, 4, 5), (6, 7, 8))
    candidates[9], heights[9] = candidates[9] + np.array([[0.0, 0.0], [5.0, 5.0]]), np.array([0.2, 0.3])
    assert flat.choose(candidates, heights).tolist() == [0] * 9 + [1, 0, 0]
    misplaced = shapes[0] + 9.0 * (np.arange(12) == 5)[:, None]
    assert not flat.find_outliers(misplaced).any()
    assert [array.shape for array in flat.predict_from_anchors(shapes[0])] == [(12, 0, 2), (12, 0, 2, 2)]


def test_offsets_fit_in_any_rotation_and_less_with_each_misplaced_landmark(prior, shapes):
    turned = 1.1 * shapes[0] @ rotation(0.3, 2).T
    usual, moved, more = prior.measure_misfit(shapes[0]), shapes[0].copy(), shapes[0].copy()
    moved[5] += 0.3
    more[[5, 8]] += 0.3
    assert prior.measure_misfit(turned) == pytest.approx(usual, abs=0.05)
    assert usual < prior.measure_misfit(moved) - 0.2 < prior.measure_misfit(moved) < prior.measure_misfit(more)
    assert PairwisePrior.flat(shapes[0]).measure_misfit(shapes[0]) == 0.0
