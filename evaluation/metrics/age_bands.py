"""The age bands of reports."""

from __future__ import annotations

from itertools import pairwise

AGE_BANDS = (5, 10, 15)  # years


def name_age_band(months: float) -> str:
    """Return the band of an age.

    Examples
    --------
    >>> name_age_band(59.9), name_age_band(60), name_age_band(200)
    ('under 5 years', '5 to 9 years', '15 years and over')
    """
    return list_age_bands()[sum(months >= 12 * limit for limit in AGE_BANDS)]


def list_age_bands() -> list[str]:
    """Return the names of the bands, the youngest first."""
    middle = [f"{low} to {high - 1} years" for low, high in pairwise(AGE_BANDS)]
    return [f"under {AGE_BANDS[0]} years", *middle, f"{AGE_BANDS[-1]} years and over"]
