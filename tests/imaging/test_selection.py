import numpy as np
import pytest

from boneage.imaging.selection import (
    choose_at_random,
    choose_doubtful,
    choose_farthest,
    choose_medoids,
    choose_typical,
    rank_together,
)

NONE = np.array([], dtype=np.int64)


def places(choices):
    return [choice.place for choice in choices]


@pytest.fixture
def clusters():
    """Sixty pictures in the plane: thirty around (0, 0), twenty around (10, 0), ten around (0, 10)."""
    rng = np.random.default_rng(0)
    middles = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], [30, 20, 10], axis=0)
    return middles + rng.normal(0, 0.5, middles.shape)


@pytest.fixture(params=["farthest", "medoids", "typical", "doubtful", "random"])
def strategy(request):
    """Each strategy, as a function of features, candidates, covered places and a number."""

    def choose(features, candidates, covered, n):
        doubts = np.arange(len(features), dtype=float)
        return {
            "farthest": lambda: choose_farthest([features], candidates, covered, n),
            "medoids": lambda: choose_medoids(features, candidates, covered, n),
            "typical": lambda: choose_typical(features, candidates, covered, n, 0),
            "doubtful": lambda: choose_doubtful(doubts, features, candidates, covered, n, "doubt"),
            "random": lambda: choose_at_random(candidates, covered, n, np.random.default_rng(0)),
        }[request.param]()

    return choose


def test_every_strategy_chooses_each_candidate_once_at_most(strategy, clusters):
    candidates, covered = np.arange(0, 60, 2), np.arange(1, 60, 4)
    chosen = places(strategy(clusters, candidates, covered, 12))
    assert len(set(chosen)) == 12
    assert set(chosen) <= set(candidates.tolist())
    assert chosen == places(strategy(clusters, candidates[::-1], covered, 12))


def test_every_strategy_gives_all_there_are_if_more_are_asked_for(strategy, clusters):
    assert sorted(places(strategy(clusters, np.arange(5), np.array([7]), 100))) == [0, 1, 2, 3, 4]


def test_every_strategy_gives_nothing_where_there_is_nothing(strategy, clusters):
    assert strategy(clusters, NONE, np.array([1]), 3) == []


def test_every_strategy_copes_with_pictures_that_are_all_alike(strategy):
    assert len(set(places(strategy(np.zeros((9, 2)), np.arange(9), NONE, 4)))) == 4


def test_every_strategy_says_why(strategy, clusters):
    assert all(choice.why for choice in strategy(clusters, np.arange(60), NONE, 6))


def test_features_reach_every_cluster(clusters):
    groups = np.repeat([0, 1, 2], [30, 20, 10])
    everything = np.arange(60)
    assert set(groups[places(choose_farthest([clusters], everything, NONE, 3))]) == {0, 1, 2}
    assert groups[places(choose_medoids(clusters, everything, NONE, 3))].tolist() == [0, 1, 2]
    assert groups[places(choose_typical(clusters, everything, NONE, 3, 0))].tolist() == [0, 1, 2]
    assert groups[places(choose_typical(clusters, np.arange(1, 60), np.array([0]), 2, 0))].tolist() == [1, 2]
    assert groups[places(choose_medoids(clusters, np.arange(1, 60), np.array([0]), 2))].tolist() == [1, 2]


def test_a_typical_picture_is_in_the_middle_of_its_cluster(clusters):
    place = choose_typical(clusters, np.arange(60), NONE, 3, 0)[0].place
    assert np.linalg.norm(clusters[place]) < 0.5


def test_ten_copies_of_one_picture_are_chosen_once_by_features(clusters):
    features = np.concatenate([clusters, np.repeat([[40.0, 40.0]], 10, axis=0)])
    for chosen in (
        choose_farthest([features], np.arange(70), NONE, 8),
        choose_medoids(features, np.arange(70), NONE, 8),
    ):
        assert sum(place >= 60 for place in places(chosen)) == 1


def test_the_doubtful_are_high_in_doubt_and_unlike_each_other(clusters):
    doubts = np.linspace(1, 0, 60)
    doubts[[40, 55]] = 2.0, np.inf
    chosen = choose_doubtful(doubts, clusters, np.arange(60), NONE, 3, "doubt")
    assert {40, 55} < set(places(chosen))
    assert all(doubts[place] >= np.sort(doubts)[-9] for place in places(chosen))
    assert [choice.why for choice in chosen[:2]] == ["number 1 of 60 by doubt", "number 2 of 60 by doubt"]


def test_pictures_without_a_number_are_not_chosen_by_it(clusters):
    doubts = np.full(60, np.nan)
    doubts[[3, 4]] = 1.0
    assert sorted(places(choose_doubtful(doubts, clusters, np.arange(60), NONE, 5, "doubt"))) == [3, 4]
    postures = clusters.copy()
    postures[10:] = np.nan
    assert sorted(places(choose_farthest([postures], np.arange(60), np.array([50]), 60))) == list(range(10))


def test_distances_in_two_spaces_are_multiplied():
    inputs, outputs = np.array([[0.0], [1.0], [5.0]]), np.array([[0.0], [9.0], [1.0]])
    assert places(choose_farthest([inputs, outputs], np.array([1, 2]), np.array([0]), 1)) == [1]


def test_strata_have_their_shares_together_with_what_is_covered():
    strata = ["girls"] * 40 + ["boys"] * 20
    covered, candidates = np.arange(10), np.arange(10, 60)  # ten girls are annotated
    chosen = places(choose_at_random(candidates, covered, 5, np.random.default_rng(0), strata))
    assert [strata[place] for place in chosen] == ["boys"] * 5
    chosen = places(choose_at_random(candidates, covered, 20, np.random.default_rng(0), strata))
    assert [strata[place] for place in chosen].count("boys") == 10


def test_random_choices_follow_the_seed():
    seeds = [places(choose_at_random(np.arange(100), NONE, 10, np.random.default_rng(seed))) for seed in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]


def test_small_strata_get_their_turn_by_chance():
    strata = [f"stratum {k}" for k in range(10)]
    drawn = {places(choose_at_random(np.arange(10), NONE, 1, np.random.default_rng(k), strata))[0] for k in range(30)}
    assert len(drawn) > 5


def test_ranks_are_means_over_criteria():
    first, second = np.array([1.0, np.inf, np.nan, 2.0]), np.array([5.0, 4.0, np.nan, 3.0])
    assert rank_together([first, second]) == pytest.approx([0.5, 0.75, np.nan, 0.25], nan_ok=True)
