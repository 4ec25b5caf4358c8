"""How a phantom hand grows: when ossification centres appear, how they fill their place, when they fuse.

The dates are rounded from the order and spacing that radiographic atlases describe. They make phantoms whose
maturity can be read; they are not an atlas, and allow no conclusion about real children.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from boneage.imaging.scans import Sex

YOUNGEST_MONTHS, OLDEST_MONTHS = 12.0, 216.0
_GIRLS_PACE = 0.84  # girls reach a stage at this part of a boy's age
_GIRLS_SIZE = 0.93
_FUSION_MONTHS = 24.0


@dataclass(frozen=True)
class Centre:
    """An ossification centre: when it appears, fills its place, and (an epiphysis) has fused, in a boy's months."""

    appears: float
    full: float
    fused: float = math.inf


@dataclass(frozen=True)
class Stage:
    """Development of an ossification centre.

    Parameters
    ----------
    size : float
        0 before it appears, 1 when it fills its place.
    fusion : float
        0 while the growth plate is open, 1 when it is closed.
    """

    size: float
    fusion: float


def maturity_months(age_months: float, sex: Sex) -> float:
    """Return the age at which a boy has the same maturity."""
    return age_months / _GIRLS_PACE if sex == "F" else age_months


def stage_at(centre: Centre, maturity: float) -> Stage:
    """Return the stage of a centre at a maturity in a boy's months.

    Examples
    --------
    >>> stage_at(Centre(12, 120, 204), 6)
    Stage(size=0.0, fusion=0.0)
    >>> stage_at(Centre(12, 120, 204), 204).fusion
    1.0
    """
    if maturity <= centre.appears:
        return Stage(0.0, 0.0)
    grown = min((maturity - centre.appears) / (centre.full - centre.appears), 1.0)
    size = 0.22 + 0.78 * grown**0.7
    fusion = min(max((maturity - centre.fused + _FUSION_MONTHS) / _FUSION_MONTHS, 0.0), 1.0)
    return Stage(size, fusion)


def length_factor(maturity: float, sex: Sex) -> float:
    """Return the length of the hand relative to a grown man's."""
    span = 85.0
    grown = (1 - math.exp(-min(maturity, OLDEST_MONTHS) / span)) / (1 - math.exp(-OLDEST_MONTHS / span))
    return (0.36 + 0.64 * grown) * (_GIRLS_SIZE if sex == "F" else 1.0)


def slimness(maturity: float) -> float:
    """Return the width of bones relative to their length, against a grown hand: small hands are chubbier."""
    return 1.0 + 0.35 * math.exp(-maturity / 60.0)
