"""What is known of a set of landmarks beyond their errors: its mean shape, its bones, whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation import (
    LandmarkErrors,
    count_outliers,
    group_by_hand,
    group_by_landmark,
    judge_scores,
    list_age_bands,
    name_age_band,
    summarise_errors,
)
from boneage.imaging import AgeRecord, LandmarkScheme, Points, find_scheme, read_scheme
from boneage.landmarks.poses import NoSimilarity, fit_similarity, mean_shape, shape_extent

Array = NDArray[np.float64]

_SEXES = {"F": "girls", "M": "boys"}


@dataclass(frozen=True, eq=False)
class LandmarkContext:
    """What a report may show besides errors.

    Parameters
    ----------
    shape : Points or None
        The mean shape, in any unit; None if no two shapes could be laid upon each other.
    scheme : LandmarkScheme or None
    ages : mapping of AgeRecord
        By id.
    """

    shape: Points | None = None
    scheme: LandmarkScheme | None = None
    ages: Mapping[str, AgeRecord] = field(default_factory=dict)

    def group(self, errors: LandmarkErrors) -> dict[str, dict[str, LandmarkErrors]]:
        """Return the errors by bone, sex and age, as far as these are known."""
        groupings = {}
        if self.scheme is not None:
            groupings["bone"] = group_by_landmark(errors, self.scheme.groups)
        known = {id_: self.ages[id_] for id_ in errors.ids if id_ in self.ages}
        if known:
            sexes = {id_: _SEXES[record.sex] for id_, record in known.items() if record.sex}
            bands = {id_: name_age_band(record.boneage_months) for id_, record in known.items()}
            groupings["sex"] = group_by_hand(errors, sexes, list(_SEXES.values()))
            groupings["bone age"] = group_by_hand(errors, bands, list_age_bands())
        return groupings

    def summarise(self, errors: LandmarkErrors) -> dict[str, Any]:
        """Return what a summary file says besides the errors of all and of each landmark."""
        details: dict[str, Any] = {
            "hands_with_outliers": [
                asdict(hand) for hand in count_outliers(errors) if hand.n_beyond or hand.n_beyond_percent
            ],
            "groups": {
                kind: {name: summarise_errors(part) for name, part in groups.items()}
                for kind, groups in self.group(errors).items()
            },
        }
        if np.isfinite(errors.scores).any():
            details["scores"] = judge_scores(errors)
        return details


def learn_context(
    truth: Sequence[Points], scheme: Path | str | None = None, ages: Mapping[str, AgeRecord] | None = None
) -> LandmarkContext:
    """Learn the mean shape; read the scheme, or find a shipped one that has all the landmarks.

    Parameters
    ----------
    truth : sequence of Points
        In original pixels, with the same names.
    scheme : path-like or str, optional
        A scheme file, or the name of a shipped scheme.
    ages : mapping of AgeRecord, optional

    Raises
    ------
    InvalidTable
        If there is no such scheme.
    """
    names = truth[0].names if truth else ()
    found = read_scheme(scheme) if scheme is not None else find_scheme(names)
    return LandmarkContext(compute_mean_shape(truth), found, ages or {})


def compute_mean_shape(truth: Sequence[Points]) -> Points | None:
    """Return the Procrustes mean of some shapes; mirrored ones are mirrored back first.

    The shape with most landmarks is the pattern: all are laid upon it, each as it is or mirrored, whichever fits
    better, and the mean lies as it does; mirrored, if it is itself of the rarer side.

    Returns
    -------
    Points or None
        Absent where a landmark is absent in all. None if none has two landmarks apart.
    """
    usable = [points.positions for points in truth if points.present.sum() > 1]
    usable = [shape for shape in usable if shape_extent(shape) > 0]
    if not usable:
        return None
    pattern = max(usable, key=lambda shape: int((~np.isnan(shape[:, 0])).sum()))
    laid, n_mirrored = [], 0
    for shape in usable:
        fits = [fit for side in (1, -1) if (fit := _lay(shape * _flip(side, shape), pattern)) is not None]
        if fits:
            best = int(np.argmin([residual for residual, _ in fits]))
            laid.append(fits[best][1])
            n_mirrored += best
    seen = ~np.isnan(np.stack(laid)[:, :, 0]).all(axis=0)
    mean = np.full_like(pattern, np.nan)
    mean[seen] = mean_shape([shape[seen] for shape in laid])
    return Points(truth[0].names, mean * _flip(-1 if 2 * n_mirrored > len(laid) else 1, pattern))


def _flip(side: int, shape: Array) -> Array:
    return np.append(np.ones(shape.shape[1] - 1), side)


def _lay(shape: Array, pattern: Array) -> tuple[float, Array] | None:
    """Return how far a shape is from the pattern when laid upon it, and the shape so laid; None if it cannot be."""
    try:
        laid = fit_similarity(shape, pattern).apply(shape)
    except NoSimilarity:
        return None
    return float(np.nansum((laid - pattern) ** 2)), laid
