"""A bone age beside the ages of healthy children: the Brush Foundation's table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Sex
from boneage.pipeline.age_text import age_text

Determination = Literal["delayed", "normal", "advanced", "indeterminate"]

SOURCE = "Brush Foundation Study, in Greulich and Pyle 1959"
LIMIT_SD = 2.0
"""A bone age further than this from the mean is delayed or advanced."""

_AGES = {  # months
    "M": (3, 6, 9, 12, 18, 24, 30, 36, 42, 48, 54, 60, 72, 84, 96, 108, 120, 132, 144, 156, 168, 180, 192, 204),
    "F": (3, 6, 9, 12, 18, 24, 30, 36, 42, 48, 54, 60, 72, 84, 96, 108, 120, 132, 144, 156, 168, 180, 192),
}
_MEANS = {
    "M": (
        3.01, 6.09, 9.56, 12.74, 19.36, 25.97, 32.40, 38.21, 43.89, 49.04, 56.00, 62.43,
        75.46, 88.20, 101.38, 113.90, 125.68, 137.32, 148.82, 158.39, 170.02, 182.72, 195.32, 206.21,
    ),
    "F": (
        3.02, 6.04, 9.05, 12.04, 18.22, 24.16, 30.96, 36.63, 43.50, 50.14, 60.06, 66.21,
        78.50, 89.30, 100.66, 113.86, 125.66, 137.86, 149.62, 162.28, 174.25, 183.62, 189.44,
    ),
}  # fmt: skip
_DEVIATIONS = {
    "M": (
        0.69, 1.13, 1.43, 1.97, 3.52, 3.92, 4.52, 5.08, 5.40, 6.66, 8.36, 8.79,
        9.17, 8.91, 9.10, 9.00, 9.79, 10.09, 10.38, 10.44, 10.72, 11.32, 12.86, 13.05,
    ),
    "F": (
        0.72, 1.16, 1.36, 1.77, 3.49, 4.64, 5.37, 5.97, 7.48, 8.98, 10.73, 11.65,
        10.23, 9.64, 10.23, 10.74, 11.73, 11.94, 10.24, 10.67, 11.30, 9.23, 7.31,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class AgeComparison:
    """A bone age beside the chronological age.

    Parameters
    ----------
    difference_months : float
        Bone age minus chronological age; NaN where one of them is not known.
    sd_score : float
        Standard deviations above the mean bone age of healthy children of that sex and age; NaN where there is none.
    determination : {"delayed", "normal", "advanced", "indeterminate"}
        In the words of RDES14, RadElement's set of pediatric bone age.
    reason : str
        Why there is no score; empty if there is one.
    """

    difference_months: float = math.nan
    sd_score: float = math.nan
    determination: Determination = "indeterminate"
    reason: str = ""


def list_reference(sex: Sex) -> NDArray[np.float64]:
    """Return the table of a sex: chronological age, mean bone age and its standard deviation, shape (n, 3), in months.

    References
    ----------
    .. [1] Greulich W. W., Pyle S. I. Radiographic Atlas of Skeletal Development of the Hand and Wrist, 2nd edition.
       Stanford University Press, 1959: variability of skeletal age in the Brush Foundation Study.
    """
    return np.column_stack([_AGES[sex], _MEANS[sex], _DEVIATIONS[sex]]).astype(np.float64)


def compare_ages(bone_age_months: float, chronological_months: float, sex: Sex | None) -> AgeComparison:
    """Compare a bone age with the mean of healthy children of one sex and chronological age, interpolated in the table.

    Parameters
    ----------
    bone_age_months, chronological_months : float
        NaN where not known.
    sex : {"F", "M"} or None

    Examples
    --------
    >>> round(compare_ages(150.1, 120.0, "M").sd_score, 2)  # (150.1 - 125.68) / 9.79
    2.49
    >>> compare_ages(150.1, 220.0, "M").reason
    'the Brush Foundation has boys of 0 y 3 m to 17 y 0 m'
    """
    difference = bone_age_months - chronological_months
    if math.isnan(bone_age_months):
        return AgeComparison(reason="there is no bone age")
    if math.isnan(chronological_months):
        return AgeComparison(reason="the chronological age is not known")
    if sex is None:
        return AgeComparison(difference, reason="the sex is not known")
    ages, means, deviations = list_reference(sex).T
    if not ages[0] <= chronological_months <= ages[-1]:
        whom = "girls" if sex == "F" else "boys"
        reason = f"the Brush Foundation has {whom} of {age_text(ages[0])} to {age_text(ages[-1])}"
        return AgeComparison(difference, reason=reason)
    mean, deviation = (float(np.interp(chronological_months, ages, column)) for column in (means, deviations))
    score = (bone_age_months - mean) / deviation
    determination: Determination = "normal"
    if abs(score) > LIMIT_SD:
        determination = "advanced" if score > 0 else "delayed"
    return AgeComparison(difference, score, determination)
