import math

import numpy as np

from boneage.evaluation.metrics import count_outliers, describe_outliers, find_cases, select_worst_cases
from tests.evaluation.makers import errors_of

LENGTHS = np.array([200.0, 80.0, 200.0])
ERRORS = errors_of(
    [[1, 9, 11], [1, 9, math.inf], [math.nan, math.nan, math.nan]], "abc", ids=("h", "k", "none"), lengths=LENGTHS
)


def test_outliers_are_counted_by_hand_in_units_and_in_percent_of_its_length():
    first, second = count_outliers(ERRORS)
    assert (first.id, first.n_landmarks, first.n_beyond, first.n_beyond_percent, first.n_not_found) == ("k", 3, 1, 2, 1)
    assert (first.worst, first.worst_landmark) == (9, "b")
    assert (second.id, second.n_beyond, second.n_beyond_percent, second.worst_landmark) == ("h", 1, 0, "c")


def test_a_hand_tested_twice_is_one_hand():
    errors = errors_of([[20], [30], [1]], "a", ids=("h", "h", "k"))
    assert [(hand.id, hand.n_tests, hand.n_landmarks, hand.n_beyond) for hand in count_outliers(errors)] == [
        ("h", 2, 2, 2),
        ("k", 1, 1, 0),
    ]


def test_a_hand_in_which_nothing_was_found_has_no_worst_landmark():
    (hand,) = count_outliers(errors_of([[math.inf, math.inf]], "ab"))
    assert (hand.n_not_found, hand.worst_landmark) == (2, "")
    assert math.isnan(hand.worst)


def test_the_spread_is_told_in_a_sentence():
    assert describe_outliers(count_outliers(errors_of([[1.0]], "a")), "mm").startswith("No landmark is off by more")
    many = errors_of([[11, 11], [11, 1], [11, 1], [11, 1], [1, 1]], "ab")
    assert (
        "5 landmarks are off by more than 10 mm or not found, in 4 of 5 images; the three images with most hold 4"
        in (describe_outliers(count_outliers(many), "mm"))
    )


def test_the_worst_cases_are_of_several_hands_and_none_is_there_twice():
    errors = errors_of(
        [[40, 30, 20, 10], [39, 29, 1, 1], [5, math.inf, math.nan, 2]], "abcd", ids=("h", "h", "k"), scores=None
    )
    cases = find_cases(errors)
    assert len(cases) == 10
    worst = select_worst_cases(cases, n=5, per_hand=3)
    assert [(case.id, case.landmark, case.error) for case in worst] == [
        ("h", "a", 40),
        ("h", "b", 30),
        ("h", "c", 20),
        ("k", "a", 5),
        ("k", "d", 2),
    ]
    assert select_worst_cases([]) == []
