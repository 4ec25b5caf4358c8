"""What training and locating cost against the number of images, of landmarks, and the size of an image: on phantoms."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from boneage.evaluation.benchmarks.speed.tasks import make_engine, run_apart, time_locating, time_training
from boneage.imaging import Frame, Points, Scan
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.imaging.progress import Progress

_DRAWN = (450, 350)  # phantoms are drawn at this size and then resized: only their size matters here
_N_TEST = 5


@dataclass(frozen=True)
class Size:
    """How much there is to learn from; ``height`` is the images' number of rows."""

    images: int = 40
    landmarks: int = 37
    height: int = 600

    @property
    def megapixels(self) -> float:
        """Of one image."""
        return self.height * round(self.height * _DRAWN[1] / _DRAWN[0]) / 1e6


@dataclass(frozen=True)
class Cost:
    """What was measured at one size; memory is the training process's peak, and what it held before."""

    size: Size
    training_s: float
    training_cpu_s: float
    locating_ms: float
    peak_mb: float
    before_mb: float


SWEEPS: dict[str, tuple[int, ...]] = {
    "images": (10, 30, 100, 250, 500),
    "landmarks": (5, 10, 20, 50, 100),
    "height": (300, 600, 1200, 2400),
}
"""What is varied, one at a time, and through which values; the others are as in ``Size()``."""


def run_scaling(
    preset: str, sweeps: dict[str, tuple[int, ...]], *, seed: int, jobs: int, report: Progress | None = None
) -> dict[str, list[Cost]]:
    """Measure the costs along each sweep, every size in a fresh process.

    Parameters
    ----------
    preset : str
    sweeps : dict
        Values of a field of :class:`Size`, by its name.
    seed, jobs : int
    report : callable, optional
    """
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="boneage-scaling-") as cache:
        for field, values in sweeps.items():
            costs[field] = []
            for k, value in enumerate(values, start=1):
                size = dataclasses.replace(Size(), **{field: value})
                costs[field].append(run_apart(Path(cache), jobs, measure_at, preset, size, seed, jobs))
                if report:
                    report(f"{preset}: {field}", k / len(values))
    return costs


def measure_at(preset: str, size: Size, seed: int, jobs: int) -> Cost:
    """Train on phantoms of a size and locate in others; for a fresh process."""
    scans, points = draw_hands(size, size.images, seed)
    engine = make_engine(preset, seed, jobs)
    training = time_training(engine, scans, points, jobs)
    others, _ = draw_hands(size, _N_TEST, seed + 1)
    locating = time_locating(engine, {str(k): scan for k, scan in enumerate(others)}, passes=2)
    return Cost(size, training.seconds, training.cpu_s, median(locating.hands_ms), training.peak_mb, training.before_mb)


def draw_hands(size: Size, count: int, seed: int) -> tuple[list[Scan], list[Points]]:
    """Draw phantom hands of a size, with its number of landmarks."""
    scans, points = [], []
    shape = (size.height, round(size.height * _DRAWN[1] / _DRAWN[0]))
    to_shape = Frame.resize(_DRAWN, shape)
    for seeds in np.random.SeedSequence(seed).spawn(count):
        rng = np.random.default_rng(seeds)
        hand = draw_phantom_hand(rng, sex="F", age_months=float(rng.uniform(60, 200)), shape=_DRAWN)
        pixels = cv2.resize(hand.scan.pixels, shape[::-1], interpolation=cv2.INTER_CUBIC)
        scans.append(Scan(pixels, source="phantom", phantom=True))
        points.append(choose_landmarks(hand.points, size.landmarks).mapped(to_shape))
    return scans, points


def choose_landmarks(points: Points, count: int) -> Points:
    """Return ``count`` landmarks, the same ones for every image: a selection of them, or further ones between pairs."""
    n = len(points)
    if count <= n:
        return points.select([points.names[k] for k in np.linspace(0, n - 1, count).round().astype(int)])
    rng = np.random.default_rng(0)
    pairs = rng.integers(n, size=(count - n, 2))
    parts = rng.uniform(size=(count - n, 1))
    between = parts * points.positions[pairs[:, 0]] + (1 - parts) * points.positions[pairs[:, 1]]
    names = (*points.names, *(f"between{k}" for k in range(count - n)))
    return Points(names, np.concatenate([points.positions, between]))


def fit_exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the slope of a line through logarithms: 1 is a cost proportional to the size.

    Examples
    --------
    >>> round(fit_exponent([1, 10, 100], [3, 30, 300]), 3)
    1.0
    """
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-9)), 1)[0])


def fit_line(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Return intercept and slope of the least-squares line."""
    slope, intercept = np.polyfit(sizes, values, 1)
    return float(intercept), float(slope)
