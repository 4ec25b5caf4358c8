import math

import numpy as np
import pytest

from boneage.evaluation.metrics import AgeErrors, bootstrap_interval, compare_ages, summarise_ages


def ages_of(predicted, truth, sexes=None):
    ids = tuple(f"h{k}" for k in range(len(truth)))
    return AgeErrors(ids, np.array(predicted, float), np.array(truth, float), tuple(sexes or ["F"] * len(ids)))


def test_figures_of_a_known_list():
    summary = summarise_ages(ages_of([100, 110, 130, 80], [106, 110, 118, 110]))
    assert summary["mad"] == 12.0
    assert summary["bias"] == -6.0
    assert summary["rmse"] == pytest.approx(math.sqrt((36 + 0 + 144 + 900) / 4))
    assert (summary["within_6"], summary["within_12"], summary["within_24"]) == (0.5, 0.75, 0.75)
    low, high = summary["mad_interval_95"]
    assert low <= 12 <= high
    sd = np.std([-6, 0, 12, -30], ddof=1)
    assert summary["limits_95"] == pytest.approx((-6 - 1.96 * sd, -6 + 1.96 * sd))


def test_the_intervals_are_those_of_the_bootstrap_of_each_figure():
    rng = np.random.default_rng(0)
    ages = ages_of(rng.normal(100, 12, 60), np.full(60, 98.0))
    summary = summarise_ages(ages)
    rmse = bootstrap_interval(ages.errors, lambda errors: float(np.sqrt((errors**2).mean())))
    assert summary["rmse_interval_95"] == pytest.approx(rmse)
    bias = bootstrap_interval(ages.errors, lambda errors: float(errors.mean()))
    assert summary["bias_interval_95"] == pytest.approx(bias)


def test_one_hand_has_no_interval():
    summary = summarise_ages(ages_of([10], [12]))
    assert summary["mad"] == 2
    assert all(math.isnan(end) for end in (*summary["mad_interval_95"], *summary["limits_95"]))


@pytest.mark.parametrize(
    ("ids", "predicted", "truth", "reason"),
    [
        ((), [], [], "at least one"),
        (("a",), [1.0], [1.0, 2.0], "as many"),
        (("a",), [math.nan], [1.0], "finite"),
        (("a", "a"), [1.0, 2.0], [1.0, 2.0], "twice"),
    ],
)
def test_what_cannot_be_compared_is_an_error(ids, predicted, truth, reason):
    with pytest.raises(ValueError, match=reason):
        AgeErrors(ids, predicted, truth, ("F",) * len(ids))


def test_some_hands_of_many():
    part = ages_of([1, 2, 3], [3, 2, 1], ["F", None, "M"]).of_hands([2, 0])
    assert (part.ids, part.sexes) == (("h2", "h0"), ("M", "F"))
    assert part.errors.tolist() == [2, -2]


def test_a_difference_is_told_hand_by_hand_and_more_surely_than_from_two_intervals():
    rng = np.random.default_rng(0)
    hard = rng.exponential(20, 100)
    first, second = ages_of(100 + hard + 2, np.full(100, 100.0)), ages_of(100 - hard, np.full(100, 100.0))
    comparison = compare_ages(first, second.of_hands(range(80)))
    assert comparison["n_hands"] == 80
    assert comparison["difference"] == pytest.approx(2)
    low, high = comparison["interval_95"]
    assert high - low < 0.1  # each MAD on its own is known to a few months
    with pytest.raises(ValueError, match="no hand is in both"):
        compare_ages(first.of_hands([0]), second.of_hands([1]))
