"""Models that an age network must beat: the sex alone, and gradients of the whole image with a linear regression."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from skimage.feature import hog
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from boneage.imaging import Sex
from boneage.imaging.errors import InvalidInput
from boneage.regression.estimates import AgeEstimate, bound_age
from boneage.regression.region_stack import RegionStack

SEX_CODES: dict[Sex | None, float] = {"F": -1.0, "M": 1.0, None: 0.0}
FEATURE_PENALTIES = np.logspace(-1, 5, 13)
"""Of ridge regressions on a pretrained network's features."""

_CELLS = 8  # along a side


class ConstantBySex:
    """The median training age of each sex: the prediction from the sex alone.

    Where the sex is not known, or no training hand has it, the median of all.

    Attributes
    ----------
    months_ : dict of float
        By sex.
    of_all_ : float
    """

    def fit(self, inputs: Sequence[object], ages_months: Sequence[float], sexes: Sequence[Sex | None]) -> Self:
        """Learn from hands of known age; ``inputs`` are ignored."""
        ages = check_ages(ages_months, sexes)
        self.of_all_ = float(np.median(ages))
        self.months_: dict[Sex | None, float] = {}
        for sex in {*sexes} - {None}:
            self.months_[sex] = float(np.median([a for a, s in zip(ages, sexes, strict=True) if s == sex]))
        return self

    def predict(self, inputs: Sequence[object], sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        """Return an estimate for each hand."""
        if not hasattr(self, "months_"):
            raise NotFittedError("this ConstantBySex is not fitted yet")
        return [single_estimate("sex", self.months_.get(sex, self.of_all_)) for sex in sexes]

    @property
    def n_parameters(self) -> int:
        """Number of learnt numbers."""
        return 1 + len(self.months_)


class HogRegressor:
    """Histograms of oriented gradients [1]_ of one region, the sex, and a ridge regression.

    Nine directions in 8 x 8 cells, normalised in blocks of 2 x 2: 1764 features of each hand. The penalty is chosen by
    leave-one-out cross-validation.

    References
    ----------
    .. [1] Dalal, Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.
    """

    def fit(self, stacks: Sequence[RegionStack], ages_months: Sequence[float], sexes: Sequence[Sex | None]) -> Self:
        """Learn from hands of known age.

        Parameters
        ----------
        stacks : sequence of RegionStack
            Each with one region.
        ages_months : sequence of float
        sexes : sequence of {"F", "M", None}
            Unknown is coded half way between the two.

        Raises
        ------
        InvalidInput
            If there are fewer than two hands, or one has not exactly one region.
        """
        ages = check_ages(ages_months, sexes, minimum=2)
        self.model_ = fit_ridge(_hog_features(stacks, sexes), ages, np.logspace(1, 5, 9))
        return self

    def predict(self, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        """Return an estimate for each hand."""
        if not hasattr(self, "model_"):
            raise NotFittedError("this HogRegressor is not fitted yet")
        if not len(stacks):
            return []
        return [single_estimate("gradients", months) for months in self.model_.predict(_hog_features(stacks, sexes))]

    @property
    def n_parameters(self) -> int:
        """Number of learnt weights."""
        return count_parameters(self.model_)


def single_estimate(name: str, months: float, reason: str = "") -> AgeEstimate:
    """Return the estimate of a model with one source, called ``name``; NaN with a reason for no age."""
    weight = 0.0 if math.isnan(months) else 1.0
    months = bound_age(months)
    return AgeEstimate(months, (name,), (months,), (weight,), reason)


def check_ages(ages_months: Sequence[float], sexes: Sequence[Sex | None], minimum: int = 1) -> NDArray[np.float64]:
    """Return the ages as an array.

    Raises
    ------
    InvalidInput
        If there are fewer than ``minimum``, not as many as sexes, or one is negative or no number.
    """
    ages = np.asarray(ages_months, dtype=np.float64)
    if len(ages) < minimum or len(ages) != len(sexes):
        raise InvalidInput(
            f"need at least {minimum} hands with an age and a sex each, got {len(ages)} and {len(sexes)}"
        )
    invalid = np.flatnonzero(~(np.isfinite(ages) & (ages >= 0)))
    if len(invalid):
        raise InvalidInput(f"hand number {invalid[0]}: the age must be a number of months, got {ages[invalid[0]]}")
    return ages


def compute_gradients(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the histograms of oriented gradients of a square picture, shape (1764,); see :class:`HogRegressor`."""
    cell = picture.shape[0] // _CELLS
    return np.asarray(hog(picture, orientations=9, pixels_per_cell=(cell, cell), cells_per_block=(2, 2)))


def fit_ridge(features: NDArray[Any], ages: NDArray[np.float64], penalties: NDArray[np.float64]) -> Any:
    """Return a ridge regression on standardised features; the penalty is chosen by leave-one-out."""
    return make_pipeline(StandardScaler(), RidgeCV(penalties)).fit(features, ages)


def count_parameters(model: Any) -> int:
    """Return the number of weights of a ridge regression of :func:`fit_ridge`, with the intercept."""
    return int(model[-1].coef_.size) + 1


def _hog_features(stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> NDArray[np.float32]:
    rows = []
    for stack, sex in zip(stacks, sexes, strict=True):
        if stack.pixels.shape[0] != 1:
            raise InvalidInput(f"need hands of one region each, got one of {stack.pixels.shape[0]}")
        rows.append(np.append(compute_gradients(stack.pixels[0]), SEX_CODES[sex]).astype(np.float32))
    return np.stack(rows)
