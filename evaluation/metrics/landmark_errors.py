"""Landmark errors: Euclidean distances, per landmark and in all; what was not found is counted, never dropped."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.metrics.bootstrap import bootstrap_mean_interval
from boneage.evaluation.metrics.reference_length import Reference
from boneage.imaging import Points
from boneage.imaging.errors import InvalidInput
from boneage.imaging.points import measure_length

Array = NDArray[np.float64]

RADII = (2.0, 4.0, 10.0)
OUTLIER_PERCENT = 10.0  # of the anatomy's length


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
    lengths : ndarray of shape (n_hands,), optional
        The length of each image's anatomy in ``unit``: the largest distance between two of its true landmarks, as
        nothing here knows what is annotated. NaN where it is not known, which is the default.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    distances: Array
    unit: str
    scores: Array
    without_prediction: tuple[str, ...] = ()
    without_truth: tuple[str, ...] = ()
    lengths: Array = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if not len(self.lengths):
            object.__setattr__(self, "lengths", np.full(len(self.ids), np.nan))

    @property
    def percent_of_length(self) -> Array:
        """Distances in percent of the anatomy's length, shape (n_hands, n_landmarks).

        Infinite and NaN as ``distances``; NaN too where the length is not known.
        """
        return np.asarray(100 * self.distances / self.lengths[:, None])

    @property
    def outliers(self) -> NDArray[np.bool_]:
        """Which are further off than the largest radius, or were not found; shape (n_hands, n_landmarks)."""
        return np.asarray(self.distances > RADII[-1])

    def of_landmarks(self, names: Sequence[str]) -> LandmarkErrors:
        """Return the errors of some landmarks."""
        columns = [self.names.index(name) for name in names]
        return dataclasses.replace(
            self, names=tuple(names), distances=self.distances[:, columns], scores=self.scores[:, columns]
        )

    def of_hands(self, rows: Sequence[int]) -> LandmarkErrors:
        """Return the errors of some images, by their places."""
        places = list(rows)
        return dataclasses.replace(
            self,
            ids=tuple(self.ids[place] for place in places),
            distances=self.distances[places],
            scores=self.scores[places],
            lengths=self.lengths[places],
        )

    def annotated(self) -> Iterator[tuple[str, str, float, float]]:
        """Yield id, landmark, distance (NaN where it was not found) and score of all that there is a truth for."""
        for id_, distances, scores in zip(self.ids, self.distances, self.scores, strict=True):
            for name, distance, score in zip(self.names, distances, scores, strict=True):
                if not math.isnan(distance):
                    yield id_, name, float(distance) if math.isfinite(distance) else math.nan, float(score)


def measure_landmarks(
    predicted: Mapping[str, Points],
    truth: Mapping[str, Points],
    reference: Reference | None = None,
    *,
    unit: str = "px",
) -> LandmarkErrors:
    """Compare landmarks by name.

    Parameters
    ----------
    predicted, truth : mapping of str to Points
        In the same pixels, or millimetres.
    reference : Reference, optional
        Sets the unit, image by image.
    unit : str
        What positions count in, and so errors without a reference: ``px`` or ``mm``.

    Raises
    ------
    ValueError
        If no image or no landmark is common to both, or the reference cannot be measured in an image.
    """
    ids = tuple(id_ for id_ in truth if id_ in predicted)
    if not ids:
        raise InvalidInput("no image has both predicted and true landmarks")
    known = truth[ids[0]].names
    names = tuple(name for name in known if name in predicted[ids[0]].names)
    if not names:
        raise InvalidInput(
            f"the landmark names have nothing in common: predicted {predicted[ids[0]].names[0]} ..., "
            f"true {known[0]} ..."
        )
    rows, scores, lengths = [], [], []
    for id_ in ids:
        scale = reference.pixels_per_unit(truth[id_]) if reference else 1.0
        if not scale > 0:
            raise InvalidInput(f"{id_}: the reference cannot be measured, one of its landmarks is absent in the truth")
        estimate = predicted[id_].select(names)
        true, found = truth[id_].select(names).positions, estimate.positions
        distances = np.linalg.norm(found - true, axis=1) / scale
        distances[np.isnan(found[:, 0])] = np.inf
        distances[np.isnan(true[:, 0])] = np.nan
        rows.append(distances)
        scores.append(estimate.scores)
        lengths.append(measure_length(truth[id_]) / scale)
    return LandmarkErrors(
        ids, names, np.array(rows), reference.unit if reference else unit, np.array(scores, dtype=np.float64),
        tuple(id_ for id_ in truth if id_ not in predicted), tuple(id_ for id_ in predicted if id_ not in truth),
        np.array(lengths),
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


def summarise_errors(errors: LandmarkErrors) -> dict[str, Any]:
    """Return the summary of all distances, with a bootstrap interval of the mean over patients.

    Besides :func:`summarise_distances`, ``beyond_10_percent``: the part that is further off than a tenth of the
    anatomy's length or was not found, among those whose length is known.
    """
    relative = errors.percent_of_length
    known = relative[~np.isnan(relative)]
    return {
        **summarise_distances(errors.distances),
        f"beyond_{OUTLIER_PERCENT:g}_percent": float((known > OUTLIER_PERCENT).mean()) if len(known) else float("nan"),
        "mean_interval_95": bootstrap_mean_interval(errors.distances, patients=errors.ids),
    }


def summarise_landmarks(errors: LandmarkErrors) -> dict[str, Any]:
    """Return the summary over all landmarks, and of each."""
    return {
        "unit": errors.unit,
        "n_hands": len(set(errors.ids)),
        "hands_without_prediction": list(errors.without_prediction),
        "hands_without_truth": len(errors.without_truth),
        "overall": summarise_errors(errors),
        "landmarks": {name: summarise_errors(errors.of_landmarks([name])) for name in errors.names},
    }
