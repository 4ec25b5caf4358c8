"""Ages and intervals in words."""

from __future__ import annotations

import math

from boneage.regression import AgeEstimate, AgeInterval


def age_text(months: float) -> str:
    """Write an age as years and months.

    Examples
    --------
    >>> age_text(126.4)
    '10 y 6 m'
    >>> age_text(11.7)
    '1 y 0 m'
    """
    whole = max(round(months), 0)
    return f"{whole // 12} y {whole % 12} m"


def difference_text(months: float) -> str:
    """Write a difference of ages as years and months with its sign.

    Examples
    --------
    >>> difference_text(-14.8), difference_text(3.2)
    ('-1 y 3 m', '+0 y 3 m')
    """
    return f"{'-' if months < 0 else '+'}{age_text(abs(months))}"


def interval_text(interval: AgeInterval | None) -> str:
    """Write an interval with its level; empty if there is none.

    Examples
    --------
    >>> interval_text(AgeInterval(107.2, 134.8, 0.9, 143))
    '90 %: 8 y 11 m to 11 y 3 m'
    """
    if interval is None or math.isnan(interval.low_months):
        return ""
    return f"{100 * interval.level:g} %: {age_text(interval.low_months)} to {age_text(interval.high_months)}"


def estimate_text(estimate: AgeEstimate) -> str:
    """Write the age of a hand with its interval in brackets, if it has one.

    Examples
    --------
    >>> hand = AgeEstimate(121.0, ("hand",), (121.0,), (1.0,), interval=AgeInterval(107.2, 134.8, 0.9, 143))
    >>> estimate_text(hand)
    '10 y 1 m (90 %: 8 y 11 m to 11 y 3 m)'
    """
    interval = interval_text(estimate.interval)
    return age_text(estimate.months) + (f" ({interval})" if interval else "")
