import math

from boneage.evaluation.reports.number_format import interval, number, rate


def test_numbers_are_told_and_what_is_not_known_is_a_dash():
    assert (number(1.234), number(1.26, 1), number(math.nan), number(math.inf)) == (
        "1.23",
        "1.3",
        "-",
        "not found",
    )
    assert (rate(0.1234), rate(0.5, 0), rate(math.nan)) == ("12.3 %", "50 %", "-")
    assert (interval((1, 2.345)), interval((1, 2.345), 1), interval((math.nan, 1))) == (
        "1.00 to 2.35",
        "1.0 to 2.3",
        "-",
    )
