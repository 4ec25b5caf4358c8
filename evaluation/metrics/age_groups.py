"""Age errors by group: sex, age, and range of ids, which may reflect provenance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from boneage.evaluation.metrics.age_bands import list_age_bands, name_age_band
from boneage.evaluation.metrics.age_errors import AgeErrors
from boneage.imaging.errors import InvalidInput

SEX_NAMES = {"F": "girls", "M": "boys", None: "sex not known"}
_NO_NUMBER = "ids that are no number"


def group_ages(ages: AgeErrors, strata: Sequence[int] = ()) -> dict[str, dict[str, AgeErrors]]:
    """Return the errors by sex, by true age, and by stratum if bounds are given; empty groups are left out.

    Parameters
    ----------
    ages : AgeErrors
    strata : sequence of int
        Bounds between strata of ids that are numbers; see :func:`name_stratum`.
    """
    bands = [name_age_band(months) for months in ages.true_months]
    groupings = {
        "sex": _group(ages, [SEX_NAMES[sex] for sex in ages.sexes], list(SEX_NAMES.values())),
        "bone age": _group(ages, bands, list_age_bands()),
    }
    if strata:
        labels = [name_stratum(id_, strata) for id_ in ages.ids]
        groupings["stratum"] = _group(ages, labels, [*list_strata(strata), _NO_NUMBER])
    return groupings


def name_stratum(id_: str, bounds: Sequence[int]) -> str:
    """Return the stratum of an id among increasing bounds.

    Examples
    --------
    >>> [name_stratum(id_, (2100, 4400)) for id_ in ("2099", "2100", "15000", "hand")]
    ['ids below 2100', 'ids 2100 to 4399', 'ids from 4400', 'ids that are no number']
    """
    if not id_.isdecimal():
        return _NO_NUMBER
    return list_strata(bounds)[sum(int(id_) >= bound for bound in bounds)]


def list_strata(bounds: Sequence[int]) -> list[str]:
    """Return the names of the strata, in order.

    Raises
    ------
    ValueError
        If the bounds do not increase.
    """
    if not bounds or any(low >= high for low, high in pairwise(bounds)):
        raise InvalidInput(f"the bounds of strata must be increasing numbers, got {', '.join(map(str, bounds))}")
    middle = [f"ids {low} to {high - 1}" for low, high in pairwise(bounds)]
    return [f"ids below {bounds[0]}", *middle, f"ids from {bounds[-1]}"]


def _group(ages: AgeErrors, labels: Sequence[str], order: Sequence[str]) -> dict[str, AgeErrors]:
    places: dict[str, list[int]] = {label: [] for label in order}
    for place, label in enumerate(labels):
        places[label].append(place)
    return {label: ages.of_hands(rows) for label, rows in places.items() if rows}
