import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging.errors import InvalidInput
from boneage.regression import fit_calibration
from tests.regression.calibration_makers import make_hands


def find_intervals(calibration, hands, level):
    rows = zip(hands.predicted_months, hands.sexes, hands.spreads_months, strict=True)
    found = [calibration.find_interval(calibration.correct(m, sex), sex, spread, level) for m, sex, spread in rows]
    return np.array([(interval.low_months, interval.high_months) for interval in found])


@pytest.mark.parametrize("disagreement", [False, True])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_intervals_are_those_of_crepes(disagreement, level):
    crepes = pytest.importorskip("crepes")
    hands, others, new = (make_hands(n, seed=n, disagreement=disagreement) for n in (1003, 700, 300))
    calibration = fit_calibration(hands, others=others)
    assert (calibration.least_spread_months is not None) == disagreement

    def describe(some):
        months = [calibration.correct(age, sex) for age, sex in zip(some.predicted_months, some.sexes, strict=True)]
        pairs = zip(months, some.sexes, strict=True)
        bins = [calibration.cells.index(calibration.find_cell(age, sex)) for age, sex in pairs]
        sigmas = [calibration.scale(spread) for spread in some.spreads_months]
        return np.array(months), {"sigmas": np.array(sigmas), "bins": np.array(bins)}

    oracle, (months, categories) = crepes.ConformalRegressor(), describe(hands)
    oracle.fit(hands.true_months - months, **categories)
    months, categories = describe(new)
    a_bit_less = level - 1e-9  # it rounds (1 - level) * (n + 1) down, which in floating point may be 0.9999999
    expected = oracle.predict_int(months, **categories, confidence=a_bit_less, y_min=0.0, y_max=228.0)
    assert find_intervals(calibration, new, level) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("disagreement", [False, True])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_as_many_new_hands_are_covered_as_it_says(level, disagreement):
    covered, expected = [], []
    for repeat in range(15):
        seeds = range(3 * repeat, 3 * repeat + 3)
        hands, others, new = (make_hands(300, seed=seed, bias=5.0, disagreement=disagreement) for seed in seeds)
        calibration = fit_calibration(hands, others=others)
        intervals = find_intervals(calibration, new, level)
        covered.append(((intervals[:, 0] <= new.true_months) & (new.true_months <= intervals[:, 1])).mean())
        sizes = [len(cell.scores) + 1 for cell in calibration.cells]
        expected.append(np.mean([math.ceil(n * level - 1e-9) / n for n in sizes]))
    assert level <= np.mean(expected) < level + 0.01
    assert np.mean(covered) == pytest.approx(np.mean(expected), abs=0.02)


def test_intervals_are_scaled_where_that_makes_them_narrower_only():
    hands = make_hands(600, seed=8, disagreement=True)
    scaled = fit_calibration(hands, others=make_hands(600, seed=9, disagreement=True))
    plain = fit_calibration(hands)
    assert scaled.least_spread_months is not None
    assert plain.least_spread_months is None
    assert fit_calibration(make_hands(600, seed=8), others=make_hands(600, seed=9)).least_spread_months is None
    new = make_hands(600, seed=10, disagreement=True)
    widths = [np.diff(find_intervals(each, new, 0.9), axis=1).mean() for each in (scaled, plain)]
    assert widths[0] < 0.95 * widths[1]


def test_hands_of_unknown_spread_are_left_out_only_where_it_is_needed():
    hands, others = (make_hands(600, seed=seed, disagreement=True) for seed in (8, 9))
    spreads = np.where(np.arange(600) < 50, math.nan, hands.spreads_months)
    unknown = dataclasses.replace(hands, spreads_months=spreads)
    assert fit_calibration(unknown, others=others).n_hands == 550
    assert fit_calibration(unknown).n_hands == 600
    none_known = dataclasses.replace(others, spreads_months=np.full(600, math.nan))
    assert fit_calibration(hands, others=none_known).least_spread_months is None


def test_the_bias_is_corrected_by_the_others_alone():
    hands, others = make_hands(400, seed=11, bias=6.0), make_hands(400, seed=12, bias=6.0)
    calibration = fit_calibration(hands, others=others)
    assert calibration.correct(120.0, "F") < 118.0
    assert calibration.correct(120.0, "M") > 122.0
    assert fit_calibration(hands).correct(120.0, "F") == 120.0
    assert all(calibration.used(id_) for id_ in (*hands.ids, *others.ids))
    later = fit_calibration(hands, others=others, earlier=calibration.corrections)
    assert later.corrections[:-1] == calibration.corrections


def test_hands_that_correct_and_calibrate_and_too_few_hands_are_refused():
    hands = make_hands(100, seed=13)
    with pytest.raises(InvalidInput, match="among those that correct and those that calibrate"):
        fit_calibration(hands, others=hands)
    with pytest.raises(InvalidInput, match="too few hands for intervals: at least 9 of one sex are needed, got 12"):
        fit_calibration(hands.select(range(12)))
