"""Where a hand lies among healthy children: its bone age by its age, over their mean and spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boneage.imaging import Sex
from boneage.pipeline.growth_reference import LIMIT_SD, list_reference
from boneage.regression import AgeEstimate

_WIDTH, _HEIGHT = 340, 204
_LEFT, _RIGHT, _TOP, _BOTTOM = 24, 332, 16, 168
_OLDEST_YEARS = 20
_TICKS = range(0, _OLDEST_YEARS + 1, 4)


@dataclass(frozen=True)
class Tick:
    """A line of the grid, and its number."""

    at: float
    text: str


@dataclass(frozen=True)
class GrowthChart:
    """Places of a drawing ``width`` by ``height`` large; lines are corners as SVG has them."""

    x: float
    y: float
    band: str
    mean: str
    interval: str
    columns: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _RIGHT
    top: int = _TOP
    bottom: int = _BOTTOM


def draw_growth_chart(estimate: AgeEstimate, chronological_months: float, sex: Sex) -> GrowthChart:
    """Draw a bone age with its interval by the chronological age, 0 to 20 years, over the reference of the sex."""
    ages, means, deviations = list_reference(sex).T
    spread = LIMIT_SD * deviations
    band = np.column_stack([np.append(ages, ages[::-1]), np.append(means - spread, (means + spread)[::-1])])
    interval = ""
    if estimate.interval is not None and not estimate.interval.reason:
        ends = (estimate.interval.low_months, estimate.interval.high_months)
        interval = _join([(chronological_months, end) for end in ends])
    return GrowthChart(
        _across(chronological_months),
        _down(estimate.months),
        _join(band),
        _join(np.column_stack([ages, means])),
        interval,
        tuple(Tick(_across(12 * years), str(years)) for years in _TICKS),
        tuple(Tick(_down(12 * years), str(years)) for years in _TICKS),
    )


def _join(places: object) -> str:
    return " ".join(f"{_across(age)},{_down(bone_age)}" for age, bone_age in np.asarray(places, dtype=np.float64))


def _across(months: float) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * float(np.clip(months / 12 / _OLDEST_YEARS, 0, 1)), 1)


def _down(months: float) -> float:
    return round(_BOTTOM - (_BOTTOM - _TOP) * float(np.clip(months / 12 / _OLDEST_YEARS, 0, 1)), 1)
