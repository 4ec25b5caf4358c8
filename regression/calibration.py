"""Intervals around ages that cover what they say: split-conformal, by sex and predicted age."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from boneage.imaging import Sex
from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT
from boneage.regression.bias_correction import BiasCorrection, correct_months
from boneage.regression.calibration_hands import hash_id
from boneage.regression.estimates import AgeEstimate, AgeInterval

DEFAULT_LEVEL = 0.9
EARLIEST_MONTHS, LATEST_MONTHS = 0.0, 228.0
"""No interval reaches beyond: the atlas ends at 19 years."""

SEX_WORDS = {"F": "girls", "M": "boys", None: "hands of unknown sex"}


@dataclass(frozen=True)
class CalibrationCell:
    """The scores of the calibration hands of one sex and predicted age, of which an interval is a quantile.

    Parameters
    ----------
    sex : {"F", "M"} or None
    from_months : float
        The predicted age at which the cell begins; it ends where the next one of its sex begins.
    scores : tuple of float
        Absolute errors in months, or in units of the scale; ascending.
    """

    sex: Sex | None
    from_months: float
    scores: tuple[float, ...]

    def __post_init__(self) -> None:
        if not EARLIEST_MONTHS <= self.from_months < LATEST_MONTHS:
            raise InvalidInput(f"a cell must begin at 0 to {LATEST_MONTHS:g} months, got {self.from_months}")
        if not all(math.isfinite(score) and score >= 0 for score in self.scores):
            raise InvalidInput("scores must be finite and not negative")
        if not self.scores or any(first > second for first, second in pairwise(self.scores)):
            raise InvalidInput("a cell needs scores, in ascending order")

    def quantile(self, level: float) -> float:
        """Return the score that ``level`` of new hands do not exceed, on average over calibrations; NaN if too few.

        It is the score of rank ``ceil((n + 1) * level)`` [1]_, so n must be at least ``1 / (1 - level) - 1``: 9 hands
        at 90 %, 19 at 95 %.

        References
        ----------
        .. [1] Lei, G'Sell, Rinaldo, Tibshirani, Wasserman, "Distribution-free predictive inference for regression",
           Journal of the American Statistical Association 113, 2018.

        Examples
        --------
        >>> cell = CalibrationCell("F", 0.0, tuple(range(1, 20)))
        >>> cell.quantile(0.9), cell.quantile(0.95), cell.quantile(0.99)
        (18.0, 19.0, nan)
        """
        rank = math.ceil((len(self.scores) + 1) * level - 1e-9)  # 20 * 0.95 is 19, whatever the last bit says
        return float(self.scores[rank - 1]) if rank <= len(self.scores) else math.nan


@dataclass(frozen=True)
class Calibration:
    """What makes intervals of the ages of one model, and corrects their bias.

    Parameters
    ----------
    cells : tuple of CalibrationCell
        Those of one sex in the order of their ages, the first from 0 months.
    corrections : tuple of BiasCorrection
        Applied one after the other; a later one was fitted on ages that the earlier ones had corrected.
    least_spread_months : float or None
        If given, errors are divided by it plus the spread of the regions' ages: intervals are wider where regions
        disagree. If None, all intervals of a cell are equally wide.
    hashes : tuple of str
        Of the ids of all hands that scores, scale and corrections were made from (:func:`hash_id`).

    Raises
    ------
    InvalidInput
        If values are out of range or order.
    """

    __pydantic_config__ = STRICT

    cells: tuple[CalibrationCell, ...]
    corrections: tuple[BiasCorrection, ...] = ()
    least_spread_months: float | None = None
    hashes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        least = self.least_spread_months
        if least is not None and not (math.isfinite(least) and least > 0):
            raise InvalidInput(f"least_spread_months must be a positive number, got {least}")
        if not self.cells:
            raise InvalidInput("a calibration needs at least one cell")
        for sex in {cell.sex for cell in self.cells}:
            starts = [cell.from_months for cell in self.cells if cell.sex == sex]
            if starts[0] != EARLIEST_MONTHS or any(first >= second for first, second in pairwise(starts)):
                raise InvalidInput("the cells of a sex must begin at 0 months and be in ascending order")
        if any(not re.fullmatch("[0-9a-f]{16}", digest) for digest in self.hashes):
            raise InvalidInput("hashes must be of 16 hexadecimal digits")

    @property
    def n_hands(self) -> int:
        """Number of hands that the intervals rest on."""
        return sum(len(cell.scores) for cell in self.cells)

    @property
    def method(self) -> str:
        """How the intervals were made, in words."""
        scaled = ", scaled by how much the regions disagree" if self.least_spread_months is not None else ""
        return f"split conformal by sex and predicted age{scaled}"

    def used(self, id_: str) -> bool:
        """Return whether a hand of this id is one of those that it was made from."""
        return hash_id(id_) in self.hashes

    def correct(self, months: float, sex: Sex | None) -> float:
        """Return a predicted age with its bias corrected."""
        return correct_months(months, sex, self.corrections)

    def find_cell(self, months: float, sex: Sex | None) -> CalibrationCell | None:
        """Return the cell of a corrected age; None if no hand of that sex was calibrated on."""
        of_sex = [cell for cell in self.cells if cell.sex == sex]
        return next((cell for cell in reversed(of_sex) if cell.from_months <= months), of_sex[0] if of_sex else None)

    def name_cell(self, cell: CalibrationCell) -> str:
        """Return the sex and the predicted ages of a cell in words, such as ``girls from 5 to 10 years``."""
        starts = [other.from_months / 12 for other in self.cells if other.sex == cell.sex]
        begin = cell.from_months / 12
        end = next((start for start in starts if start > begin), None)
        if end is None:
            return f"{SEX_WORDS[cell.sex]} " + (f"from {begin:g} years" if begin else "of all ages")
        return f"{SEX_WORDS[cell.sex]} " + (f"from {begin:g} to {end:g} years" if begin else f"under {end:g} years")

    def scale(self, spread_months: float) -> float:
        """Return what the errors of a hand are divided by; NaN if it is not known."""
        return 1.0 if self.least_spread_months is None else self.least_spread_months + spread_months

    def find_interval(
        self, months: float, sex: Sex | None, spread_months: float, level: float = DEFAULT_LEVEL
    ) -> AgeInterval:
        """Return the interval around a corrected age, within 0 to 228 months; without ends, with the reason, if none.

        Parameters
        ----------
        months : float
        sex : {"F", "M"} or None
        spread_months : float
            How much the regions disagree.
        level : float
            The part of new hands that it is to cover.

        Raises
        ------
        InvalidInput
            If the level is not between 0 and 1.
        """
        check_level(level)
        cell = self.find_cell(months, sex)
        if cell is None:
            return missing_interval(level, f"it was calibrated on no {SEX_WORDS[sex]}")
        half, n = cell.quantile(level) * self.scale(spread_months), len(cell.scores)
        if math.isnan(cell.quantile(level)):
            few = f"only {n} hands to calibrate on ({self.name_cell(cell)})"
            return missing_interval(level, f"{few}, {100 * level:g} % needs {count_needed(level)}", n)
        if math.isnan(half):
            return missing_interval(level, "how much the regions disagree is not known", n)
        low, high = np.clip([months - half, months + half], EARLIEST_MONTHS, LATEST_MONTHS).tolist()
        return AgeInterval(low, high, level, n)

    def apply(self, estimate: AgeEstimate, sex: Sex | None, level: float = DEFAULT_LEVEL) -> AgeEstimate:
        """Return an estimate with its bias corrected and its interval; its regions' ages move with the hand's."""
        months = self.correct(estimate.months, sex)
        moved = estimate.move(months - estimate.months)
        return dataclasses.replace(moved, interval=self.find_interval(months, sex, estimate.spread_months, level))


def check_level(level: float) -> None:
    """Check the level of an interval.

    Raises
    ------
    InvalidInput
        If it is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise InvalidInput(f"the level of an interval must be between 0 and 1, such as 0.9, got {level:g}")


def count_needed(level: float) -> int:
    """Return how many hands an interval of a level needs at least.

    Examples
    --------
    >>> [count_needed(level) for level in (0.8, 0.9, 0.95)]
    [4, 9, 19]
    """
    return math.ceil(1 / (1 - level) - 1e-9) - 1


def missing_interval(level: float, reason: str, n_hands: int = 0) -> AgeInterval:
    """Return an interval without ends, with the reason."""
    return AgeInterval(math.nan, math.nan, level, n_hands, reason)
