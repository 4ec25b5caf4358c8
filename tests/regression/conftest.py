"""Small made-up regions whose age can be read from them."""

import numpy as np
import pytest
import torch

from boneage.imaging import Frame
from boneage.regression import AugmentationSettings, MultiRegionSettings, Recipe, RegionStack, RegressorSettings
from boneage.regression.networks.backbone import BACKBONES

REGIONS = ("radius", "pip_3", "carpus")


def make_stack(rng, age, sex="F", present=(True, True, True)):
    """Regions of 16 pixels in which a bright disc grows with age, a little larger in girls."""
    rows, cols = np.mgrid[:16, :16] - 7.5
    size = 1.5 + 5 * age / 220 + (0.7 if sex == "F" else 0)
    disc = (np.hypot(rows, cols) < size).astype(float)
    pixels = np.stack([np.clip(disc * 0.7 + rng.normal(0.15, 0.05, (16, 16)), 0, 1) * p for p in present])
    frames = tuple(Frame.identity(2) if p else None for p in present)
    return RegionStack(REGIONS, pixels.astype(np.float32), np.array(present), frames)


def write_backbone(folder, name, layer):
    """Write the weights of a backbone up to a layer, random; return the file."""
    torch.manual_seed(0)
    path = folder / f"{name}.pth"
    torch.save(BACKBONES[name](layer).state_dict(), path)
    return path


def make_cubes(rng, age, present=(True, True)):
    """Cubes of 12 voxels in which a bright ball grows with age."""
    distance = np.linalg.norm(np.moveaxis(np.indices((12,) * 3), 0, -1) - 5.5, axis=-1)
    ball = (distance < 1.5 + 4 * age / 220).astype(float)
    pixels = np.stack([np.clip(ball * 0.7 + rng.normal(0.15, 0.05, (12,) * 3), 0, 1) * p for p in present])
    frames = tuple(Frame.identity(3) if p else None for p in present)
    return RegionStack(("radius", "mc_3"), pixels.astype(np.float32), np.array(present), frames)


@pytest.fixture(scope="session")
def hands():
    """Forty-eight hands: stacks, ages and sexes."""
    rng = np.random.default_rng(0)
    ages = rng.uniform(24, 200, 48).tolist()
    sexes = ["F" if k % 2 else "M" for k in range(48)]
    return [make_stack(rng, a, s) for a, s in zip(ages, sexes, strict=True)], ages, sexes


@pytest.fixture(scope="session")
def quick_settings():
    """A network and a recipe that learn the discs in two seconds."""
    return RegressorSettings(
        network=MultiRegionSettings(channels=(8, 16), hidden=16, dropout=0.1),
        recipe=Recipe(epochs=25, batch_size=8, learning_rate=0.02, augmentation=AugmentationSettings(max_log_scale=0)),
    )
