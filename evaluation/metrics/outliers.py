"""Outliers: how they are spread over the images, and which cases are the worst."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from boneage.evaluation.metrics.landmark_errors import OUTLIER_PERCENT, RADII, LandmarkErrors


@dataclass(frozen=True)
class HandOutliers:
    """The outliers of one image, over all times that it was tested.

    Parameters
    ----------
    id : str
    n_tests : int
        How often it was tested.
    n_landmarks : int
        How many landmarks were asked for, in all tests.
    n_beyond : int
        How many were further off than the largest radius, or not found.
    n_beyond_percent : int
        How many were further off than 10 % of the anatomy's length, or not found.
    n_not_found : int
    worst : float
        The largest distance of those found; NaN if none was.
    worst_landmark : str
        Blank if none was found.
    """

    id: str
    n_tests: int
    n_landmarks: int
    n_beyond: int
    n_beyond_percent: int
    n_not_found: int
    worst: float
    worst_landmark: str


@dataclass(frozen=True)
class Case:
    """One landmark in one image that was found far off."""

    id: str
    landmark: str
    error: float
    score: float


def count_outliers(errors: LandmarkErrors) -> list[HandOutliers]:
    """Return the outliers of every image that has a truth, those with most first."""
    places: dict[str, list[int]] = {}
    for place, id_ in enumerate(errors.ids):
        places.setdefault(id_, []).append(place)
    counted = [_count_in_hand(errors.of_hands(rows)) for rows in places.values()]
    asked = [hand for hand in counted if hand.n_landmarks]
    return sorted(asked, key=lambda hand: (-hand.n_beyond, -hand.n_beyond_percent, -np.nan_to_num(hand.worst)))


def describe_outliers(hands: list[HandOutliers], unit: str) -> str:
    """Say in a sentence how the outliers are spread over the images.

    Examples
    --------
    >>> describe_outliers([HandOutliers("7", 1, 37, 3, 2, 1, 20.0, "ulna")], "mm")
    '3 landmarks are off by more than 10 mm or not found, all in 1 of 1 images.'
    """
    total = sum(hand.n_beyond for hand in hands)
    limit = f"off by more than {RADII[-1]:g} {unit} or not found"
    if not total:
        return f"No landmark is {limit}."
    bad = [hand.n_beyond for hand in hands if hand.n_beyond]
    are = "1 landmark is" if total == 1 else f"{total} landmarks are"
    if len(bad) <= 3:
        return f"{are} {limit}, all in {len(bad)} of {len(hands)} images."
    return (
        f"{are} {limit}, in {len(bad)} of {len(hands)} images; the three images with most hold {sum(bad[:3])} of them, "
        f"and {sum(n == 1 for n in bad)} images have one each."
    )


def find_cases(errors: LandmarkErrors) -> list[Case]:
    """Return every landmark that was found and has a truth, the worst first."""
    cases = [Case(*row) for row in errors.annotated() if not math.isnan(row[2])]
    return sorted(cases, key=lambda case: -case.error)


def select_worst_cases(cases: Iterable[Case], n: int = 12, per_hand: int = 3) -> list[Case]:
    """Return the worst cases, at most ``per_hand`` of an image, so that one failed image does not fill the list.

    A landmark of an image that was tested more than once counts once. What was not found is no case: it has no place.
    """
    of_hand: Counter[str] = Counter()
    listed: set[tuple[str, str]] = set()
    chosen: list[Case] = []
    for case in sorted(cases, key=lambda case: -case.error):
        if len(chosen) < n and of_hand[case.id] < per_hand and (case.id, case.landmark) not in listed:
            of_hand[case.id] += 1
            listed.add((case.id, case.landmark))
            chosen.append(case)
    return chosen


def _count_in_hand(errors: LandmarkErrors) -> HandOutliers:
    found = np.where(np.isfinite(errors.distances), errors.distances, -1.0)
    place = np.unravel_index(int(found.argmax()), found.shape)
    worst = float(found[place])
    return HandOutliers(
        id=errors.ids[0],
        n_tests=len(errors.ids),
        n_landmarks=int((~np.isnan(errors.distances)).sum()),
        n_beyond=int(errors.outliers.sum()),
        n_beyond_percent=int((errors.percent_of_length > OUTLIER_PERCENT).sum()),
        n_not_found=int(np.isinf(errors.distances).sum()),
        worst=worst if worst >= 0 else math.nan,
        worst_landmark=errors.names[int(place[1])] if worst >= 0 else "",
    )
