"""What many hands make of each change, one row a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.benchmarks.stress.run import StressResult
from boneage.evaluation.metrics import OUTLIER_PERCENT, summarise_distances

Array = NDArray[Any]


@dataclass(frozen=True)
class ChangeSummary:
    """How hands were read after one change; NaN where nothing was measured.

    Parameters
    ----------
    change : str
    n : int
        Hands.
    refused, flagged : float
        Parts of them.
    landmark_mean, landmark_median, landmark_percentile_95 : float
        Of the landmarks of the hands that were not refused, in the unit of the errors; those not found are infinite to
        the median and to the percentile, and left out of the mean.
    landmark_beyond : float
        The part of these landmarks that is further off than a tenth of the hand's length, or was not found.
    age_change_mean, age_change_percentile_95, age_change_worst : float
        Absolute change in months, of the hands with an age before and after.
    seconds_median, seconds_worst : float
        A hand, refused ones among them.
    """

    change: str
    n: int
    refused: float
    flagged: float
    landmark_mean: float
    landmark_median: float
    landmark_percentile_95: float
    landmark_beyond: float
    age_change_mean: float
    age_change_percentile_95: float
    age_change_worst: float
    seconds_median: float
    seconds_worst: float


def summarise_stress(results: Sequence[StressResult]) -> list[ChangeSummary]:
    """Return a summary of each change, in the order in which they were made."""
    changes = dict.fromkeys(result.change for result in results)
    return [_summarise(change, [result for result in results if result.change == change]) for change in changes]


def _summarise(change: str, results: Sequence[StressResult]) -> ChangeSummary:
    statuses = [result.status for result in results]
    read = [result for result in results if result.status != "refused"]
    landmarks = summarise_distances(np.concatenate([np.empty(0), *(result.distances for result in read)]))
    percent = np.concatenate([np.empty(0), *(result.percent_of_length for result in read)])
    ages = np.abs(_without_nan([result.age_change_months for result in results]))
    seconds = _without_nan([result.seconds for result in results])
    known = _without_nan(percent)
    return ChangeSummary(
        change=change,
        n=len(results),
        refused=statuses.count("refused") / len(results),
        flagged=statuses.count("flagged") / len(results),
        landmark_mean=landmarks["mean"],
        landmark_median=landmarks["median"],
        landmark_percentile_95=landmarks["percentile_95"],
        landmark_beyond=float((known > OUTLIER_PERCENT).mean()) if len(known) else float("nan"),
        age_change_mean=float(ages.mean()) if len(ages) else float("nan"),
        age_change_percentile_95=_quantile(ages, 0.95),
        age_change_worst=_quantile(ages, 1.0),
        seconds_median=float(np.median(seconds)) if len(seconds) else float("nan"),
        seconds_worst=_quantile(seconds, 1.0),
    )


def _without_nan(values: Sequence[float] | Array) -> Array:
    numbers = np.asarray(values, np.float64)
    return np.asarray(numbers[~np.isnan(numbers)])


def _quantile(values: Array, part: float) -> float:
    return float(np.quantile(values, part, method="higher")) if len(values) else float("nan")
