"""The strata of a pool: the sex and two years of age of each hand, as far as tables tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from boneage.imaging import AgeRecord, Sex

_BAND_YEARS = 2
_SEXES = {"F": "girls", "M": "boys", None: "hands of unknown sex"}


def name_strata(ids: Sequence[str], ages: Mapping[str, AgeRecord], sexes: Mapping[str, Sex]) -> tuple[str, ...] | None:
    """Return the stratum of each hand; None if there is no table.

    Parameters
    ----------
    ids : sequence of str
    ages, sexes : mapping
        By id. The sex of the second takes precedence.

    Examples
    --------
    >>> name_strata(["a", "b"], {"a": AgeRecord(50.0, "F")}, {})
    ('girls of 4 to 5 years', 'hands of unknown sex of unknown age')
    >>> name_strata(["a"], {}, {"a": "M"})
    ('boys',)
    """
    if not ages and not sexes:
        return None
    strata = []
    for id_ in ids:
        record = ages.get(id_)
        sex = sexes.get(id_) or (record.sex if record else None)
        strata.append(_SEXES[sex] + (f" of {_name_band(record)}" if ages else ""))
    return tuple(strata)


def _name_band(record: AgeRecord | None) -> str:
    if record is None:
        return "unknown age"
    low = int(record.boneage_months // (12 * _BAND_YEARS)) * _BAND_YEARS
    return f"{low} to {low + _BAND_YEARS - 1} years"
