"""A baseline on off-the-shelf features: a ridge regression for each region."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from boneage.imaging import Sex
from boneage.imaging.progress import Progress
from boneage.regression.baselines import FEATURE_PENALTIES, count_parameters
from boneage.regression.estimates import (
    AgeEstimate,
    bound_age,
    check_regions,
    check_training,
    missing_estimate,
    refusal_reason,
)
from boneage.regression.features import extract_features
from boneage.regression.networks.backbone import BackboneNet, BackboneSettings
from boneage.regression.networks.weights import load_pretrained
from boneage.regression.region_stack import RegionStack
from boneage.regression.tensors import to_tensors

Array = NDArray[np.float64]

_MIN_HANDS = 3  # that a region must be present in, to have a regression


class FeatureRidge:
    """Standardised features of a frozen backbone, and the sex, read by one ridge regression per region.

    Each penalty is chosen by leave-one-out; a region's weight is the inverse of its mean squared error there. It has
    the contract of :class:`~boneage.regression.AgeRegressor`, but is not saved.

    Parameters
    ----------
    settings : BackboneSettings, optional
        Only the backbone, its layer and the input side are used.
    use_sex : bool
    weights : Path, optional
        File of pretrained weights; see :func:`~boneage.regression.networks.weights.load_pretrained`.
    cache : Path, optional
        Folder of cached features; see :func:`~boneage.regression.features.extract_features`.

    Attributes
    ----------
    region_names_ : tuple of str
    errors_ : ndarray of shape (n_regions,)
        Leave-one-out mean squared error of each region, in square months; infinite for one that is hardly ever present.
    """

    def __init__(
        self,
        *,
        settings: BackboneSettings | None = None,
        use_sex: bool = True,
        weights: Path | None = None,
        cache: Path | None = None,
    ) -> None:
        self.settings = settings
        self.use_sex = use_sex
        self.weights = weights
        self.cache = cache

    @property
    def needs_sex(self) -> bool:
        """Whether ``predict`` needs to know the sex."""
        return self.use_sex

    @property
    def n_parameters(self) -> int:
        """Number of weights of the regressions, with their intercepts; the backbone's are not learnt."""
        if not hasattr(self, "errors_"):
            raise NotFittedError("this FeatureRidge is not fitted yet")
        return sum(
            count_parameters(model) for model, error in zip(self._models, self.errors_, strict=True) if error < np.inf
        )

    def fit(
        self,
        stacks: Sequence[RegionStack],
        ages_months: Sequence[float],
        sexes: Sequence[Sex | None],
        *,
        ids: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Learn from hands of known age; parameters and errors are those of ``AgeRegressor.fit``."""
        names = tuple(ids) if ids is not None else tuple(f"number {k}" for k in range(len(stacks)))
        check_training(stacks, ages_months, sexes, names, use_sex=self.use_sex, ndim=2)
        self.region_names_ = stacks[0].names
        self.side_ = stacks[0].pixels.shape[1]
        self._network = BackboneNet(self.settings or BackboneSettings(), len(self.region_names_), self.use_sex)
        load_pretrained(self._network.backbone, self.weights, progress)
        inputs, present = self._inputs(stacks, sexes, progress)
        ages = np.asarray(ages_months, dtype=np.float64)
        self._models: list[Pipeline] = []
        self.errors_ = np.full(len(self.region_names_), np.inf)
        for region in range(len(self.region_names_)):
            model, rows = make_pipeline(StandardScaler(), RidgeCV(FEATURE_PENALTIES)), present[:, region]
            if rows.sum() >= _MIN_HANDS:
                model.fit(inputs[rows, region], ages[rows])
                self.errors_[region] = max(-model[-1].best_score_, 1e-6)
            self._models.append(model)
        return self

    def predict(self, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        """Estimate the ages of hands; parameters and errors are those of ``AgeRegressor.predict``."""
        if not hasattr(self, "errors_"):
            raise NotFittedError("this FeatureRidge is not fitted yet")
        check_regions(stacks, self.region_names_, (self.side_, self.side_))
        reasons = [refusal_reason(k, sex, use_sex=self.use_sex) for k, sex in zip(stacks, sexes, strict=True)]
        if not stacks:
            return []
        inputs, present = self._inputs(stacks, sexes)
        present &= np.isfinite(self.errors_)
        months = np.full(present.shape, np.nan)
        for region, model in enumerate(self._models):
            rows = present[:, region]
            if rows.any():
                months[rows, region] = model.predict(inputs[rows, region])
        weights = present / self.errors_
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        return [
            self._estimate(reason, region_months, region_weights)
            for reason, region_months, region_weights in zip(reasons, months, weights, strict=True)
        ]

    def _estimate(self, reason: str, months: Array, weights: Array) -> AgeEstimate:
        if not reason and not weights.any():
            reason = "no region that the model knows is present"
        if reason:
            return missing_estimate(self.region_names_, reason)
        age = bound_age(np.nansum(months * weights))
        return AgeEstimate(age, self.region_names_, tuple(months.tolist()), tuple(weights.tolist()))

    def _inputs(
        self,
        stacks: Sequence[RegionStack],
        sexes: Sequence[Sex | None],
        progress: Progress | None = None,
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Return the regressions' inputs, shape (n_hands, n_regions, n_inputs), and which regions are present."""
        pixels, present, sex = to_tensors(stacks, sexes)
        features = extract_features(self._network, pixels, present, cache=self.cache, progress=progress)
        if self.use_sex:
            features = torch.cat([features, sex[:, None, None].expand(-1, present.shape[1], 1)], dim=2)
        return features.double().numpy(), present.numpy()
