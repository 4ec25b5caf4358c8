"""The age model as an estimator: regions and sex in, an age with what each region said out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from boneage.imaging import Sex
from boneage.regression.augmentation import AugmentationSettings
from boneage.regression.fusion import FusionRule, fuse, weigh_regions
from boneage.regression.networks.catalogue import NetworkSettings, build_network, network_from_json, network_to_json
from boneage.regression.networks.multiregion import MultiRegionSettings
from boneage.regression.recipes import Recipe
from boneage.regression.regions import RegionStack
from boneage.regression.training import TrainingData, train_network

_SEX = {"F": -1.0, "M": 1.0, None: 0.0}
_BATCH = 32


@dataclass(frozen=True)
class RegressorSettings:
    """Settings of an :class:`AgeRegressor`.

    Parameters
    ----------
    use_sex : bool
        Whether the sex is an input; a model that uses it refuses a hand without.
    fusion : {"learned", "equal"}
        How the regions' ages become one.
    network : NetworkSettings
        Of any kind that :mod:`boneage.regression.networks.catalogue` knows.
    recipe : Recipe
    """

    use_sex: bool = True
    fusion: FusionRule = "learned"
    network: NetworkSettings = field(default_factory=MultiRegionSettings)
    recipe: Recipe = field(default_factory=Recipe)

    def __post_init__(self) -> None:
        if self.fusion not in ("learned", "equal"):
            raise ValueError(f"fusion must be learned or equal, got {self.fusion!r}")


@dataclass(frozen=True)
class AgeEstimate:
    """The age of one hand, and what it rests on.

    Parameters
    ----------
    months : float
        NaN if there is no estimate; ``reason`` says why.
    region_names : tuple of str
    region_months : tuple of float
        What each region says on its own; NaN for a missing one.
    region_weights : tuple of float
        Its weight in ``months``; they sum to 1, and a missing region's is 0.
    reason : str
    """

    months: float
    region_names: tuple[str, ...]
    region_months: tuple[float, ...]
    region_weights: tuple[float, ...]
    reason: str = ""


class AgeRegressor:
    """A weighted CNN: every region says an age and how far to trust it, their weighted mean is the answer.

    Parameters
    ----------
    settings : RegressorSettings, optional
    random_state : int
        Seed of every random choice.

    Attributes
    ----------
    region_names_ : tuple of str
    network_ : torch.nn.Module
    centre_, spread_ : float
        Mean and standard deviation of the training ages, in months.
    """

    def __init__(self, *, settings: RegressorSettings | None = None, random_state: int = 0) -> None:
        self.settings = settings
        self.random_state = random_state

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

    def fit(
        self,
        stacks: Sequence[RegionStack],
        ages_months: Sequence[float],
        sexes: Sequence[Sex | None],
        *,
        progress: Callable[[str, float], None] | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Learn from hands of known age.

        Parameters
        ----------
        stacks : sequence of RegionStack
            With the same regions each; at least one of them present.
        ages_months : sequence of float
        sexes : sequence of {"F", "M", None}
        progress : callable, optional
        checkpoints : Path, optional
            Folder for the state of the training, which resumes from there if it was interrupted. The file in it
            is named after the data and settings, so another training does not take it up.

        Raises
        ------
        ValueError
            If there are fewer than two hands, regions differ, an age is not a number, or a needed sex is missing.
        """
        settings = self.settings or RegressorSettings()
        _check_training(stacks, ages_months, sexes, settings)
        ages = np.asarray(ages_months, dtype=np.float64)
        self._settings = settings
        self.region_names_ = stacks[0].names
        self.side_ = stacks[0].pixels.shape[1]
        self.centre_, self.spread_ = float(ages.mean()), max(float(ages.std()), 1.0)
        data = TrainingData(
            *_to_tensors(stacks, sexes),
            torch.tensor((ages - self.centre_) / self.spread_, dtype=torch.float32),
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            self.network_ = build_network(settings.network, len(self.region_names_), settings.use_sex)
        checkpoint = None
        if checkpoints:
            checkpoint = checkpoints / f"{_fingerprint(data, settings, self.random_state)}.ckpt"
        train_network(
            self.network_, data, settings.recipe, settings.fusion, seed=self.random_state, checkpoint=checkpoint,
            progress=progress,
        )  # fmt: skip
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
        for stack in stacks:
            if stack.names != self.region_names_ or stack.pixels.shape[1] != self.side_:
                raise ValueError(
                    f"the regions must be those the model was trained on: {len(self.region_names_)} of side "
                    f"{self.side_}, got {len(stack.names)} of side {stack.pixels.shape[1]}"
                )
        reasons = [self._reason_against(stack, sex) for stack, sex in zip(stacks, sexes, strict=True)]
        able = [k for k, reason in enumerate(reasons) if not reason]
        estimates = [self._no_estimate(reason) for reason in reasons]
        for start in range(0, len(able), _BATCH):
            batch = able[start : start + _BATCH]
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
        if not (self.region_names_ and math.isfinite(self.centre_) and 0 < self.spread_ < math.inf and self.side_ > 0):
            raise ValueError("the age model's regions or its ages' mean and spread are malformed")
        self.network_ = build_network(settings.network, len(self.region_names_), settings.use_sex)
        try:
            self.network_.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in arrays.items()})
        except RuntimeError as error:
            raise ValueError(f"the network's arrays do not fit its settings: {error}") from error
        if not all(torch.isfinite(tensor).all() for tensor in self.network_.state_dict().values()):
            raise ValueError("the network's arrays must be finite")
        self.network_.eval()
        return self

    def _read(self, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        pixels, present, sex = _to_tensors(stacks, sexes)
        with torch.inference_mode():
            ages, logits = self.network_(pixels, present, sex)
            weights = weigh_regions(logits, present, self._settings.fusion)
            fused = fuse(ages, weights)
        months = (ages.double() * self.spread_ + self.centre_).masked_fill(~present, math.nan).tolist()
        answers = (fused.double() * self.spread_ + self.centre_).tolist()
        return [
            AgeEstimate(max(answer, 0.0), self.region_names_, tuple(own), tuple(weight))
            for answer, own, weight in zip(answers, months, weights.double().tolist(), strict=True)
        ]

    def _reason_against(self, stack: RegionStack, sex: Sex | None) -> str:
        if not stack.present.any():
            return "no region could be cropped"
        return "the sex is not known, and the model needs it" if self._settings.use_sex and sex is None else ""

    def _no_estimate(self, reason: str) -> AgeEstimate:
        n = len(self.region_names_)
        return AgeEstimate(math.nan, self.region_names_, (math.nan,) * n, (0.0,) * n, reason)


def _check_training(
    stacks: Sequence[RegionStack], ages: Sequence[float], sexes: Sequence[Sex | None], settings: RegressorSettings
) -> None:
    if not len(stacks) == len(ages) == len(sexes) or len(stacks) < 2:
        raise ValueError(
            f"need at least 2 hands with an age and a sex each, got {len(stacks)}, {len(ages)}, {len(sexes)}"
        )
    for k, (stack, age, sex) in enumerate(zip(stacks, ages, sexes, strict=True)):
        if stack.names != stacks[0].names or stack.pixels.shape != stacks[0].pixels.shape:
            raise ValueError(f"hand number {k}: its regions are not those of the first hand")
        if not stack.present.any():
            raise ValueError(f"hand number {k}: no region is present")
        if not (math.isfinite(age) and age >= 0):
            raise ValueError(f"hand number {k}: the age must be a number of months, got {age}")
        if settings.use_sex and sex is None:
            raise ValueError(f"hand number {k}: the sex is not known, and the model needs it")


def _to_tensors(
    stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    first = stacks[0]
    pixels = np.empty((len(stacks), *first.pixels.shape), np.float32)  # filled one by one: thousands of hands are large
    present = np.empty((len(stacks), *first.present.shape), bool)
    for k, stack in enumerate(stacks):
        pixels[k], present[k] = stack.pixels, stack.present
    sex = torch.tensor([_SEX[sex] for sex in sexes], dtype=torch.float32)
    return torch.from_numpy(pixels), torch.from_numpy(present), sex


def _fingerprint(data: TrainingData, settings: RegressorSettings, seed: int) -> str:
    digest = hashlib.sha256(json.dumps([_settings_to_json(settings), seed]).encode())
    for tensor in (data.pixels, data.present, data.sex, data.age):
        digest.update(tensor.numpy().data)
    return digest.hexdigest()[:16]


def _settings_to_json(settings: RegressorSettings) -> dict[str, Any]:
    return {**dataclasses.asdict(settings), "network": network_to_json(settings.network)}


def _read_settings(config: Mapping[str, Any]) -> RegressorSettings:
    network = network_from_json(config["network"])
    augmentation = AugmentationSettings(**config["recipe"]["augmentation"])
    recipe = Recipe(**{**config["recipe"], "augmentation": augmentation})
    return RegressorSettings(**{**config, "network": network, "recipe": recipe})
