"""Age errors in months, and the baseline that every age model must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.resampling import bootstrap_interval
from boneage.imaging import Sex

Array = NDArray[np.float64]

WITHIN_MONTHS = (6, 12, 24)


def summarise_ages(predicted_months: Sequence[float], true_months: Sequence[float]) -> dict[str, Any]:
    """Return the errors of predicted ages.

    Parameters
    ----------
    predicted_months, true_months : sequence of float
        As long as each other, without NaN: a hand without a prediction is to be counted by the caller.

    Returns
    -------
    dict
        ``mad`` (mean absolute difference), ``rmse``, ``bias`` (positive: read too old), each with a 95 %
        bootstrap interval over hands, and the parts within 6, 12 and 24 months.

    Raises
    ------
    ValueError
        If there is nothing to compare, or a value is not finite.

    Examples
    --------
    >>> summarise_ages([100.0, 120.0], [110.0, 120.0])["mad"]
    5.0
    """
    predicted, true = np.asarray(predicted_months, np.float64), np.asarray(true_months, np.float64)
    if predicted.shape != true.shape or predicted.ndim != 1 or not len(predicted):
        raise ValueError(f"need as many predicted as true ages, at least one, got {predicted.shape} and {true.shape}")
    if not (np.isfinite(predicted).all() and np.isfinite(true).all()):
        raise ValueError("ages must be finite")
    errors = predicted - true
    statistics = {"mad": _mad, "rmse": _rmse, "bias": _bias}
    summary: dict[str, Any] = {"n_hands": len(errors)}
    for name, statistic in statistics.items():
        summary[name] = statistic(errors)
        summary[f"{name}_interval_95"] = bootstrap_interval(errors, statistic)
    for months in WITHIN_MONTHS:
        summary[f"within_{months}"] = float((np.abs(errors) <= months).mean())
    return summary


def constant_by_sex(
    train_months: Sequence[float], train_sexes: Sequence[Sex | None], test_sexes: Sequence[Sex | None]
) -> Array:
    """Return the ages that knowing the sex alone would give: the median training age of that sex.

    Where the sex is not known, or no training hand has it, the median of all.

    Examples
    --------
    >>> constant_by_sex([100.0, 120.0, 90.0], ["M", "M", "F"], ["F", "M"]).tolist()
    [90.0, 110.0]
    """
    ages = np.asarray(train_months, np.float64)
    if not len(ages) or len(ages) != len(train_sexes):
        raise ValueError(f"need as many ages as sexes, at least one, got {len(ages)} and {len(train_sexes)}")
    of_all = float(np.median(ages))
    constants: dict[Sex | None, float] = {}
    for sex in {*train_sexes} - {None}:
        constants[sex] = float(np.median([a for a, s in zip(ages, train_sexes, strict=True) if s == sex]))
    return np.array([constants.get(sex, of_all) for sex in test_sexes])


def _mad(errors: Array) -> float:
    return float(np.abs(errors).mean())


def _rmse(errors: Array) -> float:
    return float(np.sqrt((errors**2).mean()))


def _bias(errors: Array) -> float:
    return float(errors.mean())
