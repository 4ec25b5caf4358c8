"""What is known of a set of landmarks beyond their errors: its mean shape, its bones, whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from boneage.evaluation.metrics import (
    LandmarkErrors,
    count_outliers,
    evaluate_scores,
    group_by_hand,
    group_by_landmark,
    list_age_bands,
    name_age_band,
    summarise_errors,
)
from boneage.imaging import AgeRecord, LandmarkScheme, Points, compute_mean_shape, find_scheme, read_scheme

_SEXES = {"F": "girls", "M": "boys"}


@dataclass(frozen=True, eq=False)
class LandmarkContext:
    """What a report may show besides errors.

    Parameters
    ----------
    shape : Points or None
        The mean shape, in any unit; None if no two shapes could be aligned.
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
            details["scores"] = evaluate_scores(errors)
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
