"""Errors by group: bones, sexes, ages, or whatever else divides landmarks or images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from boneage.evaluation.metrics.landmark_errors import LandmarkErrors


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
