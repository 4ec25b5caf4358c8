"""Landmark errors: Euclidean distances, per landmark and in all; what was not found is counted, never dropped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.references import Reference
from boneage.evaluation.resampling import bootstrap_interval
from boneage.imaging import Points

Array = NDArray[np.float64]

RADII = (2.0, 4.0, 10.0)


@dataclass(frozen=True, eq=False)
class LandmarkErrors:
    """Distances between predicted and true landmarks.

    Parameters
    ----------
    ids : tuple of str
        An id may be there more than once, as in repeated rounds.
    names : tuple of str
    distances : ndarray of shape (n_hands, n_landmarks)
        In ``unit``; infinite where a landmark was not found, NaN where there is no truth.
    unit : str
        ``px``, ``mm`` or ``%``.
    scores : ndarray of shape (n_hands, n_landmarks)
        How sure the localiser was; NaN where it did not say.
    without_prediction, without_truth : tuple of str
        Ids that only one of the two has.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    distances: Array
    unit: str
    scores: Array
    without_prediction: tuple[str, ...] = ()
    without_truth: tuple[str, ...] = ()

    def annotated(self) -> Iterator[tuple[str, str, float, float]]:
        """Yield id, landmark, distance (NaN where it was not found) and score of all that there is a truth for."""
        for id_, distances, scores in zip(self.ids, self.distances, self.scores, strict=True):
            for name, distance, score in zip(self.names, distances, scores, strict=True):
                if not math.isnan(distance):
                    yield id_, name, float(distance) if math.isfinite(distance) else math.nan, float(score)


def measure_landmarks(
    predicted: Mapping[str, Points], truth: Mapping[str, Points], reference: Reference | None = None
) -> LandmarkErrors:
    """Compare landmarks by name.

    Parameters
    ----------
    predicted, truth : mapping of str to Points
        In the same pixels.
    reference : Reference, optional
        Sets the unit, hand by hand; pixels if not given.

    Raises
    ------
    ValueError
        If no hand or no landmark is common to both, or the reference cannot be measured in a hand.
    """
    ids = tuple(id_ for id_ in truth if id_ in predicted)
    if not ids:
        raise ValueError("no hand has both predicted and true landmarks")
    known = truth[ids[0]].names
    names = tuple(name for name in known if name in predicted[ids[0]].names)
    if not names:
        raise ValueError(
            f"the landmark names have nothing in common: predicted {predicted[ids[0]].names[0]} ..., "
            f"true {known[0]} ..."
        )
    rows, scores = [], []
    for id_ in ids:
        scale = reference.pixels_per_unit(truth[id_]) if reference else 1.0
        if not scale > 0:
            raise ValueError(f"{id_}: the reference cannot be measured, one of its landmarks is absent in the truth")
        estimate = predicted[id_].select(names)
        true, found = truth[id_].select(names).positions, estimate.positions
        distances = np.linalg.norm(found - true, axis=1) / scale
        distances[np.isnan(found[:, 0])] = np.inf
        distances[np.isnan(true[:, 0])] = np.nan
        rows.append(distances)
        scores.append(estimate.scores)
    return LandmarkErrors(
        ids, names, np.array(rows), reference.unit if reference else "px", np.array(scores, dtype=np.float64),
        tuple(id_ for id_ in truth if id_ not in predicted), tuple(id_ for id_ in predicted if id_ not in truth),
    )  # fmt: skip


def summarise_distances(distances: Array) -> dict[str, float]:
    """Return mean, sd and worst of the landmarks found; quantiles and rates are among all that there are.

    ``within_2`` is the part within 2 units, ``beyond_10`` the outliers: those not found are among them.
    """
    asked = distances[~np.isnan(distances)]
    found = asked[np.isfinite(asked)]
    nothing = float("nan")
    return {
        "n": len(asked),
        "n_not_found": int(len(asked) - len(found)),
        "mean": float(found.mean()) if len(found) else nothing,
        "sd": float(found.std(ddof=1)) if len(found) > 1 else nothing,
        "median": float(np.median(asked)) if len(asked) else nothing,
        "percentile_95": float(np.quantile(asked, 0.95, method="higher")) if len(asked) else nothing,
        **{f"within_{r:g}": float((asked <= r).mean()) if len(asked) else nothing for r in RADII},
        f"beyond_{RADII[-1]:g}": float((asked > RADII[-1]).mean()) if len(asked) else nothing,
        "worst": float(found.max()) if len(found) else nothing,
    }


def summarise_landmarks(errors: LandmarkErrors) -> dict[str, Any]:
    """Return the summary over all landmarks, with a bootstrap interval of the mean over patients, and of each."""
    overall: dict[str, Any] = summarise_distances(errors.distances)
    overall["mean_interval_95"] = bootstrap_interval(errors.distances, _mean_of_found, patients=errors.ids)
    return {
        "unit": errors.unit,
        "n_hands": len(set(errors.ids)),
        "hands_without_prediction": list(errors.without_prediction),
        "hands_without_truth": len(errors.without_truth),
        "overall": overall,
        "landmarks": {name: summarise_distances(errors.distances[:, k]) for k, name in enumerate(errors.names)},
    }


def _mean_of_found(distances: Array) -> float:
    found = distances[np.isfinite(distances)]
    return float(found.mean()) if len(found) else float("nan")
