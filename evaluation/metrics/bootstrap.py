"""How sure a figure is: bootstrap intervals over hands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

_BLOCK = 2_000_000


def bootstrap_interval(
    hands: Array,
    statistic: Callable[[Array], float],
    *,
    patients: Sequence[str] | None = None,
    level: float = 0.95,
    rounds: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return a percentile bootstrap interval of a statistic, hands drawn with replacement [1]_.

    Parameters
    ----------
    hands : ndarray of shape (n_hands, ...)
        Whatever belongs to one hand is drawn together, as it is not independent.
    statistic : callable
        From such an array to a number.
    patients : sequence of str, optional
        Whose hand each row is: a patient who is there more than once, as in repeated rounds, is drawn as a whole.
    level : float
    rounds : int
    seed : int

    Returns
    -------
    low, high : float
        NaN if there are fewer than two patients, or the statistic is NaN for all.

    References
    ----------
    .. [1] Efron, Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.

    Examples
    --------
    >>> low, high = bootstrap_interval(np.arange(100.0), np.mean)
    >>> bool(low < 49.5 < high)
    True
    """
    groups = _group([str(k) for k in range(len(hands))] if patients is None else patients)
    n = len(groups)
    if n < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    values = [statistic(hands[np.concatenate([groups[g] for g in rng.integers(0, n, n)])]) for _ in range(rounds)]
    return _middle(np.array(values)[~np.isnan(values)], level)


def expand_level(level: float, n: int) -> float:
    """Return the level at which a percentile bootstrap interval over so few holds what is asked of it.

    The percentiles of a bootstrap over n hands are too near to each other, as if n were n - 1 and their spread known.
    At this level they are as far apart as Student's t is [1]_.

    Parameters
    ----------
    level : float
    n : int
        At least 2.

    References
    ----------
    .. [1] Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69, 2015: the expanded
       percentile interval.

    Examples
    --------
    >>> round(expand_level(0.95, 7), 4), round(expand_level(0.95, 1000), 3)
    (0.9918, 0.95)
    """
    half_width = math.sqrt(n / (n - 1)) * stats.t.ppf((1 + level) / 2, n - 1)
    return float(2 * stats.norm.cdf(half_width) - 1)


def bootstrap_mean_interval(
    hands: Array,
    *,
    patients: Sequence[str] | None = None,
    level: float = 0.95,
    rounds: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the bootstrap interval of the mean of all finite values: quick, as a mean needs only sums and counts.

    Parameters
    ----------
    hands : ndarray of shape (n_hands, ...)
        Values that are not finite are left out.
    patients, level, rounds, seed
        As in :func:`bootstrap_interval`.

    Returns
    -------
    low, high : float
        NaN if there are fewer than two patients, or no value is finite.

    Examples
    --------
    >>> low, high = bootstrap_mean_interval(np.arange(100.0))
    >>> bool(low < 49.5 < high)
    True
    """
    values = np.asarray(hands, np.float64).reshape(len(hands), -1)
    finite = np.isfinite(values)
    sums, counts = np.where(finite, values, 0.0).sum(axis=1), finite.sum(axis=1)
    groups = _group([str(k) for k in range(len(hands))] if patients is None else patients)
    n = len(groups)
    if n < 2:
        return float("nan"), float("nan")
    sums = np.array([sums[group].sum() for group in groups])
    counts = np.array([counts[group].sum() for group in groups])
    rng = np.random.default_rng(seed)
    total, count = np.empty(rounds), np.empty(rounds)
    block = max(_BLOCK // n, 1)  # rounds at a time: thousands of hands would fill the memory
    for start in range(0, rounds, block):
        drawn = rng.integers(0, n, (min(block, rounds - start), n))
        total[start : start + block] = sums[drawn].sum(axis=1)
        count[start : start + block] = counts[drawn].sum(axis=1)
    return _middle(total[count > 0] / count[count > 0], level)


def _middle(values: Array, level: float) -> tuple[float, float]:
    """Return what holds the middle part of the values; NaN if there are none."""
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _group(labels: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the places of each label, in the order in which labels first occur."""
    places: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        places.setdefault(label, []).append(place)
    return [np.array(group) for group in places.values()]
