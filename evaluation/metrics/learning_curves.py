"""Learning curves: errors by the number of annotated hands, compared in pairs, with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.metrics.bootstrap import bootstrap_interval, expand_level

Array = NDArray[np.float64]

FEWEST_REPEATS = 6
"""With fewer, even differences that are all of one sign are not rare enough by chance for an interval of 95 %."""

_WORST = 0.1  # of the landmarks
_LEVEL = 0.95
_ROUNDS = 5000


def mean_capped(distances: Array, limit: float) -> float:
    """Return the mean distance, where one beyond a limit, or of a landmark that was not found, counts as the limit.

    So neither a few landmarks far off nor their omission decide a comparison.

    Parameters
    ----------
    distances : ndarray
        Infinite where a landmark was not found; NaN, which is left out, where there is no truth.
    limit : float

    Examples
    --------
    >>> mean_capped(np.array([1.0, 30.0, np.inf, np.nan]), 10.0)
    7.0
    """
    return float(np.nanmean(np.minimum(distances, limit)))


def mean_of_worst(distances: Array, limit: float) -> float:
    """Return the mean, capped as in :func:`mean_capped`, of the tenth of the distances that are largest."""
    capped = np.sort(np.minimum(distances[~np.isnan(distances)], limit))
    return float(capped[-max(round(_WORST * len(capped)), 1) :].mean())


def measure_area(curve: Array, sizes: Sequence[int]) -> float:
    """Return the mean height of a curve over its range of sizes, straight between them; its height at a single size.

    Examples
    --------
    >>> measure_area(np.array([4.0, 2.0, 2.0]), [10, 20, 40])
    2.3333333333333335
    """
    if len(sizes) == 1:
        return float(curve[0])
    return float(np.trapezoid(curve, sizes) / (sizes[-1] - sizes[0]))


def count_needed(curve: Array, sizes: Sequence[int], error: float) -> float:
    """Return with how many hands a curve, straight between its sizes, first reaches an error; NaN if it never does.

    Examples
    --------
    >>> count_needed(np.array([4.0, 2.0, 1.0]), [10, 20, 40], 3.0)
    15.0
    """
    lowest = np.minimum.accumulate(curve)
    reached = np.flatnonzero(lowest <= error)
    if not len(reached):
        return float("nan")
    k = int(reached[0])
    if k == 0:
        return float(sizes[0])
    before, after = lowest[k - 1], lowest[k]
    return float(sizes[k - 1] + (sizes[k] - sizes[k - 1]) * (before - error) / (before - after))


@dataclass(frozen=True)
class Difference:
    """A number of one strategy less that of another, with the interval that holds it with a probability of 95 %.

    Without an interval, which is NaN then, of fewer than ``FEWEST_REPEATS``.
    """

    value: float
    low: float
    high: float

    @property
    def has_interval(self) -> bool:
        """Whether there were enough repeats for an interval."""
        return not math.isnan(self.low)

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def compare_areas(curves: Array, others: Array, sizes: Sequence[int]) -> Difference:
    """Return the area under a strategy's mean curve less that under another's, paired by repeats.

    Parameters
    ----------
    curves, others : ndarray of shape (n_repeats, n_sizes)
        Errors; the same row is the same repeat.
    sizes : sequence of int
    """
    return _compare(curves, others, lambda a, b: measure_area(a, sizes) - measure_area(b, sizes))


def compare_errors(curves: Array, others: Array, place: int) -> Difference:
    """Return the mean error of a strategy at one size less that of another, paired by repeats."""
    return _compare(curves, others, lambda a, b: float(a[place] - b[place]))


def compare_needed(curves: Array, others: Array, sizes: Sequence[int], place: int) -> Difference:
    """Return how many hands more a strategy needs for the error that another has at one size, paired by repeats.

    Both needs are those with which a curve first reaches the error. Negative is a saving. NaN where the strategy's mean
    curve does not reach that error; of the bootstrap's curves, those that do not reach it count as needing the largest
    size.
    """

    def more(a: Array, b: Array, unreached: float = math.nan) -> float:
        error = float(b[place])
        needed = count_needed(a, sizes, error)
        return (unreached if math.isnan(needed) else needed) - count_needed(b, sizes, error)

    interval = _compare(curves, others, partial(more, unreached=float(sizes[-1])))
    return Difference(more(curves.mean(axis=0), others.mean(axis=0)), interval.low, interval.high)


def _compare(curves: Array, others: Array, difference: Callable[[Array, Array], float]) -> Difference:
    """Return the difference of two mean curves, with its bootstrap interval over repeats."""

    def of(pairs: Array) -> float:
        means = pairs.mean(axis=0)
        return difference(means[0], means[1])

    pairs, n = np.stack([curves, others], axis=1), len(curves)
    if n < FEWEST_REPEATS:
        return Difference(of(pairs), math.nan, math.nan)
    return Difference(of(pairs), *bootstrap_interval(pairs, of, level=expand_level(_LEVEL, n), rounds=_ROUNDS))
