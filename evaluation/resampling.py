"""How sure a figure is: bootstrap intervals over hands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def bootstrap_interval(
    hands: Array, statistic: Callable[[Array], float], *, level: float = 0.95, rounds: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Return a percentile bootstrap interval of a statistic, hands drawn with replacement [1]_.

    Parameters
    ----------
    hands : ndarray of shape (n_hands, ...)
        Whatever belongs to one hand is drawn together, as it is not independent.
    statistic : callable
        From such an array to a number.
    level : float
    rounds : int
    seed : int

    Returns
    -------
    low, high : float
        NaN if there are fewer than two hands, or the statistic is NaN for all.

    References
    ----------
    .. [1] Efron, Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.

    Examples
    --------
    >>> low, high = bootstrap_interval(np.arange(100.0), np.mean)
    >>> bool(low < 49.5 < high)
    True
    """
    n = len(hands)
    if n < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    values = [statistic(hands[rng.integers(0, n, n)]) for _ in range(rounds)]
    known = np.array(values)[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
