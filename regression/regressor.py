"""The age model as an estimator: regions and sex in, an age with the ages and weights of its regions out."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from torch import Tensor

from boneage.imaging import Sex
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.regression.estimates import (
    AgeEstimate,
    bound_age,
    check_regions,
    check_training,
    missing_estimate,
    refusal_reason,
)
from boneage.regression.features import extract_features
from boneage.regression.fusion import anatomical_weights, fuse, weigh_regions
from boneage.regression.initial_network import build_initial_network
from boneage.regression.losses import stratum_weights
from boneage.regression.networks.registry import network_to_json
from boneage.regression.region_outputs import RegionOutputs, has_frozen_backbone, predict_regions
from boneage.regression.region_stack import RegionStack
from boneage.regression.regressor_settings import RegressorSettings, settings_from_json, settings_to_json
from boneage.regression.regressor_state import fixed_weights_from_json, network_from_arrays, training_fingerprint
from boneage.regression.training import train_network
from boneage.regression.training_data import TrainingData, ValidationHands, make_training_data
from boneage.regression.validation import EpochResult, history_from_json

_BATCH = 32


class AgeRegressor:
    """A weighted CNN: an age and a weight for every region; the hand's age is their weighted mean.

    Parameters
    ----------
    settings : RegressorSettings, optional
    random_state : int
        Seed of every random choice.
    weights : Path, optional
        File of a backbone's pretrained weights; see :func:`~boneage.regression.networks.weights.load_pretrained`.
        Only for networks that have a backbone.
    cache : Path, optional
        Folder of the features of frozen backbones; see :func:`~boneage.regression.features.extract_features`.
    start : AgeRegressor, optional
        A fitted model to fine-tune, with the same network and number of regions: the training starts from a copy of its
        weights instead of random ones.

    Attributes
    ----------
    region_names_ : tuple of str
    side_ : int
        Of the regions, in pixels.
    network_ : torch.nn.Module
    centre_, spread_ : float
        Mean and standard deviation of the training ages, in months.
    fixed_weights_ : torch.Tensor or None
        Of the regions, shape (n_regions,), if the fusion is ``fixed``.
    history_ : list of EpochResult
        What came out in each epoch of the training.
    """

    def __init__(
        self,
        *,
        settings: RegressorSettings | None = None,
        random_state: int = 0,
        weights: Path | None = None,
        cache: Path | None = None,
        start: AgeRegressor | None = None,
    ) -> None:
        self.settings = settings
        self.random_state = random_state
        self.weights = weights
        self.cache = cache
        self.start = start

    @property
    def needs_sex(self) -> bool:
        """Whether ``predict`` needs to know the sex."""
        return (self.settings or RegressorSettings()).use_sex

    @property
    def reads_mirrored(self) -> bool:
        """Whether a prediction is the mean of the hand's and its mirror image's."""
        return (self.settings or RegressorSettings()).mirrored_views

    @property
    def n_parameters(self) -> int:
        """Number of the network's weights."""
        self._check_fitted()
        return sum(weights.numel() for weights in self.network_.parameters())

    @property
    def shape_(self) -> tuple[int, ...]:
        """Shape of the regions: of pictures or of cubes."""
        return (self.side_,) * self._settings.network.ndim

    def fit(
        self,
        stacks: Sequence[RegionStack],
        ages_months: Sequence[float],
        sexes: Sequence[Sex | None],
        *,
        ids: Sequence[str] | None = None,
        validation: ValidationHands | None = None,
        progress: Progress | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Learn from hands of known age.

        Without augmentation, a frozen backbone reads every hand once; its head is trained on the features.

        Parameters
        ----------
        stacks : sequence of RegionStack
            With the same regions each; at least one of them present.
        ages_months : sequence of float
        sexes : sequence of {"F", "M", None}
        ids : sequence of str, optional
            Names of the hands in messages; by default their numbers.
        validation : tuple of sequences, optional
            Stacks, ages and sexes of other hands, whose error is measured after each epoch; it changes nothing.
        progress : callable, optional
        checkpoints : Path, optional
            Folder for the state of the training, which resumes from there if it was interrupted. The file in it
            is named after the data and settings, so another training does not resume from it. It stays there when
            the training is done: remove the folder once the model is stored.

        Raises
        ------
        InvalidInput
            If there are fewer than two hands, regions differ or are not of the network's number of axes, an age is not
            a number, a needed sex is missing, the fusion is ``fixed`` and a region has no weight, the last of the
            recipe's ``sides`` is not that of the regions, or ``start`` is of another kind.
        UnusableWeights
            If the network has a backbone and its pretrained weights cannot be had.
        TrainingDiverged
            If the loss is no longer finite; it names the hands.
        """
        settings = self.settings or RegressorSettings()
        names = tuple(ids) if ids is not None else tuple(f"number {k}" for k in range(len(stacks)))
        check_training(stacks, ages_months, sexes, names, use_sex=settings.use_sex, ndim=settings.network.ndim)
        self._settings = settings
        self.region_names_ = stacks[0].names
        self.side_ = stacks[0].pixels.shape[1]
        settings.check_side(self.side_)
        self._fit_age_scale(ages_months)
        self.fixed_weights_ = anatomical_weights(self.region_names_) if settings.fusion == "fixed" else None
        hand_weights = stratum_weights(ages_months, sexes, settings.recipe.stratum_weight)
        data = make_training_data(stacks, ages_months, sexes, names, self.centre_, self.spread_, hand_weights)
        others = None if validation is None else self._make_validation_data(*validation)
        self.network_ = self._initial_network(progress)
        self.history_ = self._train(data, others, checkpoints, progress)
        self.network_.eval()
        return self

    def predict(self, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        """Estimate the ages of hands.

        A hand without any region, or without its sex where the model needs it, has no age and a reason.

        Raises
        ------
        NotFittedError
        InvalidInput
            If the regions are not those the model was trained on.
        """
        self._check_fitted()
        check_regions(stacks, self.region_names_, self.shape_)
        reasons = [refusal_reason(stack, sex, use_sex=self.needs_sex) for stack, sex in zip(stacks, sexes, strict=True)]
        accepted = [k for k, reason in enumerate(reasons) if not reason]
        estimates = [missing_estimate(self.region_names_, reason) for reason in reasons]
        # cached features are read for all hands at once: naming them hashes all of the backbone's weights
        size = len(accepted) if accepted and self.cache and has_frozen_backbone(self.network_) else _BATCH
        for first in range(0, len(accepted), size):
            batch = accepted[first : first + size]
            of_batch = self._predict_batch([stacks[k] for k in batch], [sexes[k] for k in batch])
            for k, estimate in zip(batch, of_batch, strict=True):
                estimates[k] = estimate
        return estimates

    def predict_regions(self, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> RegionOutputs:
        """Return the network's outputs for every region, before fusion; see :meth:`fuse_outputs`.

        Parameters
        ----------
        stacks : sequence of RegionStack
            Hands that ``predict`` would accept; not checked.
        sexes : sequence of {"F", "M", None}
        """
        n, mirrored = self._settings.views, self._settings.mirrored_views
        return predict_regions(self.network_, stacks, sexes, n_augmented=n, mirrored=mirrored, cache=self.cache)

    def fuse_outputs(self, outputs: RegionOutputs, present: Tensor) -> list[AgeEstimate]:
        """Fuse the outputs for the regions into the age of each hand.

        Parameters
        ----------
        outputs : RegionOutputs
            Of n_hands by n_regions.
        present : bool tensor of shape (n_hands, n_regions)
        """
        weights = weigh_regions(outputs.logits, present, self._settings.fusion, self.fixed_weights_)
        fused = fuse(outputs.ages, weights)
        of_regions = (outputs.ages.double() * self.spread_ + self.centre_).masked_fill(~present, math.nan).tolist()
        of_hands = (fused.double() * self.spread_ + self.centre_).tolist()
        return [
            AgeEstimate(
                bound_age(months), self.region_names_, tuple(region_months), tuple(region_weights), outputs=of_hand
            )
            for months, region_months, region_weights, of_hand in zip(
                of_hands, of_regions, weights.double().tolist(), outputs.split(), strict=True
            )
        ]

    def to_state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the fitted model as JSON data and arrays."""
        self._check_fitted()
        config = {
            "settings": settings_to_json(self._settings),
            "regions": list(self.region_names_),
            "side": self.side_,
            "centre_months": self.centre_,
            "spread_months": self.spread_,
            "fixed_weights": None if self.fixed_weights_ is None else self.fixed_weights_.tolist(),
            "history": [list(result) for result in self.history_],
        }
        return config, {name: tensor.numpy() for name, tensor in self.network_.state_dict().items()}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild an age model.

        Raises
        ------
        ValueError, KeyError, TypeError
            If settings or arrays are missing, malformed or do not fit together.
        """
        settings = settings_from_json(config["settings"])
        self = cls(settings=settings)
        self._settings = settings
        self.region_names_ = tuple(str(name) for name in config["regions"])
        self.side_ = int(config["side"])
        self.centre_, self.spread_ = float(config["centre_months"]), float(config["spread_months"])
        self.history_ = history_from_json(config.get("history", ()), self.side_)
        if not (self.region_names_ and math.isfinite(self.centre_) and 0 < self.spread_ < math.inf and self.side_ > 0):
            raise InvalidInput("the age model's regions or its ages' mean and spread are malformed")
        self.fixed_weights_ = fixed_weights_from_json(config, settings.fusion, len(self.region_names_))
        self.network_ = network_from_arrays(settings, len(self.region_names_), arrays)
        return self

    def check_fine_tuning(self, settings: RegressorSettings, region_names: Sequence[str], side: int) -> None:
        """Check that a model of some settings and regions can be fine-tuned from this one.

        Raises
        ------
        NotFittedError
        InvalidInput
            If its network, the use of the sex, the number of regions or their side are not the same.
        """
        if not hasattr(self, "network_"):
            raise NotFittedError("the model to start from is not fitted yet")
        for what, own, wanted in (
            ("network", network_to_json(self._settings.network), network_to_json(settings.network)),
            ("use of the sex", self._settings.use_sex, settings.use_sex),
            ("number of regions", len(self.region_names_), len(region_names)),
            ("side of the regions", self.side_, side),
        ):
            if own != wanted:
                raise InvalidInput(f"the model to start from has another {what}: {own}, not {wanted}")

    def _check_fitted(self) -> None:
        if not hasattr(self, "network_"):
            raise NotFittedError("this AgeRegressor is not fitted yet")

    def _fit_age_scale(self, ages_months: Sequence[float]) -> None:
        """Take the mean and spread of the ages; in fine-tuning those of the first model, which its weights go with."""
        ages = np.asarray(ages_months, dtype=np.float64)
        self.centre_, self.spread_ = float(ages.mean()), max(float(ages.std()), 1.0)
        if self.start is not None:
            self.start.check_fine_tuning(self._settings, self.region_names_, self.side_)
            self.centre_, self.spread_ = self.start.centre_, self.start.spread_

    def _make_validation_data(
        self, stacks: Sequence[RegionStack], ages_months: Sequence[float], sexes: Sequence[Sex | None]
    ) -> TrainingData:
        names = tuple(f"validation hand {k}" for k in range(len(stacks)))
        check_training(stacks, ages_months, sexes, names, use_sex=self.needs_sex, ndim=self._settings.network.ndim)
        check_regions(stacks, self.region_names_, self.shape_)
        ones = np.ones(len(stacks))
        return make_training_data(stacks, ages_months, sexes, names, self.centre_, self.spread_, ones)

    def _initial_network(self, progress: Progress | None) -> torch.nn.Module:
        """Return the network to train: a copy of the one to fine-tune, or a new one."""
        if self.start is not None:
            return copy.deepcopy(self.start.network_)
        return build_initial_network(self._settings, len(self.region_names_), self.random_state, self.weights, progress)

    def _train(
        self,
        data: TrainingData,
        validation: TrainingData | None,
        checkpoints: Path | None,
        progress: Progress | None,
    ) -> list[EpochResult]:
        """Train the network, or only its head, in place and return what came out in each epoch."""
        settings, network = self._settings, self.network_
        checkpoint = None
        if checkpoints:
            checkpoint = checkpoints / f"{training_fingerprint(data, settings, self.random_state, network)}.ckpt"
        if has_frozen_backbone(network) and settings.recipe.augmentation is None:

            def read(hands: TrainingData) -> TrainingData:
                features = extract_features(backbone, hands.pixels, hands.present, cache=self.cache, progress=progress)
                return dataclasses.replace(hands, pixels=features)

            backbone, network = network, network.head
            data, validation = read(data), read(validation) if validation else None
            network.standardise(data.pixels, data.present)
        history = train_network(
            network, data, settings.recipe, settings.fusion, fixed_weights=self.fixed_weights_,
            validation=validation, seed=self.random_state, checkpoint=checkpoint, progress=progress,
        )  # fmt: skip
        return [result.in_months(self.spread_) for result in history]

    def _predict_batch(self, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        present = torch.from_numpy(np.stack([stack.present for stack in stacks]))
        return self.fuse_outputs(self.predict_regions(stacks, sexes), present)
