"""A peer to measure a localiser against: regression voting in two stages with scikit-learn's extremely random trees.

The idea of the published recipe, made of ready parts and arrays: one forest votes for all landmarks in a small
picture, then one forest each votes near what was found in a larger one. Nothing in it is slower than it has to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesRegressor

from boneage.imaging import Frame, Points, Scan, resample

Array = NDArray[np.float64]

_BOX_SIZES = (1, 3, 5, 9)
_N_FEATURES = 1000
_TRIED = 100
_N_COMPONENTS = 12  # of the displacements to all landmarks; they hold nearly all of the variance


@dataclass(frozen=True)
class _Stage:
    """Lengths are in pixels of a picture of ``height`` rows."""

    height: int
    n_positions: int
    reach: int
    radius: int
    step: int
    vote_length: float
    smoothing: float


_COARSE = _Stage(height=150, n_positions=400, reach=60, radius=0, step=2, vote_length=9.0, smoothing=1.3)
_FINE = _Stage(height=600, n_positions=150, reach=30, radius=36, step=2, vote_length=3.0, smoothing=2.5)


class ExtraTreesPeer:
    """Two-stage regression voting with ``sklearn.ensemble.ExtraTreesRegressor``: 8 trees of depth 14.

    Parameters
    ----------
    n_features : int
        Features of a stage, drawn once: the trees need them as columns.
    n_tried : int
        How many of them a node tries, each at one random threshold. 1000 make as many candidates for a split as
        100 features at 10 thresholds.
    random_state : int
    n_jobs : int
        Threads used for training.
    """

    def __init__(self, *, n_features: int = 1000, n_tried: int = 1000, random_state: int = 0, n_jobs: int = 1) -> None:
        self.n_features = n_features
        self.n_tried = n_tried
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, scans: Sequence[Scan], points: Sequence[Points]) -> Self:
        """Learn from annotated scans; an absent landmark counts as being where it is on average."""
        rng = np.random.default_rng(self.random_state)
        self.names_ = points[0].names
        self._features = [_draw_features(rng, self.n_features, stage.reach) for stage in (_COARSE, _FINE)]
        self._coarse, self._pca = self._fit_coarse(rng, scans, points)
        self._fine = self._fit_fine(rng, scans, points)
        return self

    def locate(self, scan: Scan) -> Points:
        """Find the landmarks of a scan, in original pixels."""
        starts = self._locate_coarsely(scan)
        picture = _FilteredImage.draw(scan, _FINE)
        middles = np.round(picture.to_original.inverse().apply(starts)).astype(np.int64)
        found = np.array([self._refine(picture, k, middle) for k, middle in enumerate(middles)])
        return Points(self.names_, picture.to_original.apply(found))

    def _fit_coarse(
        self, rng: np.random.Generator, scans: Sequence[Scan], points: Sequence[Points]
    ) -> tuple[ExtraTreesRegressor, PCA]:
        truths, pictures = _place(scans, points, _COARSE)
        inputs, targets = [], []
        for picture, truth in zip(pictures, truths, strict=True):
            positions = rng.integers(0, picture.shape, (_COARSE.n_positions, 2))
            inputs.append(picture.compute_features(positions, self._features[0]))
            targets.append((truth - positions[:, None]).reshape(len(positions), -1))
        displacements = np.concatenate(targets)
        pca = PCA(min(_N_COMPONENTS, displacements.shape[1]), random_state=self.random_state).fit(displacements)
        return self._make_forest().fit(np.concatenate(inputs), pca.transform(displacements)), pca

    def _fit_fine(
        self, rng: np.random.Generator, scans: Sequence[Scan], points: Sequence[Points]
    ) -> list[ExtraTreesRegressor]:
        truths, pictures = _place(scans, points, _FINE)
        forests = []
        for k in range(len(self.names_)):
            inputs, targets = [], []
            for picture, truth in zip(pictures, truths, strict=True):
                angle, part = rng.uniform(0, 2 * np.pi, _FINE.n_positions), np.sqrt(rng.uniform(size=_FINE.n_positions))
                away = _FINE.radius * (part * np.stack([np.cos(angle), np.sin(angle)])).T
                positions = picture.clip(np.round(truth[k] + away).astype(np.int64))
                inputs.append(picture.compute_features(positions, self._features[1]))
                targets.append(truth[k] - positions)
            forests.append(self._make_forest().fit(np.concatenate(inputs), np.concatenate(targets)))
        return forests

    def _make_forest(self) -> ExtraTreesRegressor:
        return ExtraTreesRegressor(
            8, max_depth=14, min_samples_leaf=5, max_features=min(self.n_tried, self.n_features),
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )  # fmt: skip

    def _locate_coarsely(self, scan: Scan) -> Array:
        picture = _FilteredImage.draw(scan, _COARSE)
        rows, columns = picture.shape
        grid = _cross(np.arange(0, rows, _COARSE.step), np.arange(0, columns, _COARSE.step))
        features = picture.compute_features(grid, self._features[0])
        votes = np.concatenate([self._displace(tree, features) for tree in self._coarse.estimators_])
        votes = votes.reshape(-1, len(self.names_), 2)
        weights = np.exp(-np.linalg.norm(votes, axis=2) / _COARSE.vote_length)
        places: Array = votes + np.tile(grid, (len(self._coarse.estimators_), 1))[:, None]
        peaks = [_find_peak(places[:, k], weights[:, k], picture.shape, _COARSE) for k in range(len(self.names_))]
        return picture.to_original.apply(np.array(peaks))

    def _displace(self, tree: Any, features: NDArray[np.float32]) -> Array:
        """Return the displacements to all landmarks that a tree of the coarse forest answers."""
        leaves = tree.tree_.apply(features)
        used, where = np.unique(leaves, return_inverse=True)
        return np.asarray(self._pca.inverse_transform(tree.tree_.value[used, :, 0])[where])

    def _refine(self, picture: _FilteredImage, k: int, middle: NDArray[np.int64]) -> Array:
        reach = np.arange(-_FINE.radius, _FINE.radius + 1, _FINE.step)
        ball = _cross(reach, reach)
        positions = picture.clip(middle + ball[(ball**2).sum(axis=1) <= _FINE.radius**2])
        features = picture.compute_features(positions, self._features[1])
        origin = middle - 2 * _FINE.radius
        places, weights = [], []
        for tree in self._fine[k].estimators_:
            leaves = tree.tree_.apply(features)
            places.append(positions - origin + tree.tree_.value[leaves, :, 0])
            weights.append(1 / (1 + 2 * tree.tree_.impurity[leaves] / _FINE.vote_length**2))
        side = 4 * _FINE.radius + 1
        return origin + _find_peak(np.concatenate(places), np.concatenate(weights), (side, side), _FINE)


@dataclass(frozen=True, eq=False)
class _FilteredImage:
    """A scan at a stage's height: box-filtered once for each size, with a border as wide as features reach."""

    boxes: NDArray[np.float32]
    pad: int
    to_original: Frame

    @classmethod
    def draw(cls, scan: Scan, stage: _Stage) -> _FilteredImage:
        pixels, to_original = normalise_scan(scan, stage.height)
        padded = np.pad(pixels, stage.reach, mode="edge")
        boxes = [padded, *(cv2.blur(padded, (size, size)) for size in _BOX_SIZES[1:])]
        return cls(np.stack(boxes), stage.reach, to_original)

    @property
    def shape(self) -> tuple[int, int]:
        return self.boxes.shape[1] - 2 * self.pad, self.boxes.shape[2] - 2 * self.pad

    def clip(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.clip(positions, 0, np.array(self.shape) - 1)

    def compute_features(self, positions: NDArray[np.int64], features: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the differences of two box means at each position, shape (n_positions, n_features)."""
        _, rows, columns = self.boxes.shape
        flat = self.boxes.reshape(-1)
        places = ((positions + self.pad) @ (columns, 1)).astype(np.int32)[:, None]
        first, second = (features @ (rows * columns, columns, 1)).astype(np.int32)
        return np.asarray(flat[places + first] - flat[places + second])


def normalise_scan(scan: Scan, height: int) -> tuple[NDArray[np.float32], Frame]:
    """Return a scan in true proportions at a height, 2nd to 98th percentile 0 to 1, and the map to original pixels."""
    size = tuple(int(n) for n in np.maximum(np.round(scan.true_size * height / scan.true_size[0]), 1))
    to_picture = Frame.resize(scan.pixels.shape, size)
    pixels = resample(scan.pixels, to_picture, size)
    low, high = np.percentile(pixels, (2, 98))
    normal = np.asarray((pixels - low) / max(high - low, 1e-6), dtype=np.float32)
    return normal, scan.frame_to_original().compose(to_picture.inverse())


def fill_absent(shapes: Sequence[Array]) -> Array:
    """Return shapes as one array; what is absent in one is where it is on average in the others."""
    truths = np.array(shapes)
    return np.where(np.isnan(truths), np.nanmean(truths, axis=0), truths)


def _draw_features(rng: np.random.Generator, n: int, reach: int) -> NDArray[np.int64]:
    """Draw pairs of (box, row offset, column offset), shape (2, n_features, 3)."""
    boxes = rng.integers(0, len(_BOX_SIZES), (2, n, 1))
    return np.concatenate([boxes, rng.integers(-reach, reach + 1, (2, n, 2))], axis=2)


def _place(scans: Sequence[Scan], points: Sequence[Points], stage: _Stage) -> tuple[Array, list[_FilteredImage]]:
    """Draw the pictures of a stage, and the landmarks in their pixels."""
    pictures = [_FilteredImage.draw(scan, stage) for scan in scans]
    shapes = [picture.to_original.inverse().apply(p.positions) for picture, p in zip(pictures, points, strict=True)]
    return fill_absent(shapes), pictures


def _cross(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return every row with every column, shape (n, 2)."""
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)


def _find_peak(places: Array, weights: Array, shape: tuple[int, int], stage: _Stage) -> Array:
    """Return where weighted votes agree best: a smoothed map, its maximum, a parabola along each axis."""
    rounded = np.floor(places + 0.5).astype(np.int64)
    inside = ((rounded >= 0) & (rounded < shape)).all(axis=1)
    index = rounded[inside] @ (shape[1], 1)
    votes = np.bincount(index, weights[inside], shape[0] * shape[1]).astype(np.float32).reshape(shape)
    votes = cv2.GaussianBlur(votes, (0, 0), stage.smoothing, borderType=cv2.BORDER_CONSTANT)
    top = np.array(np.unravel_index(votes.argmax(), shape))
    peak = top.astype(np.float64)
    for axis in (0, 1):
        if 0 < top[axis] < shape[axis] - 1:
            unit = np.eye(2, dtype=np.int64)[axis]
            before, height, after = (float(votes[tuple(top + s * unit)]) for s in (-1, 0, 1))
            peak[axis] += 0.5 * (before - after) / min(before - 2 * height + after, -1e-12)
    return peak
