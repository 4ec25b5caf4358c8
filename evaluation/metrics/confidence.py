"""Whether the score knows when the localiser is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from boneage.evaluation.metrics.bootstrap import bootstrap_interval
from boneage.evaluation.metrics.landmark_errors import RADII, LandmarkErrors

Array = NDArray[np.float64]

WRONG_BEYOND = RADII[1]
_CAUGHT = 0.8


def evaluate_scores(errors: LandmarkErrors) -> dict[str, Any]:
    """Return how well the scores separate wrong landmarks from right ones.

    Wrong is a landmark that was found and is off by more than ``WRONG_BEYOND`` units. What was not found has no place
    that could be right or wrong: it is left out of the curve, and counted as withheld.

    Returns
    -------
    dict
        ``n_judged`` and ``n_wrong``, of the landmarks found that have a score; ``area_under_roc`` [1]_, the chance that
        a wrong landmark scores lower than a right one (0.5: the score knows nothing; ties count half), with its 95 %
        bootstrap interval over patients; ``doubted_at_80_percent_caught``, the part of the right landmarks that a limit
        doubts which catches 80 % of the wrong ones; NaN where nothing is wrong or nothing is right. ``n_outliers``, the
        landmarks beyond the largest radius or not found; ``n_withheld``, those not found; ``part_withheld``.

    References
    ----------
    .. [1] Hanley, McNeil, "The meaning and use of the area under a receiver operating characteristic curve",
       Radiology 143, 1982.
    """
    use = _judged(errors)
    wrong = use & (errors.distances > WRONG_BEYOND)
    pairs = np.stack([np.where(use, errors.scores, np.nan), np.where(use, wrong, np.nan)], axis=-1)
    caught, doubted = trace_roc(errors)
    n_outliers, n_withheld = int(errors.outliers.sum()), int(np.isinf(errors.distances).sum())
    at = int(np.searchsorted(caught, _CAUGHT))
    return {
        "wrong_beyond": WRONG_BEYOND,
        "n_judged": int(use.sum()),
        "n_wrong": int(wrong.sum()),
        "area_under_roc": _area(pairs),
        "area_under_roc_interval_95": bootstrap_interval(pairs, _area, patients=errors.ids, rounds=400),
        "doubted_at_80_percent_caught": float(doubted[at]) if at < len(doubted) else float("nan"),
        "n_outliers": n_outliers,
        "n_withheld": n_withheld,
        "part_withheld": n_withheld / n_outliers if n_outliers else float("nan"),
    }


def trace_roc(errors: LandmarkErrors) -> tuple[Array, Array]:
    """Return which part of the wrong and of the right landmarks scores below a limit, for every limit, from 0 to 1.

    Returns
    -------
    caught, doubted : ndarray
        As long as each other; empty where nothing is wrong or nothing is right.
    """
    use = _judged(errors)
    scores, wrong = errors.scores[use], errors.distances[use] > WRONG_BEYOND
    if not 0 < wrong.sum() < len(wrong):
        return np.empty(0), np.empty(0)
    order = np.argsort(scores, kind="stable")
    last = np.append(np.diff(scores[order]) > 0, True)  # a limit doubts all landmarks of one score, or none
    caught = np.cumsum(wrong[order])[last] / wrong.sum()
    doubted = np.cumsum(~wrong[order])[last] / (~wrong).sum()
    return np.append(0.0, caught), np.append(0.0, doubted)


def _judged(errors: LandmarkErrors) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(errors.distances) & np.isfinite(errors.scores))


def _area(pairs: Array) -> float:
    """Return the area under the curve of (score, wrong) pairs, shape (..., 2), by ranks."""
    flat = pairs.reshape(-1, 2)
    flat = flat[~np.isnan(flat[:, 0])]
    wrong = flat[:, 1] > 0
    n_wrong, n_right = int(wrong.sum()), int((~wrong).sum())
    if not n_wrong or not n_right:
        return float("nan")
    ranks = rankdata(-flat[:, 0])
    return float((ranks[wrong].sum() - n_wrong * (n_wrong + 1) / 2) / (n_wrong * n_right))
