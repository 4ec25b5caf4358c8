import math

from boneage.evaluation.reports.number_format import format_interval, format_number, format_rate


def test_numbers_are_told_and_what_is_not_known_is_a_dash():
    assert (format_number(1.234), format_number(1.26, 1), format_number(math.nan), format_number(math.inf)) == (
        "1.23",
        "1.3",
        "-",
        "not found",
    )
    assert (format_rate(0.1234), format_rate(0.5, 0), format_rate(math.nan)) == ("12.3 %", "50 %", "-")
    assert (format_interval((1, 2.345)), format_interval((1, 2.345), 1), format_interval((math.nan, 1))) == (
        "1.00 to 2.35",
        "1.0 to 2.3",
        "-",
    )
