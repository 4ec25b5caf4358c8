"""Landmark errors of a known kind."""

import math

import numpy as np

from boneage.evaluation.metrics import LandmarkErrors


def make_errors(n_hands=40, names=("radius", "ulna", "lunate"), scale=1.0, unit="mm"):
    """Errors that grow from landmark to landmark, scores that know them; one not found, one without truth."""
    rng = np.random.default_rng(1)
    distances = rng.exponential(scale * np.arange(1, len(names) + 1), (n_hands, len(names)))
    scores = np.exp(-distances)
    distances[0, 0], distances[1, 1] = math.inf, math.nan
    ids = tuple(str(k) for k in range(n_hands))
    return LandmarkErrors(ids, tuple(names), distances, unit, scores, lengths=np.full(n_hands, 50.0))


def errors_of(rows, names, ids=None, scores=None, **others):
    """Errors as they are listed."""
    distances = np.array(rows, dtype=float)
    ids = tuple(ids or (str(k) for k in range(len(rows))))
    scores = np.full(distances.shape, math.nan) if scores is None else np.array(scores, dtype=float)
    return LandmarkErrors(ids, tuple(names), distances, "mm", scores, **others)
