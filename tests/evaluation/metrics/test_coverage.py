import math

import numpy as np
import pytest
from scipy.stats import betabinom

from boneage.evaluation.metrics import coverage_band, measure_coverage
from boneage.imaging.errors import InvalidInput


def test_the_band_of_one_cell_is_that_of_the_beta_binomial_distribution():
    low, high = coverage_band(0.9, [(143, 80)])
    rank = math.ceil(144 * 0.9)
    expected = betabinom.ppf([0.025, 0.975], 80, rank, 144 - rank) / 80
    assert (low, high) == pytest.approx(tuple(expected))


def test_the_band_of_several_cells_is_that_of_their_sum():
    rng = np.random.default_rng(0)
    cells = [(60, 40), (200, 90), (99, 25)]
    ranks = [math.ceil((n + 1) * 0.8) for n, _ in cells]
    drawn = sum(
        betabinom.rvs(m, k, n + 1 - k, size=200_000, random_state=rng) for (n, m), k in zip(cells, ranks, strict=True)
    )
    assert coverage_band(0.8, cells) == pytest.approx(tuple(np.quantile(drawn, (0.025, 0.975)) / 155), abs=1 / 155)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_intervals_that_are_right_lie_in_the_band_and_those_that_are_not_do_not(level):
    """Conformal intervals of normal errors, 60 and 120 calibration hands, 200 test hands, 200 times."""
    rng, inside = np.random.default_rng(1), {1.0: 0, 0.7: 0}
    for _ in range(200):
        halves, sizes = [], [60] * 80 + [120] * 120
        for n, m in ((60, 80), (120, 120)):
            scores = np.sort(np.abs(rng.normal(0, 8, n)))
            halves += [scores[math.ceil((n + 1) * level - 1e-9) - 1]] * m
        errors = rng.normal(0, 8, 200)
        for factor in inside:
            half = factor * np.array(halves)
            found = measure_coverage(errors, -half, half, level, sizes, [str(n) for n in sizes])
            inside[factor] += found["all"].in_band
    assert inside[1.0] >= 180
    assert inside[0.7] < 60


def test_coverage_is_told_of_all_and_of_each_cell():
    true = np.array([10.0, 20.0, 30.0, 40.0])
    low, high = true - np.array([1, 1, 1, 1]), true + np.array([1, -0.5, 1, 1])
    found = measure_coverage(true, low, high, 0.5, [9, 9, 19, 19], ["a", "a", "b", "b"])
    assert list(found) == ["all", "a", "b"]
    assert (found["all"].n_test, found["all"].n_covered, found["all"].part) == (4, 3, 0.75)
    assert (found["a"].n_calibration, found["a"].n_covered, found["all"].n_calibration) == ((9,), 1, (9, 19))
    assert found["b"].mean_width_months == 2.0
    assert found["all"].in_band


def test_what_does_not_fit_together_is_refused():
    ages = np.ones(2)
    with pytest.raises(InvalidInput, match="at least one"):
        measure_coverage(ages, ages, ages, 0.9, [99], ["a"])
    with pytest.raises(InvalidInput, match="finite"):
        measure_coverage(ages, ages, np.array([1.0, np.nan]), 0.9, [99, 99], ["a", "a"])
    with pytest.raises(InvalidInput, match="rests on 99 calibration hands, and on 98"):
        measure_coverage(ages, ages, ages, 0.9, [99, 98], ["a", "a"])
    with pytest.raises(InvalidInput, match=r"18 calibration hands are too few for an interval of 95 %"):
        coverage_band(0.95, [(18, 10)])
