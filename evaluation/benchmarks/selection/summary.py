"""From what was measured of strategies to curves, comparisons and tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.benchmarks.selection.measurement import ErrorScale, StrategyRun
from boneage.evaluation.metrics.learning_curves import (
    Difference,
    compare_areas,
    compare_errors,
    compare_needed,
    mean_capped,
    mean_of_worst,
    measure_area,
)
from boneage.evaluation.reports.number_format import Table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StrategyCurve:
    """What was measured of one strategy.

    Parameters
    ----------
    name : str
    sizes : tuple of int
    errors, worst, beyond : ndarray of shape (n_repeats, n_sizes)
        Mean error, mean of the tenth of the errors that are largest, and part of them that is far off.
    """

    name: str
    sizes: tuple[int, ...]
    errors: Array
    worst: Array
    beyond: Array

    @classmethod
    def join(cls, name: str, sizes: tuple[int, ...], runs: Sequence[StrategyRun], scale: ErrorScale) -> StrategyCurve:
        """Return the curve of a strategy's repeats, in their order."""
        ordered = sorted((run for run in runs if run.strategy == name), key=lambda run: run.repeat)
        steps = [[step.distances for step in run.steps] for run in ordered]
        errors = np.array([[mean_capped(distances, scale.cap) for distances in of_run] for of_run in steps])
        worst = np.array([[mean_of_worst(distances, scale.cap) for distances in of_run] for of_run in steps])
        beyond = np.array([[(d[~np.isnan(d)] > scale.far).mean() for d in of_run] for of_run in steps])
        return cls(name, sizes, errors, worst, beyond)

    def compare(self, baseline: StrategyCurve) -> Comparison:
        """Return how it differs from the baseline, paired by repeats."""
        places = range(len(self.sizes))
        return Comparison(
            compare_areas(self.errors, baseline.errors, self.sizes),
            tuple(compare_errors(self.errors, baseline.errors, k) for k in places),
            tuple(compare_needed(self.errors, baseline.errors, self.sizes, k) for k in places[1:]),
        )

    def summarise(self, comparison: Comparison | None) -> dict[str, Any]:
        """Return its numbers, and how they differ from those of the baseline, as JSON data."""
        summary: dict[str, Any] = {"sizes": list(self.sizes), "repeats": len(self.errors)}
        for kind in ("errors", "worst", "beyond"):
            summary[kind] = getattr(self, kind).mean(axis=0).tolist()
        summary["area"] = measure_area(self.errors.mean(axis=0), self.sizes)
        if comparison is not None:
            summary |= dataclasses.asdict(comparison)
        return summary


@dataclass(frozen=True)
class Comparison:
    """How a strategy's numbers differ from those of the baseline: lower is better.

    Parameters
    ----------
    area_difference : Difference
        Of the areas under the curves.
    error_differences : tuple of Difference
        At each size.
    more_hands_needed : tuple of Difference
        For the error that the baseline has at each size but the first.
    """

    area_difference: Difference
    error_differences: tuple[Difference, ...]
    more_hands_needed: tuple[Difference, ...]


def compare_strategies(curves: Mapping[str, StrategyCurve], baseline: str) -> dict[str, Comparison]:
    """Return how each strategy but the baseline differs from it, by name."""
    return {name: curve.compare(curves[baseline]) for name, curve in curves.items() if name != baseline}


def tabulate_curves(
    curves: Mapping[str, StrategyCurve], comparisons: Mapping[str, Comparison], baseline: str, scale: ErrorScale
) -> Table:
    """Return the mean error at each size, the area, and how it differs from the baseline's, a row each."""
    sizes = curves[baseline].sizes
    rows = []
    for name, curve in curves.items():
        means = [f"{error:.2f}" for error in curve.errors.mean(axis=0)]
        area = measure_area(curve.errors.mean(axis=0), sizes)
        difference, verdict = "", "baseline"
        if name in comparisons:
            compared = comparisons[name].area_difference
            difference = f"{compared.value:+.3f}{_format_interval(compared, 3)}"
            verdict = judge(compared)
        worst, beyond = curve.worst.mean(axis=0)[-1], curve.beyond.mean(axis=0)[-1]
        rows.append([name, *means, f"{area:.3f}", difference, verdict, f"{worst:.2f}", f"{100 * beyond:.2f} %"])
    header = ["strategy", *(f"{size} hands" for size in sizes), "area", f"less {baseline}'s (95 %)", "error"]
    return [*header, f"worst tenth at {sizes[-1]}", f"> {scale.far:g} at {sizes[-1]}"], rows


def tabulate_needed(comparisons: Mapping[str, Comparison], sizes: Sequence[int]) -> Table:
    """Return how many hands fewer or more a strategy needs for the baseline's error at each size, a row each."""
    rows = [
        [name, *(_format_needed(difference, sizes[-1]) for difference in comparison.more_hands_needed)]
        for name, comparison in comparisons.items()
    ]
    return ["strategy", *(f"for the error at {size}" for size in sizes[1:])], rows


def judge(difference: Difference) -> str:
    """Return what a difference of errors shows, in a word.

    Examples
    --------
    >>> judge(Difference(-0.1, -0.2, -0.05)), judge(Difference(-0.1, -0.3, 0.1))
    ('lower', 'not shown to differ')
    """
    if not difference.has_interval:
        return "too few repeats"
    if not difference.is_clear:
        return "not shown to differ"
    return "lower" if difference.value < 0 else "higher"


def _format_needed(difference: Difference, largest: int) -> str:
    value = f"not reached with {largest}" if np.isnan(difference.value) else f"{difference.value:+.1f}"
    return f"{value}{_format_interval(difference, 1)}"


def _format_interval(difference: Difference, digits: int) -> str:
    return f" ({difference.low:+.{digits}f} to {difference.high:+.{digits}f})" if difference.has_interval else ""
