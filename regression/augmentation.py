"""Random changes of regions that leave the age as it is: drawn first, then applied."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.nn import functional

from boneage.imaging import Frame
from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT
from boneage.imaging.trilinear import warp_volume

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AugmentationSettings:
    """Limits of the random changes.

    Parameters
    ----------
    max_rotation_rad, max_log_scale : float
        Uniform within these limits, for each region on its own: the landmarks that it is cropped by are not exact.
        Cubes are rotated about each of their three axes.
    max_shift : float
        Of the region's side.
    max_log_gamma : float
        Exponent on grey values, one for each hand.
    drop_region : float
        Probability that a present region is removed, so that the model learns to predict without it. One stays.
    flip : bool
        Whether half of the hands are mirrored, each of their regions in its own frame, by reversing the columns: for
        whole images of left and right hands. Cropped regions are all of one side already.
    sharp : float
        Probability that a hand is resampled by nearest neighbour, which keeps the aliasing of pictures that were
        downsampled without averaging; otherwise it is interpolated. Cubes always are.
    max_blur : float
        Largest weight of a 3x3 mean that is blended in, drawn for each hand: between a sharp picture and one that was
        downsampled by averaging, or enlarged.
    max_window : float
        The grey values that become black and white are moved by up to this, each on its own, for each hand.
    max_noise : float
        Largest standard deviation of the white noise that is added, drawn for each hand.
    """

    __pydantic_config__ = STRICT

    max_rotation_rad: float = math.radians(10)
    max_log_scale: float = 0.1
    max_shift: float = 0.06
    max_log_gamma: float = 0.35
    drop_region: float = 0.15
    flip: bool = False
    sharp: float = 0.0
    max_blur: float = 0.0
    max_window: float = 0.0
    max_noise: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < 10:
                raise InvalidInput(f"{name} must be small and not negative, got {value}")
        if self.sharp > 1 or self.max_blur > 1:
            raise InvalidInput(f"sharp and max_blur must be at most 1, got {self.sharp}, {self.max_blur}")
        if self.max_window >= 0.5:
            raise InvalidInput(f"max_window must be below 0.5, got {self.max_window}")
        if self.drop_region >= 1:
            raise InvalidInput(f"drop_region must be below 1, got {self.drop_region}")


@dataclass(frozen=True, eq=False)
class Augmentation:
    """One draw for a batch.

    Parameters
    ----------
    warps : ndarray of shape (n_hands, n_regions, ndim, ndim + 1)
        Affine maps in the coordinates of ``torch.nn.functional.affine_grid``.
    gammas : ndarray of shape (n_hands,)
    dropped : ndarray of bool, shape (n_hands, n_regions)
    nearest : ndarray of bool, shape (n_hands,)
        Hands that are resampled by nearest neighbour.
    blurs : ndarray of shape (n_hands,)
        Weights of the 3x3 mean.
    windows : ndarray of shape (n_hands, 2)
        Grey values that become black and white.
    noises : ndarray of shape (n_hands,)
        Standard deviations.
    noise_seed : int
    """

    warps: NDArray[np.float32]
    gammas: NDArray[np.float32]
    dropped: NDArray[np.bool_]
    nearest: NDArray[np.bool_]
    blurs: NDArray[np.float32]
    windows: NDArray[np.float32]
    noises: NDArray[np.float32]
    noise_seed: int

    def apply(self, pixels: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return changed regions, of the same shape and on the same device, and which are present."""
        regions, sides = pixels.shape[1], pixels.shape[2:]
        device = pixels.device
        warped = self._warp(pixels, self.nearest)
        if self.blurs.any():
            pool = functional.avg_pool2d if len(sides) == 2 else functional.avg_pool3d
            mean = pool(functional.pad(warped, (1, 1) * len(sides), mode="replicate"), 3, stride=1)
            parts = torch.from_numpy(self.blurs.repeat(regions)).to(device)
            warped = torch.lerp(warped, mean, parts.reshape(-1, *[1] * (warped.ndim - 1)))
        grey = self._change_grey(warped.reshape(pixels.shape))
        return grey, present & ~torch.from_numpy(self.dropped).to(device)

    def apply_to_masks(self, masks: Tensor) -> Tensor:
        """Return masks moved as the regions are, interpolated; of shape (n_hands, n_masks, side, side).

        The hands have one region, which all their masks go with.
        """
        n_masks, warps = masks.shape[1], self.warps.repeat(masks.shape[1], axis=1)
        moved = dataclasses.replace(self, warps=warps)._warp(masks, np.zeros(len(masks), dtype=bool))
        return moved.reshape(len(masks), n_masks, *masks.shape[2:])

    def _warp(self, pixels: Tensor, nearest: NDArray[np.bool_]) -> Tensor:
        """Return all pictures, or cubes, moved; of shape (n_hands * n_regions, 1, side, side[, side])."""
        regions, sides = pixels.shape[1], pixels.shape[2:]
        pictures, warps = pixels.reshape(-1, 1, *sides), self.warps.reshape(-1, *self.warps.shape[2:])
        return (
            _warp_pictures(pictures, warps, nearest.repeat(regions))
            if len(sides) == 2
            else _warp_cubes(pictures, warps)
        )

    def _change_grey(self, grey: Tensor) -> Tensor:
        """Return the window, the exponent and the noise of each hand applied to all its regions."""

        def of_hands(values: NDArray[np.float32]) -> Tensor:
            return torch.from_numpy(values).to(grey.device).reshape(-1, *[1] * (grey.ndim - 1))

        black, white = of_hands(self.windows[:, 0]), of_hands(self.windows[:, 1])
        changed = ((grey - black) / (white - black)).clamp(0, 1) ** of_hands(self.gammas)
        if self.noises.any():
            generator = torch.Generator(grey.device).manual_seed(self.noise_seed)
            noise = torch.randn(grey.shape, generator=generator, device=grey.device)
            changed = (changed + of_hands(self.noises) * noise).clamp(0, 1)
        return changed


def draw_augmentation(
    rng: np.random.Generator, settings: AugmentationSettings, present: NDArray[np.bool_], ndim: int = 2
) -> Augmentation:
    """Draw changes for a batch of pictures or cubes.

    Parameters
    ----------
    rng : numpy.random.Generator
    settings : AugmentationSettings
    present : ndarray of bool, shape (n_hands, n_regions)
    ndim : {2, 3}
    """
    shape = present.shape
    angles = rng.uniform(-1, 1, shape if ndim == 2 else (*shape, 3)) * settings.max_rotation_rad
    scale = np.exp(rng.uniform(-1, 1, shape) * settings.max_log_scale)
    shift = rng.uniform(-1, 1, (*shape, ndim)) * settings.max_shift * 2  # the grid runs from -1 to 1
    linear = scale[..., None, None] * (_rotations_2d(angles) if ndim == 2 else _rotations_3d(angles))
    warps = np.concatenate([linear, shift[..., None]], axis=-1)
    gammas = np.exp(rng.uniform(-1, 1, shape[0]) * settings.max_log_gamma)
    draws = rng.uniform(size=shape)
    draws[np.arange(shape[0]), np.argmax(np.where(present, draws, -1), axis=1)] = 1.0  # one stays
    if settings.flip:
        warps[..., 0] *= np.where(rng.uniform(size=shape[0]) < 0.5, -1, 1)[:, None, None]  # of the output's columns
    nearest = rng.uniform(size=shape[0]) < settings.sharp
    blurs = np.asarray(rng.uniform(size=shape[0]) * settings.max_blur)
    windows = np.array([0.0, 1.0]) + rng.uniform(-1, 1, (shape[0], 2)) * settings.max_window
    noises = np.asarray(rng.uniform(size=shape[0]) * settings.max_noise)
    return Augmentation(
        warps.astype(np.float32),
        gammas.astype(np.float32),
        np.asarray(draws < settings.drop_region),
        np.asarray(nearest),
        blurs.astype(np.float32),
        windows.astype(np.float32),
        noises.astype(np.float32),
        int(rng.integers(2**62)),
    )


def _warp_pictures(pictures: Tensor, warps: NDArray[np.float32], nearest: NDArray[np.bool_]) -> Tensor:
    to_nearest = torch.from_numpy(nearest).to(pictures.device)
    grid = functional.affine_grid(
        torch.from_numpy(warps).to(pictures.device), list(pictures.shape), align_corners=False
    )
    warped = torch.empty_like(pictures)
    for mode, chosen in (("nearest", to_nearest), ("bilinear", ~to_nearest)):
        warped[chosen] = functional.grid_sample(
            pictures[chosen], grid[chosen], mode, padding_mode="border", align_corners=False
        )
    return warped


def _warp_cubes(cubes: Tensor, warps: NDArray[np.float32]) -> Tensor:
    """Warp cubes on a processor, four times as fast as torch does."""
    grey = cubes.cpu().numpy()[:, 0]
    warped = np.empty_like(grey)
    side = grey.shape[1]
    middle = np.full(3, (side - 1) / 2)
    for k, warp in enumerate(warps.astype(np.float64)[:, ::-1]):
        linear, shift = warp[:, 2::-1], warp[:, 3]
        to_source = Frame.from_linear(linear, middle + shift * side / 2 - linear @ middle)
        warped[k] = warp_volume(grey[k], to_source, (side, side, side), None)
    return torch.from_numpy(warped[:, None]).to(cubes.device)


def _rotations_2d(angles: Array) -> Array:
    c, s = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)


def _rotations_3d(angles: Array) -> Array:
    turns = Rotation.from_euler("xyz", angles.reshape(-1, 3)).as_matrix()
    return np.asarray(turns.reshape(*angles.shape, 3))
