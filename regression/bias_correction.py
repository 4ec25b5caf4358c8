"""A bias correction: how many months to add to a predicted age, by sex, linear between a few ages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from boneage.imaging import Sex
from boneage.imaging.errors import InvalidInput
from boneage.regression.calibration_hands import CalibrationHands
from boneage.regression.estimates import bound_age

FEWEST_HANDS = 10
"""Of one sex: the mean error of fewer is off by more than it would correct."""


@dataclass(frozen=True)
class Knot:
    """The mean error of some hands of one sex, with its sign turned.

    Parameters
    ----------
    sex : {"F", "M"} or None
    months : float
        Their mean predicted age.
    shift_months : float
        What to add to it.
    standard_error : float
        Of the shift, in months.
    n_hands : int
    """

    sex: Sex | None
    months: float
    shift_months: float
    standard_error: float
    n_hands: int

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.months, self.shift_months, self.standard_error)):
            raise InvalidInput("the numbers of a knot must be finite")
        if self.n_hands < FEWEST_HANDS:
            raise InvalidInput(f"a knot rests on at least {FEWEST_HANDS} hands, got {self.n_hands}")


@dataclass(frozen=True)
class BiasCorrection:
    """What is added to predicted ages: linear between the knots of a sex, constant beyond them.

    Parameters
    ----------
    knots : tuple of Knot
        Of one sex in the order of their ages. A sex without any is not corrected.

    Raises
    ------
    InvalidInput
        If knots are out of order, or the order of ages would change.

    Examples
    --------
    >>> correction = BiasCorrection((Knot("F", 60.0, -4.0, 1.0, 80), Knot("F", 180.0, 2.0, 1.0, 90)))
    >>> [correction.shift(months, "F") for months in (24.0, 120.0, 200.0)], correction.shift(120.0, "M")
    ([-4.0, -1.0, 2.0], 0.0)
    """

    knots: tuple[Knot, ...]

    def __post_init__(self) -> None:
        for sex in {knot.sex for knot in self.knots}:
            of_sex = [knot for knot in self.knots if knot.sex == sex]
            for ages in ([k.months for k in of_sex], [k.months + k.shift_months for k in of_sex]):
                if any(first >= second for first, second in pairwise(ages)):
                    raise InvalidInput("the knots of a bias correction must increase, before and after it")

    def shift(self, months: float, sex: Sex | None) -> float:
        """Return how many months to add to a predicted age."""
        of_sex = [knot for knot in self.knots if knot.sex == sex]
        if not of_sex:
            return 0.0
        return float(np.interp(months, [knot.months for knot in of_sex], [knot.shift_months for knot in of_sex]))


def correct_months(months: float, sex: Sex | None, corrections: Sequence[BiasCorrection]) -> float:
    """Return a predicted age after several corrections, one after the other; within 0 to 300."""
    for correction in corrections:
        months += correction.shift(months, sex)
    return bound_age(months)


def fit_bias_correction(hands: CalibrationHands) -> BiasCorrection:
    """Return the correction by the mean errors of hands: a knot for each group of sex and predicted age.

    A sex of fewer than ``FEWEST_HANDS`` hands is not corrected.

    Parameters
    ----------
    hands : CalibrationHands
        Neither trained on, nor those that intervals are to be made from.

    Raises
    ------
    InvalidInput
        If the errors are so large that the order of ages would change.
    """
    knots = []
    for sex, _, rows in hands.group():
        if len(rows) >= FEWEST_HANDS:
            shifts = hands.true_months[rows] - hands.predicted_months[rows]
            standard_error = float(shifts.std(ddof=1)) / math.sqrt(len(rows))
            months = float(hands.predicted_months[rows].mean())
            knots.append(Knot(sex, months, float(shifts.mean()), standard_error, len(rows)))
    try:
        return BiasCorrection(tuple(knots))
    except InvalidInput as error:
        raise InvalidInput(
            f"the predicted ages follow the true ones too little to correct their bias ({error})"
        ) from error
