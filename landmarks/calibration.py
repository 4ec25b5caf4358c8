"""The usual support and local score of a true pose, measured on training scans: what a search compares with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import joblib
import numpy as np

from boneage.imaging import Frame, Scan
from boneage.imaging.shapes import mirror
from boneage.landmarks.pose_search import PoseHypothesis, PoseSearch

_SUPPORT_RATIO = 0.6  # of a certain pose's support to the median of the training scans
_MIRROR_RATIO = 1.25  # ... and to the highest in a mirror image of a training scan
_N_SCANS = 20


def calibrate_scores(
    search: PoseSearch,
    score_locally: Callable[[Scan, PoseHypothesis], float],
    scans: Sequence[Scan],
    poses: Sequence[Frame],
    may_mirror: bool,
    n_jobs: int,
) -> tuple[float, float]:
    """Return the support from which a pose is certain, and the median local score, from up to twenty training scans.

    Parameters
    ----------
    search : PoseSearch
    score_locally : callable
        Returns the mean score of the first local stage in a pose of a scan.
    scans : sequence of Scan
    poses : sequence of Frame
        The annotated ones, from each file's pixels to reference coordinates.
    may_mirror : bool
        Whether the support must also be higher than in the mirror images.
    n_jobs : int
        Threads.
    """

    def measure(k: int) -> tuple[list[float], list[float], list[float]]:
        true = search.correct(scans[k], [poses[k]])
        mirrored = search.correct(scans[k], [mirror(poses[k].ndim).compose(poses[k])]) if may_mirror else []
        return _supports(true), [score_locally(scans[k], hypothesis) for hypothesis in true], _supports(mirrored)

    chosen = range(0, len(scans), max(len(scans) // _N_SCANS, 1))[:_N_SCANS]
    measured = list(joblib.Parallel(n_jobs=n_jobs, prefer="threads")(joblib.delayed(measure)(k) for k in chosen))
    supports = [support for true, _, _ in measured for support in true]
    scores = [score for _, true, _ in measured for score in true]
    min_support = _SUPPORT_RATIO * float(np.median(supports)) if supports else 0.0
    if may_mirror:
        mirrored = [0.0, *(support for _, _, supports in measured for support in supports)]
        min_support = max(min_support, _MIRROR_RATIO * max(mirrored))
    return min_support, float(np.median(scores)) if scores else 0.0


def _supports(hypotheses: Sequence[PoseHypothesis]) -> list[float]:
    return [hypothesis.support for hypothesis in hypotheses]
