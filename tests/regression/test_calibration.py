import math

import numpy as np
import pytest

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import from_plain_data, to_plain_data
from boneage.regression import AgeEstimate, BiasCorrection, Calibration, fit_calibration
from boneage.regression.bias_correction import Knot
from boneage.regression.calibration import CalibrationCell, count_needed
from tests.regression.calibration_makers import make_hands

CELL = CalibrationCell("F", 0.0, tuple(float(k) for k in range(1, 20)))


def test_an_interval_is_a_quantile_of_the_errors_of_the_cell_and_stays_within_the_atlas():
    calibration = Calibration((CELL, CalibrationCell("F", 120.0, (5.0,) * 99)))
    interval = calibration.find_interval(100.0, "F", 0.0, 0.9)
    assert (interval.low_months, interval.high_months, interval.n_hands) == (82.0, 118.0, 19)
    interval = calibration.find_interval(130.0, "F", 0.0, 0.9)
    assert (interval.low_months, interval.high_months, interval.n_hands) == (125.0, 135.0, 99)
    assert calibration.find_interval(3.0, "F", 0.0, 0.9).low_months == 0.0
    assert calibration.find_interval(226.0, "F", 0.0, 0.9).high_months == 228.0
    assert calibration.find_interval(300.0, "F", 0.0, 0.9).low_months == 228.0


@pytest.mark.parametrize(
    ("months", "sex", "level", "spread", "reason"),
    [
        (100.0, "F", 0.96, 0.0, "only 19 hands to calibrate on (girls of all ages), 96 % needs 24"),
        (100.0, "M", 0.9, 0.0, "calibrated on no boys"),
        (100.0, None, 0.9, 0.0, "calibrated on no hands of unknown sex"),
        (100.0, "F", 0.9, math.nan, "how much the regions disagree is not known"),
    ],
)
def test_where_there_is_no_interval_it_says_why(months, sex, level, spread, reason):
    least = 2.0 if math.isnan(spread) else None
    interval = Calibration((CELL,), (), least).find_interval(months, sex, spread, level)
    assert math.isnan(interval.low_months)
    assert math.isnan(interval.high_months)
    assert reason in interval.reason


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99])
def test_as_many_hands_as_a_level_needs_are_enough_and_one_fewer_is_not(level):
    n = count_needed(level)
    assert CalibrationCell("F", 0.0, (1.0,) * n).quantile(level) == 1.0
    assert math.isnan(CalibrationCell("F", 0.0, (1.0,) * (n - 1)).quantile(level))


def test_a_scaled_interval_is_wider_where_regions_disagree():
    calibration = Calibration((CELL,), (), 2.0)
    near, far = (calibration.find_interval(100.0, "F", spread, 0.5) for spread in (1.0, 3.0))
    assert near.high_months - 100.0 == pytest.approx(10.0 * 3.0)
    assert far.high_months - 100.0 == pytest.approx(10.0 * 5.0)


def test_an_estimate_is_corrected_with_its_regions_and_keeps_its_weights():
    estimate = AgeEstimate(100.0, ("radius", "ulna"), (90.0, 110.0), (0.5, 0.5))
    calibration = Calibration((CELL,), (BiasCorrection((Knot("F", 60.0, 4.0, 1.0, 60),)),), 2.0)
    applied = calibration.apply(estimate, "F", 0.8)
    assert (applied.months, applied.region_months, applied.region_weights) == (104.0, (94.0, 114.0), (0.5, 0.5))
    assert applied.spread_months == estimate.spread_months == 10.0
    assert applied.interval.low_months == 0.0  # 16 * (10 + 2) months are more than 104
    assert estimate.interval is None


@pytest.mark.parametrize("level", [0.0, 1.0, 90, math.nan])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        Calibration((CELL,)).find_interval(100.0, "F", 0.0, level)


def test_plain_data_makes_the_same_calibration():
    hands = make_hands(300, seed=3)
    calibration = fit_calibration(hands, others=make_hands(300, seed=4, disagreement=True))
    assert from_plain_data(Calibration, to_plain_data(calibration)) == calibration
    assert calibration.used(hands.ids[0])
    assert not calibration.used("another")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells": []}, "at least one cell"),
        ({"cells": [{"sex": "F", "from_months": 0.0, "scores": []}]}, "needs scores"),
        ({"cells": [{"sex": "F", "from_months": 0.0, "scores": [3.0, 1.0]}]}, "ascending"),
        ({"cells": [{"sex": "F", "from_months": 0.0, "scores": [-1.0]}]}, "not negative"),
        ({"cells": [{"sex": "F", "from_months": 0.0, "scores": [math.nan]}]}, "finite"),
        ({"cells": [{"sex": "X", "from_months": 0.0, "scores": [1.0]}]}, "sex"),
        ({"cells": [{"sex": "F", "from_months": 60.0, "scores": [1.0]}]}, "begin at 0 months"),
        ({"cells": [{"sex": "F", "from_months": 400.0, "scores": [1.0]}]}, "0 to 228"),
        ({"least_spread_months": 0.0}, "positive"),
        ({"hashes": ["1377"]}, "16 hexadecimal digits"),
        ({"corrections": [{"knots": [{"sex": "F"}]}]}, "months"),
        ({"level": 0.9}, "level"),
    ],
)
def test_values_that_are_none_are_refused(change, message):
    data = to_plain_data(Calibration((CELL,))) | change
    with pytest.raises(ValueError, match=message):
        from_plain_data(Calibration, data)


def test_method_is_told_in_words():
    assert Calibration((CELL,)).method == "split conformal by sex and predicted age"
    assert Calibration((CELL,), (), 2.0).method.endswith("scaled by how much the regions disagree")
    assert Calibration((CELL, CalibrationCell("M", 0.0, CELL.scores))).n_hands == 38


def test_cells_are_named_by_their_ages():
    starts = (0.0, 60.0, 120.0)
    calibration = Calibration(
        (*(CalibrationCell("F", start, (1.0,)) for start in starts), CalibrationCell("M", 0.0, (1.0,)))
    )
    assert [calibration.name_cell(cell) for cell in calibration.cells] == [
        "girls under 5 years",
        "girls from 5 to 10 years",
        "girls from 10 years",
        "boys of all ages",
    ]


def test_scores_in_any_number_are_the_quantiles_of_numpy_by_rank():
    rng = np.random.default_rng(0)
    scores = np.sort(rng.uniform(0, 30, 137))
    expected = np.quantile(scores, math.ceil(138 * 0.9) / 137, method="inverted_cdf")
    assert CalibrationCell("F", 0.0, tuple(scores)).quantile(0.9) == expected
