"""The segmenter as an estimator: pictures of upright hands in, probabilities of bones and joints out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT, from_plain_data
from boneage.imaging.progress import Progress
from boneage.regression.augmentation import draw_augmentation
from boneage.regression.recipes import Recipe, segmentation_recipe
from boneage.regression.segmentation.anatomy import Kind
from boneage.regression.segmentation.losses import segmentation_loss, soft_dice
from boneage.regression.segmentation.unet import UNet, UNetSettings
from boneage.regression.tensors import load_arrays, resize_pictures, to_grey
from boneage.regression.training_loop import TrainingLoop, run_training
from boneage.regression.validation import EpochResult, history_from_json

KINDS: tuple[Kind, ...] = ("bones", "joints")
"""What is outlined: ossification centres (epiphyses, metacarpal heads, carpal bones), and joints."""

_BATCH = 16


@dataclass(frozen=True, eq=False)
class MaskedHands:
    """Hands with their masks, laid upright, a byte a pixel.

    Parameters
    ----------
    ids : tuple of str
    pixels : ndarray of uint8, shape (n_hands, side, side)
    masks : ndarray of uint8, shape (n_hands, n_kinds, side, side)
        Of ``KINDS``; 255 inside, and between at the edges.
    """

    ids: tuple[str, ...]
    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint8]

    def __post_init__(self) -> None:
        n, *sides = self.pixels.shape
        if n != len(self.ids) or self.masks.shape != (n, len(KINDS), *sides):
            raise InvalidInput(f"{len(self.ids)} hands of {sides} need as many masks, got {self.masks.shape}")

    def __len__(self) -> int:
        return len(self.ids)

    def among(self, ids: Container[str]) -> Self:
        """Return the hands of some ids."""
        places = [place for place, id_ in enumerate(self.ids) if id_ in ids]
        return type(self)(tuple(self.ids[place] for place in places), self.pixels[places], self.masks[places])

    def to_tensors(self) -> tuple[Tensor, Tensor]:
        """Return the pictures, shape (n_hands, 1, side, side), and the masks."""
        return torch.from_numpy(self.pixels[:, None]), torch.from_numpy(self.masks)


@dataclass(frozen=True)
class SegmenterSettings:
    """What a segmenter is, and how it is trained; of the recipe's, the settings of the loss have no use."""

    __pydantic_config__ = STRICT

    network: UNetSettings = field(default_factory=UNetSettings)
    recipe: Recipe = field(default_factory=segmentation_recipe)


class HandSegmenter:
    """Outlines what the masks that it has learnt from outline.

    Parameters
    ----------
    settings : SegmenterSettings, optional
    random_state : int

    Attributes
    ----------
    side_ : int
        Of the pictures, in pixels.
    network_ : UNet
    history_ : list of EpochResult
        The error is one minus the Dice coefficient, mean over hands and kinds.
    """

    def __init__(self, *, settings: SegmenterSettings | None = None, random_state: int = 0) -> None:
        self.settings = settings
        self.random_state = random_state

    def fit(
        self,
        hands: MaskedHands,
        *,
        validation: MaskedHands | None = None,
        progress: Progress | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Learn from hands with masks.

        Parameters
        ----------
        hands : MaskedHands
        validation : MaskedHands, optional
            Other hands, whose error is measured after each epoch; it changes nothing.
        progress : callable, optional
        checkpoints : Path, optional
            Folder for the state of the training, which resumes from there if it was interrupted; see
            :func:`~boneage.regression.training_loop.run_training`.

        Raises
        ------
        InvalidInput
            If there are fewer than two hands, or a side of pictures is no multiple of the network's step.
        TrainingDiverged
            If the loss is no longer finite; it names the hands.
        """
        settings = self.settings or SegmenterSettings()
        if len(hands) < 2:
            raise InvalidInput(f"a segmenter learns from at least two hands, got {len(hands)}")
        self._settings = settings
        self.side_ = hands.pixels.shape[-1]
        for side in (self.side_, *settings.recipe.sides):
            if side % settings.network.step:
                raise InvalidInput(f"the side of pictures must be a multiple of {settings.network.step}, got {side}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            self.network_ = UNet(settings.network, len(KINDS))
        checkpoint = checkpoints / f"{self._fingerprint(hands)}.ckpt" if checkpoints else None
        loop = SegmentationLoop(self.network_, settings.recipe, hands.ids, self.random_state, validation)
        self.history_ = run_training(
            loop, hands.to_tensors(), stage="segmenter", checkpoint=checkpoint, progress=progress
        )
        return self

    def predict(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities of each kind, shape (n, n_kinds, side, side).

        Parameters
        ----------
        pictures : ndarray of shape (n, side, side)
            Grey values from 0 to 1 of hands that lie as those it has learnt from.

        Raises
        ------
        NotFittedError
        InvalidInput
            If the pictures are of another size.
        """
        if not hasattr(self, "network_"):
            raise NotFittedError("this HandSegmenter is not fitted yet")
        if pictures.ndim != 3 or pictures.shape[1:] != (self.side_, self.side_):
            raise InvalidInput(f"pictures must have shape (n, {self.side_}, {self.side_}), got {pictures.shape}")
        with torch.inference_mode():
            logits = [
                self.network_(torch.from_numpy(pictures[start : start + _BATCH, None]))
                for start in range(0, len(pictures), _BATCH)
            ]
            return np.asarray(torch.cat(logits).sigmoid().numpy(), dtype=np.float32)

    def to_state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the fitted segmenter as JSON data and arrays."""
        config = {
            "settings": dataclasses.asdict(self._settings),
            "kinds": list(KINDS),
            "side": self.side_,
            "history": [list(result) for result in self.history_],
        }
        return config, {name: tensor.numpy() for name, tensor in self.network_.state_dict().items()}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild a segmenter.

        Raises
        ------
        ValueError, KeyError, TypeError
            If settings or arrays are missing, malformed or do not fit together, or it outlines other kinds.
        """
        settings = from_plain_data(SegmenterSettings, config["settings"])
        if tuple(config["kinds"]) != KINDS:
            raise InvalidInput(f"it outlines {', '.join(config['kinds'])}, not {' and '.join(KINDS)}")
        self = cls(settings=settings)
        self._settings = settings
        self.side_ = int(config["side"])
        self.history_ = history_from_json(config["history"], self.side_)
        self.network_ = UNet(settings.network, len(KINDS))
        load_arrays(self.network_, arrays)
        return self

    def _fingerprint(self, hands: MaskedHands) -> str:
        digest = hashlib.sha256(json.dumps([dataclasses.asdict(self._settings), self.random_state]).encode())
        for array in (hands.pixels, hands.masks):
            digest.update(array.tobytes())
        return digest.hexdigest()[:16]


class SegmentationLoop(TrainingLoop):
    """The training of any network that gives logits of the kinds for pictures, each of their size."""

    def __init__(
        self, network: nn.Module, recipe: Recipe, names: tuple[str, ...], seed: int, validation: MaskedHands | None
    ) -> None:
        super().__init__(network, recipe, names, seed)
        self.validation = validation

    def compute_loss(self, batch: tuple[Tensor, ...], rng: np.random.Generator) -> tuple[Tensor, int]:
        """Return the loss of a batch of pictures and masks, and the side of its pictures."""
        side = self.recipe.side_of_epoch(self.current_epoch)
        pictures, masks = (resize_pictures(to_grey(part), side) for part in batch)
        if self.recipe.augmentation:
            present = np.ones((len(pictures), 1), dtype=bool)
            drawn = draw_augmentation(rng, self.recipe.augmentation, present)
            pictures, _ = drawn.apply(pictures, torch.ones(len(pictures), 1, dtype=torch.bool))
            masks = drawn.apply_to_masks(masks)
        return segmentation_loss(self.network(pictures).float(), masks), pictures.shape[-1]

    def validate_epoch(self) -> float | None:
        """Return one minus the Dice coefficient on hands that are not trained on; None without any."""
        if self.validation is None or not len(self.validation):
            return None
        network, total, kinds = self.network, 0.0, len(KINDS)
        side, device = self.recipe.side_of_epoch(self.current_epoch), next(self.network.parameters()).device
        network.eval()
        with self.averaged(), torch.inference_mode():
            for start in range(0, len(self.validation), _BATCH):
                rows = (part[start : start + _BATCH] for part in self.validation.to_tensors())
                pictures, masks = (resize_pictures(to_grey(part), side).to(device) for part in rows)
                found = (network(pictures) > 0).float()
                total += float((1 - soft_dice(found, (masks > 0.5).float())).sum())
        network.train()
        return total / (kinds * len(self.validation))


def describe_history(history: Sequence[EpochResult]) -> str:
    """Return the last of a training's results as text; empty without any hands to validate by."""
    if not history or history[-1].validation_error is None:
        return ""
    return f"Dice {1 - history[-1].validation_error:.3f} on the hands kept apart"
