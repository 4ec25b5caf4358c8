"""The strata of a pool: the sex and two years of age of each hand, as far as tables tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from boneage.imaging import Sex

_BAND_YEARS = 2
_SEXES = {"F": "girls", "M": "boys", None: "hands of unknown sex"}


def name_strata(
    ids: Sequence[str], months: Mapping[str, float], sexes: Mapping[str, Sex | None]
) -> tuple[str, ...] | None:
    """Return the stratum of each hand; None if nothing is known of any.

    Parameters
    ----------
    ids : sequence of str
    months, sexes : mapping
        Ages and sexes by id.

    Examples
    --------
    >>> name_strata(["a", "b"], {"a": 50.0}, {"a": "F"})
    ('girls of 4 to 5 years', 'hands of unknown sex of unknown age')
    >>> name_strata(["a"], {}, {"a": "M"})
    ('boys',)
    """
    if not months and not sexes:
        return None
    return tuple(_SEXES[sexes.get(id_)] + (f" of {_name_band(months.get(id_))}" if months else "") for id_ in ids)


def _name_band(months: float | None) -> str:
    if months is None:
        return "unknown age"
    low = int(months // (12 * _BAND_YEARS)) * _BAND_YEARS
    return f"{low} to {low + _BAND_YEARS - 1} years"
