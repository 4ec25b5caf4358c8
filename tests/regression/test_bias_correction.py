import numpy as np
import pytest

from boneage.imaging.errors import InvalidInput
from boneage.regression import BiasCorrection, CalibrationHands, fit_bias_correction
from boneage.regression.bias_correction import FEWEST_HANDS, Knot, correct_months
from tests.regression.calibration_makers import make_hands


def test_an_offset_of_each_sex_is_taken_away_from_other_hands():
    correction = fit_bias_correction(make_hands(2000, seed=0, bias=6.0))
    others = make_hands(2000, seed=1, bias=6.0)
    ages = [correct_months(m, s, (correction,)) for m, s in zip(others.predicted_months, others.sexes, strict=True)]
    for sex in "FM":
        of_sex = np.array(others.sexes) == sex
        assert abs((np.array(ages) - others.true_months)[of_sex].mean()) < 1.0
        assert abs((others.predicted_months - others.true_months)[of_sex].mean()) > 5.0


def test_few_hands_of_a_sex_give_one_offset_and_very_few_give_none():
    months = np.linspace(60, 180, 30 + FEWEST_HANDS - 1)
    sexes = ("F",) * 30 + ("M",) * (FEWEST_HANDS - 1)
    hands = CalibrationHands(tuple(map(str, range(len(months)))), sexes, months + 5, months, np.zeros(len(months)))
    correction = fit_bias_correction(hands)
    assert [(knot.sex, round(knot.shift_months, 9), knot.n_hands) for knot in correction.knots] == [("F", -5.0, 30)]
    assert correction.shift(20.0, "F") == correction.shift(200.0, "F") == pytest.approx(-5.0)
    assert correction.shift(100.0, "M") == correction.shift(100.0, None) == 0.0


def test_corrections_follow_one_another_and_no_age_falls_below_zero():
    first = BiasCorrection((Knot("F", 60.0, 10.0, 1.0, 60), Knot("F", 120.0, -10.0, 1.0, 60)))
    second = BiasCorrection((Knot("F", 100.0, -20.0, 1.0, 60),))
    assert correct_months(60.0, "F", (first, second)) == 50.0
    assert correct_months(5.0, "F", (second,)) == 0.0


@pytest.mark.parametrize(
    "knots",
    [
        (Knot("F", 60.0, 0.0, 1.0, 60), Knot("F", 60.0, 0.0, 1.0, 60)),
        (Knot("F", 60.0, 30.0, 1.0, 60), Knot("F", 80.0, 5.0, 1.0, 60)),
    ],
)
def test_a_correction_that_changes_the_order_of_ages_is_refused(knots):
    with pytest.raises(InvalidInput, match="must increase"):
        BiasCorrection(knots)


def test_ages_that_do_not_follow_the_true_ones_are_not_corrected():
    hands = make_hands(600, seed=2)
    backwards = CalibrationHands(
        hands.ids, hands.sexes, hands.predicted_months, 240 - hands.true_months, hands.spreads_months
    )
    with pytest.raises(InvalidInput, match="follow the true ones too little"):
        fit_bias_correction(backwards)


def test_a_knot_is_of_finite_numbers_and_enough_hands():
    with pytest.raises(InvalidInput, match="finite"):
        Knot("F", 60.0, float("nan"), 1.0, 60)
    with pytest.raises(InvalidInput, match="at least 10 hands"):
        Knot("F", 60.0, 1.0, 1.0, 9)
