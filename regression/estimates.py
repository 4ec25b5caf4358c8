"""What an age model says of a hand, and what it checks before it does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from boneage.imaging import Sex
from boneage.regression.regions import RegionStack


@dataclass(frozen=True)
class AgeEstimate:
    """The age of one hand, and what it rests on.

    Parameters
    ----------
    months : float
        NaN if there is no estimate; ``reason`` says why.
    region_names : tuple of str
    region_months : tuple of float
        What each region says on its own; NaN for a missing one.
    region_weights : tuple of float
        Its weight in ``months``; they sum to 1, and a missing region's is 0.
    reason : str
    """

    months: float
    region_names: tuple[str, ...]
    region_months: tuple[float, ...]
    region_weights: tuple[float, ...]
    reason: str = ""


def check_training(
    stacks: Sequence[RegionStack],
    ages: Sequence[float],
    sexes: Sequence[Sex | None],
    names: Sequence[str],
    *,
    use_sex: bool,
    ndim: int,
) -> None:
    """Check that a model can learn from hands, which messages call by ``names``.

    Raises
    ------
    ValueError
        If there are fewer than two hands, regions differ or have another number of axes than ``ndim``, an age is not a
        number, or a needed sex is missing.
    """
    if not len(stacks) == len(ages) == len(sexes) == len(names) or len(stacks) < 2:
        raise ValueError(
            "need at least 2 hands with an age, a sex and a name each, "
            f"got {len(stacks)}, {len(ages)}, {len(sexes)}, {len(names)}"
        )
    axes = stacks[0].pixels.ndim - 1
    if axes != ndim:
        raise ValueError(f"the network reads regions of {ndim} axes, got {axes}")
    for name, stack, age, sex in zip(names, stacks, ages, sexes, strict=True):
        if stack.names != stacks[0].names or stack.pixels.shape != stacks[0].pixels.shape:
            raise ValueError(f"hand {name}: its regions are not those of the first hand")
        if not stack.present.any():
            raise ValueError(f"hand {name}: no region is present")
        if not (math.isfinite(age) and age >= 0):
            raise ValueError(f"hand {name}: the age must be a number of months, got {age}")
        if use_sex and sex is None:
            raise ValueError(f"hand {name}: the sex is not known, and the model needs it")


def check_regions(stacks: Sequence[RegionStack], names: tuple[str, ...], shape: tuple[int, ...]) -> None:
    """Check that hands have the regions that a model was trained on.

    Raises
    ------
    ValueError
        If one has others, or of another shape.
    """
    for stack in stacks:
        if stack.names != names or stack.pixels.shape[1:] != shape:
            raise ValueError(
                f"the regions must be those the model was trained on: {len(names)} of {_sides(shape)} pixels, "
                f"got {len(stack.names)} of {_sides(stack.pixels.shape[1:])}"
            )


def reason_against(stack: RegionStack, sex: Sex | None, *, use_sex: bool) -> str:
    """Return why a hand has no age, or "" if it can have one."""
    if not stack.present.any():
        return "no region could be cropped"
    return "the sex is not known, and the model needs it" if use_sex and sex is None else ""


def no_estimate(names: tuple[str, ...], reason: str) -> AgeEstimate:
    """Return the estimate of a hand that has no age, with the names of its regions and why."""
    return AgeEstimate(math.nan, names, (math.nan,) * len(names), (0.0,) * len(names), reason)


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
