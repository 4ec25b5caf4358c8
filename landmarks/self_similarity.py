"""Self-similarities of a shape: the moves that lay many of its landmarks upon others, as a finger upon the next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from boneage.imaging import Frame
from boneage.landmarks.search_settings import SelfSimilaritySettings

Array = NDArray[np.float64]

_N_PAIRS_TO_MEASURE = 20  # a repetitive shape is one whichever pairs are laid upon others


def find_self_similarities(shape: Array, settings: SelfSimilaritySettings) -> list[Frame]:
    """Return some distinct similarities that lay most landmarks of a shape near others, the best first.

    Pairs of landmarks are laid upon other pairs, a few hundred times; the landmarks that come near others are counted.

    Parameters
    ----------
    shape : ndarray of shape (n_landmarks, ndim)
        There are none in a volume.
    settings : SelfSimilaritySettings

    Examples
    --------
    >>> ladder = np.array([[row / 6, column] for row in range(-3, 4) for column in (-0.1, 0.1)])
    >>> moves = find_self_similarities(ladder, SelfSimilaritySettings(n_moves=2))
    >>> np.abs([move.matrix[:2, 2].round(3) for move in moves]).tolist()
    [[0.167, 0.0], [0.167, 0.0]]
    """
    if shape.shape[1] != 2 or len(shape) < 3:
        return []
    places = shape @ np.array([1.0, 1.0j])
    moves = _propose_moves(places, settings)
    moved = moves[:, :1] * places + moves[:, 1:]
    counts = _measure_closeness(np.stack([moved.real, moved.imag], axis=-1), shape, settings).sum(axis=1)
    far = np.abs(moved - places).mean(axis=1) > settings.min_move
    chosen: list[int] = []
    for k in np.argsort(-counts.round(6), kind="stable"):
        if len(chosen) == settings.n_moves:
            break
        if far[k] and all(np.abs(moved[k] - moved[other]).mean() > settings.min_move for other in chosen):
            chosen.append(int(k))
    return [_to_frame(*moves[k]) for k in chosen]


def measure_repetition(shape: Array, settings: SelfSimilaritySettings) -> float:
    """Return which part of a shape's landmarks a move lays upon others, 0 to 1; some pairs of them tell it.

    Examples
    --------
    >>> ladder = np.array([[row / 6, column] for row in range(-3, 4) for column in (-0.1, 0.1)])
    >>> round(measure_repetition(ladder, SelfSimilaritySettings()), 2)
    0.86
    """
    few = replace(settings, n_moves=1, n_pairs=min(settings.n_pairs, _N_PAIRS_TO_MEASURE))
    moves = find_self_similarities(shape, few)
    return max((float(_measure_closeness(move.apply(shape), shape, settings).mean()) for move in moves), default=0.0)


def _measure_closeness(moved: Array, shape: Array, settings: SelfSimilaritySettings) -> Array:
    """Return how near each landmark is moved to another one: 1 upon it, 0 out of tolerance or near its own place."""
    distances, nearest = cKDTree(shape).query(moved)
    closeness = np.maximum(1 - (distances / settings.tolerance) ** 2, 0.0)
    return np.asarray(closeness * (nearest != np.arange(len(shape))))


def _propose_moves(places: NDArray[np.complex128], settings: SelfSimilaritySettings) -> NDArray[np.complex128]:
    """Return similarities, as factors and offsets of complex numbers, that lay pairs upon others, shape (n, 2)."""
    first, second = np.nonzero(np.triu(np.abs(places[:, None] - places) > settings.min_length))
    some = np.random.default_rng(0).permutation(len(first))[: settings.n_pairs]
    moves = [np.zeros((0, 2), complex)]
    for a, b in zip(first[some], second[some], strict=True):
        near_a, near_b = (np.flatnonzero(np.abs(places - places[k]) < settings.reach) for k in (a, b))
        onto_a, onto_b = (axis.ravel() for axis in np.meshgrid(places[near_a], places[near_b]))
        factor = (onto_b - onto_a) / (places[b] - places[a])
        small = np.abs(np.angle(factor)) < settings.max_rotation_rad
        small &= np.abs(np.log(np.maximum(np.abs(factor), 1e-9))) < settings.max_log_scale
        moves.append(np.stack([factor, onto_a - factor * places[a]], axis=1)[small])
    return np.concatenate(moves)


def _to_frame(factor: complex, offset: complex) -> Frame:
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return Frame.from_linear(linear, np.array([offset.real, offset.imag]))
