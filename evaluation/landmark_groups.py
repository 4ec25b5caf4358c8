"""Errors by group: bones, sexes, ages, or whatever else divides landmarks or images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from boneage.evaluation.landmark_errors import LandmarkErrors

AGE_BANDS = (5, 10, 15)  # years


def group_by_landmark(errors: LandmarkErrors, groups: Mapping[str, Sequence[str]]) -> dict[str, LandmarkErrors]:
    """Return the errors of each group of landmarks; those of no group are ``other``; empty groups are left out."""
    parts = {name: [member for member in members if member in errors.names] for name, members in groups.items()}
    grouped = {member for members in parts.values() for member in members}
    parts.setdefault("other", []).extend(name for name in errors.names if name not in grouped)
    return {name: errors.of_landmarks(members) for name, members in parts.items() if members}


def group_by_hand(errors: LandmarkErrors, labels: Mapping[str, str], order: Sequence[str]) -> dict[str, LandmarkErrors]:
    """Return the errors of the images of each label; those without one are ``not known``; empty groups are left out.

    Parameters
    ----------
    errors : LandmarkErrors
    labels : mapping of str
        By id.
    order : sequence of str
        The labels, as they are to be listed.
    """
    rows: dict[str, list[int]] = {label: [] for label in [*order, "not known"]}
    for place, id_ in enumerate(errors.ids):
        rows[labels.get(id_, "not known")].append(place)
    return {label: errors.of_hands(places) for label, places in rows.items() if places}


def name_age_band(months: float) -> str:
    """Return the band of an age.

    Examples
    --------
    >>> name_age_band(59.9), name_age_band(60), name_age_band(200)
    ('under 5 years', '5 to 9 years', '15 years and over')
    """
    return list_age_bands()[sum(months >= 12 * limit for limit in AGE_BANDS)]


def list_age_bands() -> list[str]:
    """Return the names of the bands, the youngest first."""
    middle = [f"{low} to {high - 1} years" for low, high in pairwise(AGE_BANDS)]
    return [f"under {AGE_BANDS[0]} years", *middle, f"{AGE_BANDS[-1]} years and over"]
