"""Whether intervals of ages cover as many new hands as they say, within what chance allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom

from boneage.imaging.errors import InvalidInput

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Coverage:
    """How many test hands lie within their intervals, and how many may be expected to.

    Parameters
    ----------
    level : float
        What the intervals are said to cover.
    n_calibration : tuple of int
        Calibration hands of each cell that the test hands are of.
    n_test : int
    n_covered : int
    band : (float, float)
        The part covered lies within, with a probability of 95 %, if the intervals are right.
    mean_width_months : float
    """

    level: float
    n_calibration: tuple[int, ...]
    n_test: int
    n_covered: int
    band: tuple[float, float]
    mean_width_months: float

    @property
    def part(self) -> float:
        """The part of the test hands within their intervals."""
        return self.n_covered / self.n_test

    @property
    def in_band(self) -> bool:
        """Whether that part is within the band."""
        return self.band[0] <= self.part <= self.band[1]


def measure_coverage(
    true_months: Array,
    low_months: Array,
    high_months: Array,
    level: float,
    n_calibration: Sequence[int],
    cells: Sequence[str],
) -> dict[str, Coverage]:
    """Return the coverage of intervals, of all hands (``"all"``) and of each cell.

    Parameters
    ----------
    true_months, low_months, high_months : ndarray of shape (n_hands,)
        Of test hands: neither trained on nor calibrated by.
    level : float
    n_calibration : sequence of int
        The number of calibration hands that each interval rests on.
    cells : sequence of str
        The calibration cell of each hand; hands of one cell rest on the same calibration hands.

    Raises
    ------
    InvalidInput
        If there is no hand, lengths differ, an end is NaN, or a cell has several numbers of calibration hands.
    """
    n = len(cells)
    arrays = [np.asarray(array, np.float64) for array in (true_months, low_months, high_months)]
    if not n or any(array.shape != (n,) for array in arrays) or len(n_calibration) != n:
        raise InvalidInput(
            f"need an age, two ends and a number of calibration hands for each of {n} hands, at least one"
        )
    true, low, high = arrays
    if not all(np.isfinite(array).all() for array in arrays):
        raise InvalidInput("ages and ends of intervals must be finite")
    covered = (low <= true) & (true <= high)
    sizes: dict[str, int] = {}
    for cell, size in zip(cells, n_calibration, strict=True):
        if sizes.setdefault(cell, size) != size:
            raise InvalidInput(f"the cell {cell!r} rests on {sizes[cell]} calibration hands, and on {size}")
    groups = {cell: np.array([other == cell for other in cells], np.bool_) for cell in sizes}
    found = {}
    for name, chosen in {"all": np.ones(n, np.bool_), **groups}.items():
        pairs = [(sizes[cell], int((rows & chosen).sum())) for cell, rows in groups.items() if (rows & chosen).any()]
        width = float((high - low)[chosen].mean())
        n_test, n_covered = int(chosen.sum()), int(covered[chosen].sum())
        band = coverage_band(level, pairs)
        found[name] = Coverage(level, tuple(size for size, _ in pairs), n_test, n_covered, band, width)
    return found


def coverage_band(level: float, cells: Sequence[tuple[int, int]], probability: float = 0.95) -> tuple[float, float]:
    """Return between which parts of test hands valid intervals cover, with a probability.

    With n calibration hands and the k-th smallest score, the number of test hands covered has a beta-binomial
    distribution of k and n + 1 - k [1]_; that of several cells together is the sum of theirs.

    Parameters
    ----------
    level : float
    cells : sequence of (int, int)
        Calibration and test hands of each cell.
    probability : float

    Raises
    ------
    InvalidInput
        If a cell has too few calibration hands for the level.

    References
    ----------
    .. [1] Angelopoulos, Bates, "Conformal prediction: a gentle introduction", Foundations and Trends in Machine
       Learning 16, 2023, section 3.2.

    Examples
    --------
    >>> coverage_band(0.9, [(999, 1000)])
    (0.873, 0.925)
    """
    counts = np.ones(1)
    for n_calibration, n_test in cells:
        rank = math.ceil((n_calibration + 1) * level - 1e-9)
        if rank > n_calibration:
            raise InvalidInput(f"{n_calibration} calibration hands are too few for an interval of {100 * level:g} %")
        of_cell = betabinom.pmf(np.arange(n_test + 1), n_test, rank, n_calibration + 1 - rank)
        counts = np.convolve(counts, of_cell)
    cumulative, tail = np.cumsum(counts), (1 - probability) / 2
    n = len(counts) - 1
    low, high = np.searchsorted(cumulative, [tail, 1 - tail]).tolist()
    return low / n, min(high, n) / n
