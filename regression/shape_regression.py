"""Shape regression: an age from the landmarks' positions and the sex alone, without the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist
from sklearn.exceptions import NotFittedError

from boneage.imaging import NoSimilarity, Points, Sex, align_to, compute_mean_shape
from boneage.imaging.errors import InvalidInput
from boneage.regression.baselines import SEX_CODES, check_ages, count_parameters, fit_ridge, single_estimate
from boneage.regression.estimates import AgeEstimate

Array = NDArray[np.float64]

_PENALTIES = np.logspace(-1, 4, 11)


@dataclass(frozen=True)
class GeometrySettings:
    """Settings of a :class:`GeometryRegressor`.

    Parameters
    ----------
    use_sex : bool
    with_size : bool
        Whether the size of the hand, in the unit of the landmarks, is a feature. Off by default: in pixels it
        depends on the scanner and the distance to it, and does not carry over to other scanners.
    max_missing : float
        A hand that lacks a larger part of its landmarks is refused; otherwise the mean shape's replace them.
    """

    use_sex: bool = True
    with_size: bool = False
    max_missing: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.max_missing < 1:
            raise InvalidInput(f"max_missing must be at least 0 and below 1, got {self.max_missing}")


class GeometryRegressor:
    """Shape and sex to age, by a ridge regression.

    A hand is aligned to the mean of the training hands, and mirrored back if need be (Procrustes analysis [1]_). Its
    features are the aligned landmarks' coordinates and the distances between every two of them, in units of the mean
    distance: the lengths of all bones and their ratios are among these. Position, size, rotation and side have no
    effect. The unit has none either, but it must be the same along all axes: landmarks of a squashed copy must be in
    the pixels of its original, those of volumes in mm.

    Kernel ridge, support vectors and boosted trees do no better (docs/benchmarks.md), so this is the simplest.

    Parameters
    ----------
    settings : GeometrySettings, optional

    Attributes
    ----------
    names_ : tuple of str
        The landmarks.
    mean_shape_ : ndarray of shape (n_landmarks, ndim)
    model_ : fitted scikit-learn pipeline

    References
    ----------
    .. [1] Gower, "Generalized Procrustes analysis", Psychometrika 40(1), 1975.
    """

    def __init__(self, *, settings: GeometrySettings | None = None) -> None:
        self.settings = settings

    @property
    def needs_sex(self) -> bool:
        """Whether ``predict`` needs to know the sex."""
        return (self.settings or GeometrySettings()).use_sex

    @property
    def n_parameters(self) -> int:
        """Number of learnt weights; the mean shape is not counted."""
        return count_parameters(self.model_)

    def fit(self, points: Sequence[Points], ages_months: Sequence[float], sexes: Sequence[Sex | None]) -> Self:
        """Learn from hands of known age.

        Parameters
        ----------
        points : sequence of Points
            With the same names each; NaN for an absent landmark.
        ages_months : sequence of float
        sexes : sequence of {"F", "M", None}

        Raises
        ------
        InvalidInput
            If there are fewer than two hands, names differ, too many landmarks are missing, an age is not a number,
            or a needed sex is missing.
        """
        self._settings = self.settings or GeometrySettings()
        ages = check_ages(ages_months, sexes, minimum=2)
        if len(points) != len(ages):
            raise InvalidInput(f"need as many hands as ages, got {len(points)} and {len(ages)}")
        self.names_ = points[0].names
        for number, hand in enumerate(points):
            if hand.names != self.names_:
                raise InvalidInput(f"hand number {number}: its landmarks are not those of the first hand")
        mean = compute_mean_shape(points)
        if mean is None or not mean.present.all():
            raise InvalidInput("every landmark must be present in at least one hand, and they must not all coincide")
        self.mean_shape_ = mean.positions
        rows = [self.describe_hand(hand, sex) for hand, sex in zip(points, sexes, strict=True)]
        for number, row in enumerate(rows):
            if isinstance(row, str):
                raise InvalidInput(f"hand number {number}: {row}")
        self.model_ = fit_ridge(np.stack([row for row in rows if not isinstance(row, str)]), ages, _PENALTIES)
        return self

    def predict(self, points: Sequence[Points], sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        """Estimate the ages of hands; one that lacks too many landmarks has no age and a reason.

        Raises
        ------
        NotFittedError
        InvalidInput
            If a hand lacks the name of a landmark that the model was trained on.
        """
        if not hasattr(self, "model_"):
            raise NotFittedError("this GeometryRegressor is not fitted yet")
        estimates = []
        for hand, sex in zip(points, sexes, strict=True):
            absent = [name for name in self.names_ if name not in hand.names]
            if absent:
                raise InvalidInput(
                    f"the model was trained on {len(self.names_)} landmarks; the hand has no {absent[0]}"
                )
            row = self.describe_hand(hand.select(self.names_), sex)
            if isinstance(row, str):
                estimates.append(single_estimate("geometry", float("nan"), row))
            else:
                estimates.append(single_estimate("geometry", float(self.model_.predict(row[None])[0])))
        return estimates

    def describe_hand(self, hand: Points, sex: Sex | None) -> Array | str:
        """Return the features of a hand for the fitted model, shape (n_features,), or why there are none."""
        if self._settings.use_sex and sex is None:
            return "the sex is not known, and the model needs it"
        missing = int((~hand.present).sum())
        if missing > self._settings.max_missing * len(hand):
            return f"{missing} of {len(hand)} landmarks are missing"
        try:
            alignment = align_to(hand.positions, self.mean_shape_)
        except NoSimilarity as error:
            return str(error)
        shape = alignment.frame.apply(hand.positions)
        shape = np.where(np.isnan(shape), self.mean_shape_, shape)
        distances = pdist(shape)
        parts = [shape.ravel(), distances / distances.mean()]
        if self._settings.use_sex:
            parts.append(np.array([SEX_CODES[sex]]))
        if self._settings.with_size:
            parts.append(np.array([-np.log(alignment.frame.scale())]))
        return np.concatenate(parts)
