import numpy as np
import pytest

from boneage.evaluation.metrics.learning_curves import (
    compare_areas,
    compare_errors,
    compare_needed,
    count_needed,
    mean_of_worst,
    measure_area,
)

SIZES = [5, 10, 20, 40]


def make_curves(shift, n=30, noise=0.05, seed=0):
    """Thirty repeats of an error that halves with four times the hands, shifted by a part of it."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.5, (n, 1))  # a repeat is hard or easy for all strategies
    curve = (1 + shift) * 10 / np.sqrt(SIZES)
    return curve + common + np.random.default_rng(seed + 1).normal(0, noise, (n, len(SIZES))) * (1 + shift)


def test_pairs_show_a_difference_that_is_small_beside_that_of_repeats():
    difference = compare_areas(make_curves(-0.1), make_curves(0.0), SIZES)
    assert difference.is_clear
    assert difference.value < difference.high < 0
    assert difference.low < difference.value


def test_no_difference_is_none():
    same = make_curves(0.0)
    difference = compare_areas(same, same, SIZES)
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)
    assert not difference.is_clear
    rng = np.random.default_rng(3)
    assert not compare_errors(rng.normal(size=(30, 4)), rng.normal(size=(30, 4)), 2).is_clear


def test_few_repeats_have_wide_intervals_and_fewer_have_none():
    strategy, other = make_curves(-0.1), make_curves(0.0)
    every, some, few = (compare_areas(strategy[:n], other[:n], SIZES) for n in (30, 6, 5))
    assert some.is_clear
    assert some.high - some.low > every.high - every.low
    assert (few.value < 0, few.has_interval, few.is_clear) == (True, False, False)


def test_lower_errors_save_hands():
    needed = compare_needed(make_curves(-0.2, noise=0), make_curves(0.0, noise=0), SIZES, 3)
    assert -20 < needed.low < needed.value < needed.high < 0
    more = compare_needed(make_curves(0.2), make_curves(0.0), SIZES, 2)
    assert more.value > 0
    never = compare_needed(make_curves(0.5), make_curves(0.0), SIZES, 3)
    assert np.isnan(never.value)


def test_equal_curves_need_as_many_hands_even_where_they_rise():
    rising = np.array([[4.0, 3.0, 3.5, 2.0]] * 7)
    for place in (1, 2, 3):
        needed = compare_needed(rising, rising, SIZES, place)
        assert (needed.value, needed.low, needed.high) == (0, 0, 0)


def test_a_curve_that_rises_again_has_reached_what_it_reached():
    assert count_needed(np.array([4.0, 2.0, 3.0, 1.0]), SIZES, 2.5) == pytest.approx(8.75)
    assert count_needed(np.array([4.0, 2.0]), [5, 10], 6.0) == 5
    assert np.isnan(count_needed(np.array([4.0, 2.0]), [5, 10], 1.0))
    assert measure_area(np.array([3.0, 3.0, 3.0, 3.0]), SIZES) == pytest.approx(3)


def test_the_worst_tenth_counts_what_was_not_found():
    distances = np.concatenate([np.arange(18.0) / 10, [np.inf, 3.0, np.nan]])
    assert mean_of_worst(distances, 10.0) == pytest.approx(6.5)
