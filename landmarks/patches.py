"""Patches around a landmark: how training crops them at random, and the positions in them that vote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, warp
from boneage.landmarks.settings import StageSettings
from boneage.landmarks.views import draw_jitter

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PatchPlan:
    """Where a landmark's training patches are cropped, and the training positions in them.

    Parameters
    ----------
    images : ndarray of int, shape (n_patches,)
        The image of each patch, in order.
    linears : list of ndarray of shape (ndim, ndim)
        Rotation and scale of each.
    middles : list of ndarray of shape (ndim,)
        Where in it the landmark lies: anywhere in the middle pixel, as when it is located.
    offsets : ndarray of shape (n_patches * n_positions, ndim)
        Of the training positions from the landmark, in the stage's pixels.
    """

    images: NDArray[np.int64]
    linears: list[Array]
    middles: list[Array]
    offsets: Array


def draw_patch_plan(stage: StageSettings, images: NDArray[np.int64], ndim: int, seed: int) -> PatchPlan:
    """Draw how a landmark's patches are cropped from ``images``, and the training positions in them."""
    rng = np.random.default_rng(seed)
    chosen, half = np.repeat(images, stage.n_copies), half_side(stage)
    linears, middles = [], []
    for _ in chosen:
        linears.append(draw_jitter(rng, ndim, stage.max_rotation_rad, stage.max_log_scale).linear(ndim))
        middles.append(half + np.asarray(rng.uniform(-0.5, 0.5, ndim)))
    offsets = _draw_in_ball(rng, len(chosen) * stage.n_positions, ndim) * stage.radius * stage.resolution
    return PatchPlan(chosen, linears, middles, offsets)


def crop_patches(
    levels: NDArray[np.float32], place: Array, turn: Array, plan: PatchPlan, image: int, half: int
) -> list[tuple[NDArray[np.int16], Array]]:
    """Return a landmark's patches of an image, rounded to whole grey levels, and where in each it lies."""
    patches = []
    for n in np.flatnonzero(plan.images == image).tolist():
        frame = patch_frame(place, plan.linears[n] @ turn, plan.middles[n])
        patch = warp(levels, frame, (2 * half + 1,) * levels.ndim)
        patches.append((np.rint(patch).astype(np.int16), frame.apply(place[None])[0]))
    return patches


def half_side(stage: StageSettings) -> int:
    """Return how far a patch reaches from its middle: as far as the features of the positions that vote in it."""
    return int(np.ceil(stage.radius * stage.resolution)) + stage.feature_reach + 2


def patch_frame(centre: Array, turn: Array, middle: Array | int) -> Frame:
    """Return the map from a view's pixels to a patch's, which takes ``centre`` to ``middle``."""
    return Frame.from_linear(turn, middle - turn @ centre)


def _draw_in_ball(rng: np.random.Generator, n: int, ndim: int) -> Array:
    """Draw offsets, uniform in a ball of radius 1."""
    direction = rng.normal(size=(n, ndim))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return np.asarray(direction * rng.uniform(size=(n, 1)) ** (1.0 / ndim))


def ball_grid(radius: float, step: int, ndim: int) -> NDArray[np.int64]:
    """Return every ``step``-th whole offset along each axis that is no longer than ``radius``, shape (n, ndim)."""
    reach = int(radius // step) * step
    axis = np.arange(-reach, reach + 1, step)
    offsets = np.stack([a.ravel() for a in np.meshgrid(*[axis] * ndim, indexing="ij")], axis=1)
    return np.asarray(offsets[(offsets**2).sum(axis=1) <= radius**2], dtype=np.int64)
