import numpy as np
import pytest

from boneage.imaging.errors import InvalidInput
from boneage.regression import CalibrationHands
from boneage.regression.calibration_hands import FEWEST_IN_GROUP
from tests.regression.calibration_makers import make_hands


def test_groups_are_of_one_sex_and_band_and_hold_every_hand_once():
    hands = make_hands(1000, seed=0)
    groups = hands.group()
    assert sorted(np.concatenate([rows for *_, rows in groups])) == list(range(1000))
    for sex, start, rows in groups:
        assert {hands.sexes[row] for row in rows} == {sex}
        assert (hands.predicted_months[rows] >= start).all()
        assert len(rows) >= FEWEST_IN_GROUP


def test_a_small_group_joins_the_smaller_neighbour_of_its_sex():
    months = np.repeat([30.0, 90.0, 150.0, 200.0], [70, 59, 80, 90])
    hands = CalibrationHands(tuple(map(str, range(299))), ("F",) * 299, months, months, months)
    assert [(sex, start, len(rows)) for sex, start, rows in hands.group()] == [
        ("F", 0.0, 129),
        ("F", 120.0, 80),
        ("F", 180.0, 90),
    ]


def test_a_sex_of_few_hands_is_one_group():
    hands = make_hands(30, seed=1)
    assert [(sex, start) for sex, start, _ in hands.group()] == [("F", 0.0), ("M", 0.0)]


def test_halves_share_no_hand_and_do_not_depend_on_the_others():
    hands = make_hands(400, seed=2)
    first, second = hands.halve()
    assert set(first.ids) | set(second.ids) == set(hands.ids)
    assert not set(first.ids) & set(second.ids)
    assert 150 < len(first.ids) < 250
    some = hands.select(range(100)).halve()[0]
    assert set(some.ids) == set(first.ids) & set(hands.ids[:100])


def test_hands_that_do_not_fit_together_are_refused():
    with pytest.raises(InvalidInput, match="for each of 2 hands"):
        CalibrationHands(("1", "2"), ("F", "M"), np.zeros(2), np.zeros(3), np.zeros(2))
    with pytest.raises(InvalidInput, match="twice"):
        CalibrationHands(("1", "1"), ("F", "M"), np.zeros(2), np.zeros(2), np.zeros(2))
    with pytest.raises(InvalidInput, match="finite"):
        CalibrationHands(("1",), ("F",), np.array([np.nan]), np.zeros(1), np.zeros(1))
