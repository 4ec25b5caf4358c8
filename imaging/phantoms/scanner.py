"""From the signal of tissues to an MR volume: grain, an uneven coil, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Volume = NDArray[np.float32]


def receive(rng: np.random.Generator, signal: Volume, spacing_mm: tuple[float, ...]) -> Volume:
    """Return the received volume: with a grain of tissue, an uneven gain, and Rician noise."""
    k, i, j = (np.linspace(-1, 1, n, dtype=np.float32) for n in signal.shape)
    tilt, bow = rng.normal(0, 0.12, 3).astype(np.float32), rng.uniform(0.0, 0.15, 3).astype(np.float32)
    falloff = (1 - 0.35 * np.clip((np.abs(i - rng.uniform(-0.1, 0.1)) - 0.6) / 0.4, 0, 1) ** 2).astype(np.float32)
    gains = [np.exp(tilt[axis] * x - bow[axis] * x * x) for axis, x in enumerate((k, i, j))]
    gains[1] = gains[1] * falloff
    gain = np.float32(rng.uniform(0.8, 1.25))
    grain = _draw_grain(rng, signal.shape, spacing_mm)
    received = signal * (1 + np.float32(0.055) * grain)
    received *= (gains[0][:, None, None] * gain) * (gains[1][:, None] * gains[2])
    sigma = np.float32(rng.uniform(12.0, 30.0) * gain)
    received += sigma * rng.standard_normal(signal.shape, np.float32)
    other = sigma * rng.standard_normal(signal.shape, np.float32)
    return np.asarray(np.rint(np.sqrt(received * received + other * other)), np.float32)


def _draw_grain(rng: np.random.Generator, shape: tuple[int, ...], spacing_mm: tuple[float, ...]) -> Volume:
    """Draw the texture of fat lobes, muscle bundles and spongy bone: grains of about a millimetre, of variance 1."""
    period = (24, 64, 64)
    tile = gaussian_filter(rng.standard_normal(period, np.float32), [0.8 / s for s in spacing_mm], mode="wrap")
    tile /= tile.std()
    return np.asarray(np.tile(tile, [-(-n // p) for n, p in zip(shape, period, strict=True)])[tuple(map(slice, shape))])
