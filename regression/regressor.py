"""The age model as an estimator: regions and sex in, an age with what each region said out."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from torch import Tensor

from boneage.imaging import Sex
from boneage.imaging.errors import InvalidInput
from boneage.regression.augmentation import AugmentationSettings
from boneage.regression.estimates import AgeEstimate, check_regions, check_training, missing_estimate, reason_against
from boneage.regression.features import extract_features
from boneage.regression.fusion import FUSION_RULES, FusionRule, anatomical_weights, fuse, weigh_regions
from boneage.regression.losses import stratum_weights
from boneage.regression.networks.backbone import BackboneNet
from boneage.regression.networks.multiregion import MultiRegionSettings
from boneage.regression.networks.registry import NetworkSettings, build_network, network_from_json, network_to_json
from boneage.regression.networks.weights import load_pretrained
from boneage.regression.recipes import Recipe
from boneage.regression.region_stack import RegionStack
from boneage.regression.tensors import to_grey, to_tensors
from boneage.regression.test_time_augmentation import draw_views
from boneage.regression.training import TrainingData, train_network

_BATCH = 32


@dataclass(frozen=True)
class RegressorSettings:
    """Settings of an :class:`AgeRegressor`.

    Parameters
    ----------
    use_sex : bool
        Whether the sex is an input; a model that uses it refuses a hand without.
    fusion : {"learned", "inverse_variance", "fixed", "equal"}
        How the regions' ages become one; see :func:`~boneage.regression.fusion.weigh_regions`.
    network : NetworkSettings
        Of any kind that :mod:`boneage.regression.networks.registry` knows.
    recipe : Recipe
    views : int
        How often a hand is looked at when its age is asked for, each time turned, resized and shifted a little; what is
        said is averaged. Features kept on disk are of one view.
    """

    use_sex: bool = True
    fusion: FusionRule = "learned"
    network: NetworkSettings = field(default_factory=MultiRegionSettings)
    recipe: Recipe = field(default_factory=Recipe)
    views: int = 1

    def __post_init__(self) -> None:
        if self.fusion not in FUSION_RULES:
            raise InvalidInput(f"fusion must be one of {', '.join(FUSION_RULES)}, got {self.fusion!r}")
        if self.views < 1:
            raise InvalidInput(f"views must be at least 1, got {self.views}")

    def with_recipe(self, **fields: Any) -> Self:
        """Return the settings with some fields of the recipe other."""
        return dataclasses.replace(self, recipe=dataclasses.replace(self.recipe, **fields))


class AgeRegressor:
    """A weighted CNN: every region says an age and how far to trust it, their weighted mean is the answer.

    Parameters
    ----------
    settings : RegressorSettings, optional
    random_state : int
        Seed of every random choice.
    weights : Path, optional
        File of a backbone's pretrained weights; see :func:`~boneage.regression.networks.weights.load_pretrained`.
        Networks that have no backbone take none.
    cache : Path, optional
        Folder in which the features that a frozen backbone sees are kept; see
        :func:`~boneage.regression.features.extract_features`.
    start : AgeRegressor, optional
        A fitted one to go on from, with the same network and as many regions: its weights are where the training begins
        instead of chance. It is left as it is.

    Attributes
    ----------
    region_names_ : tuple of str
    network_ : torch.nn.Module
    centre_, spread_ : float
        Mean and standard deviation of the training ages, in months.
    fixed_weights_ : torch.Tensor or None
        Of the regions, shape (n_regions,), if the fusion is ``fixed``.
    history_ : list of float
        Mean loss of each epoch of the training.
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
    def n_parameters(self) -> int:
        """How many weights were learnt."""
        if not hasattr(self, "network_"):
            raise NotFittedError("this AgeRegressor is not fitted yet")
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
        progress: Callable[[str, float], None] | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Learn from hands of known age.

        A frozen backbone without augmentation sees every hand once; what is on top of it is trained on the features.

        Parameters
        ----------
        stacks : sequence of RegionStack
            With the same regions each; at least one of them present.
        ages_months : sequence of float
        sexes : sequence of {"F", "M", None}
        ids : sequence of str, optional
            What to call the hands in messages; their numbers if not given.
        progress : callable, optional
        checkpoints : Path, optional
            Folder for the state of the training, which resumes from there if it was interrupted. The file in it
            is named after the data and settings, so another training does not take it up.

        Raises
        ------
        ValueError
            If there are fewer than two hands, regions differ or are not of the network's number of axes, an age is not
            a number, a needed sex is missing, or the fusion is ``fixed`` and there is no weight for a region; or if
            what it starts from is of another kind.
        UnusableWeights
            If the network has a backbone and its pretrained weights cannot be had.
        TrainingDiverged
            If the loss is no longer finite; it names the hands.
        """
        settings = self.settings or RegressorSettings()
        names = tuple(ids) if ids is not None else tuple(f"number {k}" for k in range(len(stacks)))
        check_training(stacks, ages_months, sexes, names, use_sex=settings.use_sex, ndim=settings.network.ndim)
        ages = np.asarray(ages_months, dtype=np.float64)
        self._settings = settings
        self.region_names_ = stacks[0].names
        self.side_ = stacks[0].pixels.shape[1]
        self.centre_, self.spread_ = float(ages.mean()), max(float(ages.std()), 1.0)
        if self.start is not None:
            self.start.check_fine_tuning(settings, self.region_names_, self.side_)
            self.centre_, self.spread_ = self.start.centre_, self.start.spread_
        self.fixed_weights_ = anatomical_weights(self.region_names_) if settings.fusion == "fixed" else None
        data = TrainingData(
            *to_tensors(stacks, sexes),
            torch.tensor((ages - self.centre_) / self.spread_, dtype=torch.float32),
            names,
            torch.tensor(stratum_weights(ages_months, sexes, settings.recipe.stratum_weight), dtype=torch.float32),
        )
        self.network_ = self._start(settings, progress)
        checkpoint = None
        if checkpoints:
            checkpoint = checkpoints / f"{_fingerprint(data, settings, self.random_state, self.network_)}.ckpt"
        learner = self.network_
        if _is_fixed(learner) and settings.recipe.augmentation is None:
            features = extract_features(learner, data.pixels, data.present, cache=self.cache, progress=progress)
            learner = learner.head
            learner.standardise(features, data.present)
            data = dataclasses.replace(data, pixels=features)
        self.history_ = train_network(
            learner, data, settings.recipe, settings.fusion, fixed_weights=self.fixed_weights_,
            seed=self.random_state, checkpoint=checkpoint, progress=progress,
        )  # fmt: skip
        self.network_.eval()
        return self

    def predict(self, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        """Estimate the ages of hands.

        A hand without any region, or without its sex where the model needs it, has no age and a reason.

        Raises
        ------
        NotFittedError
        ValueError
            If the regions are not those the model was trained on.
        """
        if not hasattr(self, "network_"):
            raise NotFittedError("this AgeRegressor is not fitted yet")
        check_regions(stacks, self.region_names_, self.shape_)
        reasons = [
            reason_against(stack, sex, use_sex=self._settings.use_sex) for stack, sex in zip(stacks, sexes, strict=True)
        ]
        able = [k for k, reason in enumerate(reasons) if not reason]
        estimates = [missing_estimate(self.region_names_, reason) for reason in reasons]
        # kept features are looked up for all hands at once: the weights that they are named after are many
        size = len(able) if able and self.cache and _is_fixed(self.network_) else _BATCH
        for start in range(0, len(able), size):
            batch = able[start : start + size]
            for k, estimate in zip(
                batch, self._read([stacks[k] for k in batch], [sexes[k] for k in batch]), strict=True
            ):
                estimates[k] = estimate
        return estimates

    def to_state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return all that was learnt as JSON data and arrays."""
        if not hasattr(self, "network_"):
            raise NotFittedError("this AgeRegressor is not fitted yet")
        config = {
            "settings": _settings_to_json(self._settings),
            "regions": list(self.region_names_),
            "side": self.side_,
            "centre_months": self.centre_,
            "spread_months": self.spread_,
            "fixed_weights": None if self.fixed_weights_ is None else self.fixed_weights_.tolist(),
            "history": self.history_,
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
        settings = _read_settings(config["settings"])
        self = cls(settings=settings)
        self._settings = settings
        self.region_names_ = tuple(str(name) for name in config["regions"])
        self.side_ = int(config["side"])
        self.centre_, self.spread_ = float(config["centre_months"]), float(config["spread_months"])
        self.history_ = [float(loss) for loss in config.get("history", ())]
        if not (self.region_names_ and math.isfinite(self.centre_) and 0 < self.spread_ < math.inf and self.side_ > 0):
            raise InvalidInput("the age model's regions or its ages' mean and spread are malformed")
        self.fixed_weights_ = _read_fixed_weights(config, settings.fusion, len(self.region_names_))
        self.network_ = build_network(settings.network, len(self.region_names_), settings.use_sex)
        try:
            self.network_.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in arrays.items()})
        except RuntimeError as error:
            raise InvalidInput(f"the network's arrays do not fit its settings: {error}") from error
        if not all(torch.isfinite(tensor).all() for tensor in self.network_.state_dict().values()):
            raise InvalidInput("the network's arrays must be finite")
        self.network_.eval()
        return self

    def _start(self, settings: RegressorSettings, progress: Callable[[str, float], None] | None) -> torch.nn.Module:
        """Return the network to train: a copy of the given start's, or a new one, its backbone pretrained."""
        if self.start is not None:
            return copy.deepcopy(self.start.network_)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            network = build_network(settings.network, len(self.region_names_), settings.use_sex)
        if isinstance(network, BackboneNet):
            load_pretrained(network.backbone, self.weights, progress)
        elif self.weights is not None:
            raise InvalidInput(f"the network takes no pretrained weights, got {self.weights}")
        return network

    def check_fine_tuning(self, settings: RegressorSettings, region_names: Sequence[str], side: int) -> None:
        """Check that a model of some settings and regions can start from this one's weights.

        Raises
        ------
        NotFittedError
        ValueError
            If its network, the use of the sex, the number of regions or their side are not the same.
        """
        if not hasattr(self, "network_"):
            raise NotFittedError("the model to start from is not fitted yet")
        for what, own, asked in (
            ("network", network_to_json(self._settings.network), network_to_json(settings.network)),
            ("use of the sex", self._settings.use_sex, settings.use_sex),
            ("number of regions", len(self.region_names_), len(region_names)),
            ("side of the regions", self.side_, side),
        ):
            if own != asked:
                raise InvalidInput(f"the model to start from has another {what}: {own}, not {asked}")

    def look(self, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> tuple[Tensor, Tensor]:
        """Return what the network says of every region, before it is fused; see :meth:`answer`.

        Parameters
        ----------
        stacks : sequence of RegionStack
            Hands that can be read; not checked.
        sexes : sequence of {"F", "M", None}
        """
        with torch.inference_mode():
            pixels, present, sex = to_tensors(stacks, sexes)
            network = self.network_
            if self.cache and _is_fixed(network):
                ages, logits = network.head(extract_features(network, pixels, present, cache=self.cache), present, sex)
            else:
                said = [network(view, present, sex) for view in draw_views(to_grey(pixels), self._settings.views)]
                ages, logits = (torch.stack(parts).mean(dim=0) for parts in zip(*said, strict=True))
        return ages, logits

    def answer(self, said: tuple[Tensor, Tensor], present: Tensor) -> list[AgeEstimate]:
        """Fuse what the network said of each region into the age of each hand.

        Parameters
        ----------
        said : tuple of tensors of shape (n_hands, n_regions)
            As :meth:`look` returns it.
        present : bool tensor of shape (n_hands, n_regions)
        """
        ages, logits = said
        weights = weigh_regions(logits, present, self._settings.fusion, self.fixed_weights_)
        fused = fuse(ages, weights)
        months = (ages.double() * self.spread_ + self.centre_).masked_fill(~present, math.nan).tolist()
        answers = (fused.double() * self.spread_ + self.centre_).tolist()
        return [
            AgeEstimate(max(answer, 0.0), self.region_names_, tuple(own), tuple(weight))
            for answer, own, weight in zip(answers, months, weights.double().tolist(), strict=True)
        ]

    def _read(self, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        return self.answer(self.look(stacks, sexes), torch.from_numpy(np.stack([stack.present for stack in stacks])))


def _is_fixed(network: torch.nn.Module) -> TypeGuard[BackboneNet]:
    return isinstance(network, BackboneNet) and network.frozen


def _fingerprint(data: TrainingData, settings: RegressorSettings, seed: int, start: torch.nn.Module) -> str:
    digest = hashlib.sha256(json.dumps([_settings_to_json(settings), seed]).encode())
    for tensor in (data.pixels, data.present, data.sex, data.age, *start.state_dict().values()):
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:16]


def _settings_to_json(settings: RegressorSettings) -> dict[str, Any]:
    return {**dataclasses.asdict(settings), "network": network_to_json(settings.network)}


def _read_fixed_weights(config: Mapping[str, Any], fusion: FusionRule, n_regions: int) -> torch.Tensor | None:
    if fusion != "fixed":
        return None
    weights = torch.tensor(config["fixed_weights"], dtype=torch.float32)
    if weights.shape != (n_regions,) or not (torch.isfinite(weights) & (weights > 0)).all():
        raise InvalidInput(f"fixed_weights must be {n_regions} positive numbers, got {config['fixed_weights']}")
    return weights


def _read_settings(config: Mapping[str, Any]) -> RegressorSettings:
    network = network_from_json(config["network"])
    augmentation = config["recipe"]["augmentation"]
    recipe = Recipe(**{**config["recipe"], "augmentation": augmentation and AugmentationSettings(**augmentation)})
    return RegressorSettings(**{**config, "network": network, "recipe": recipe})
