"""The estimate of a hand's age, and the checks of what an age model is trained on or predicts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from boneage.imaging import Sex
from boneage.imaging.demographics import OLDEST_MONTHS
from boneage.imaging.errors import InvalidInput
from boneage.regression.region_stack import RegionStack

if TYPE_CHECKING:
    from boneage.regression.region_outputs import RegionOutputs


@dataclass(frozen=True)
class AgeInterval:
    """Where an age lies with a stated probability.

    Parameters
    ----------
    low_months, high_months : float
        NaN if there is no interval; ``reason`` gives the cause.
    level : float
        The part of new hands whose age lies within, such as 0.9.
    n_hands : int
        Number of calibration hands that it rests on: those of the same sex and predicted age.
    reason : str
    """

    low_months: float
    high_months: float
    level: float
    n_hands: int
    reason: str = ""

    def __post_init__(self) -> None:
        if math.isnan(self.low_months) != bool(self.reason) or self.high_months < self.low_months:
            raise ValueError(f"an interval has two ends in order, or none and a reason, got {self}")


@dataclass(frozen=True)
class AgeEstimate:
    """The age of one hand, with the ages and weights of its regions.

    Parameters
    ----------
    months : float
        NaN if there is no estimate; ``reason`` gives the cause.
    region_names : tuple of str
    region_months : tuple of float
        Age of each region on its own; NaN for a missing one.
    region_weights : tuple of float
        Its weight in ``months``; they sum to 1, and a missing region's is 0.
    reason : str
    outputs : RegionOutputs or None
        The network's outputs for this hand, before they are scaled and fused, shape (1, n_regions); None if there is
        no estimate, or it is not of a single network.
    interval : AgeInterval or None
        None as long as nothing has been asked about an interval.
    """

    months: float
    region_names: tuple[str, ...]
    region_months: tuple[float, ...]
    region_weights: tuple[float, ...]
    reason: str = ""
    outputs: RegionOutputs | None = field(default=None, repr=False, compare=False)
    interval: AgeInterval | None = None

    @property
    def spread_months(self) -> float:
        """How much the regions disagree: the weighted standard deviation of their ages; NaN if there is no estimate."""
        return math.nan if math.isnan(self.months) else measure_spread(self.region_months, self.region_weights)

    def move(self, months: float) -> AgeEstimate:
        """Return the estimate with its age, and that of every region, so many months later."""
        moved = tuple(age + months for age in self.region_months)
        return dataclasses.replace(self, months=self.months + months, region_months=moved)


def check_training(
    stacks: Sequence[RegionStack],
    ages: Sequence[float],
    sexes: Sequence[Sex | None],
    names: Sequence[str],
    *,
    use_sex: bool,
    ndim: int,
) -> None:
    """Check that a model can be trained on hands; ``names`` are their names in messages.

    Raises
    ------
    InvalidInput
        If there are fewer than two hands, regions differ or have another number of axes than ``ndim``, an age is not a
        number, or a needed sex is missing.
    """
    if not len(stacks) == len(ages) == len(sexes) == len(names) or len(stacks) < 2:
        raise InvalidInput(
            "need at least 2 hands with an age, a sex and a name each, "
            f"got {len(stacks)}, {len(ages)}, {len(sexes)}, {len(names)}"
        )
    axes = stacks[0].pixels.ndim - 1
    if axes != ndim:
        raise InvalidInput(f"the network reads regions of {ndim} axes, got {axes}")
    for name, stack, age, sex in zip(names, stacks, ages, sexes, strict=True):
        if stack.names != stacks[0].names or stack.pixels.shape != stacks[0].pixels.shape:
            raise InvalidInput(f"hand {name}: its regions are not those of the first hand")
        if not stack.present.any():
            raise InvalidInput(f"hand {name}: no region is present")
        if not (math.isfinite(age) and age >= 0):
            raise InvalidInput(f"hand {name}: the age must be a number of months, got {age}")
        if use_sex and sex is None:
            raise InvalidInput(f"hand {name}: the sex is not known, and the model needs it")


def check_regions(stacks: Sequence[RegionStack], names: tuple[str, ...], shape: tuple[int, ...]) -> None:
    """Check that hands have the regions that a model was trained on.

    Raises
    ------
    InvalidInput
        If one has others, or of another shape.
    """
    for stack in stacks:
        if stack.names != names or stack.pixels.shape[1:] != shape:
            raise InvalidInput(
                f"the regions must be those the model was trained on: {len(names)} of {_sides(shape)} pixels, "
                f"got {len(stack.names)} of {_sides(stack.pixels.shape[1:])}"
            )


def refusal_reason(stack: RegionStack, sex: Sex | None, *, use_sex: bool) -> str:
    """Return why a hand can have no age, or "" if it can."""
    if not stack.present.any():
        return "no region could be cropped"
    return "the sex is not known, and the model needs it" if use_sex and sex is None else ""


def missing_estimate(names: tuple[str, ...], reason: str) -> AgeEstimate:
    """Return the estimate of a hand without an age: all NaN, with the reason."""
    return AgeEstimate(math.nan, names, (math.nan,) * len(names), (0.0,) * len(names), reason)


def merge_estimates(estimates: Sequence[AgeEstimate]) -> AgeEstimate:
    """Return the estimates of several models for one hand as one: the mean of their ages.

    Models without an age are left out; the others count equally. A region's weight is the mean of its weights in those,
    and its age the weighted mean of its ages there, so that the hand's age is still the weighted mean of the regions'.
    The ages of a region whose weights are all 0 are averaged without weights.

    Parameters
    ----------
    estimates : sequence of AgeEstimate
        At least one. Regions of one name are one region; they come in the order in which they are first named.

    Examples
    --------
    >>> hand = AgeEstimate(90.0, ("hand",), (90.0,), (1.0,))
    >>> bones = AgeEstimate(100.0, ("radius", "ulna"), (110.0, 90.0), (0.5, 0.5))
    >>> merge_estimates([hand, bones])
    AgeEstimate(months=95.0, region_names=('hand', 'radius', 'ulna'), region_months=(90.0, 110.0, 90.0),
        region_weights=(0.5, 0.25, 0.25), reason='', interval=None)
    """
    if len(estimates) == 1:
        return estimates[0]
    names = tuple(dict.fromkeys(name for estimate in estimates for name in estimate.region_names))
    with_age = [estimate for estimate in estimates if not math.isnan(estimate.months)]
    if not with_age:
        return missing_estimate(names, estimates[0].reason)
    of_regions: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for estimate in with_age:
        for name, months, weight in zip(
            estimate.region_names, estimate.region_months, estimate.region_weights, strict=True
        ):
            if not math.isnan(months):
                of_regions[name].append((months, weight))
    return AgeEstimate(
        fmean(estimate.months for estimate in with_age),
        names,
        tuple(_merge_ages(of_regions[name]) for name in names),
        tuple(math.fsum(weight for _, weight in of_regions[name]) / len(with_age) for name in names),
    )


def bound_age(months: float) -> float:
    """Return an age within 0 to 300 months, as known ages are; NaN stays.

    Examples
    --------
    >>> bound_age(-3.0), bound_age(120.5), bound_age(4e4)
    (0.0, 120.5, 300.0)
    """
    return min(max(float(months), 0.0), OLDEST_MONTHS)


def measure_spread(region_months: Sequence[float], weights: Sequence[float]) -> float:
    """Return the weighted standard deviation of regions' ages; NaN if no region has an age and a weight.

    Examples
    --------
    >>> measure_spread((90.0, 110.0, float("nan")), (0.5, 0.5, 0.0))
    10.0
    """
    present = [(age, weight) for age, weight in zip(region_months, weights, strict=True) if weight > 0]
    total = math.fsum(weight for _, weight in present)
    if not total > 0:
        return math.nan
    mean = math.fsum(age * weight for age, weight in present) / total
    return math.sqrt(math.fsum(weight * (age - mean) ** 2 for age, weight in present) / total)


def _merge_ages(ages_and_weights: Sequence[tuple[float, float]]) -> float:
    """Return the mean of a region's ages by their weights; NaN if there are none."""
    if not ages_and_weights:
        return math.nan
    ages, weights = zip(*ages_and_weights, strict=True)
    return fmean(ages, weights if any(weights) else None)


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
