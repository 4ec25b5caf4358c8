"""A peer of another kind, for whoever has dlib installed: its cascade of regression trees, which moves whole shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.benchmarks.speed.peers.scikit_learn import fill_absent, normalise_scan
from boneage.imaging import Points, Scan

_HEIGHT = 600


class ShapePredictorPeer:
    """``dlib.shape_predictor`` [1]_ on whole pictures, with more and shallower trees than its defaults.

    Parameters
    ----------
    random_state : int
    n_jobs : int
        Threads used for training.

    References
    ----------
    .. [1] Kazemi, Sullivan, "One millisecond face alignment with an ensemble of regression trees", CVPR 2014.
    """

    def __init__(self, *, random_state: int = 0, n_jobs: int = 1) -> None:
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, scans: Sequence[Scan], points: Sequence[Points]) -> Self:
        """Learn from annotated scans; an absent landmark counts as being where it is on average."""
        import dlib

        self.names_ = points[0].names
        drawn = [normalise_scan(scan, _HEIGHT) for scan in scans]
        shapes = [frame.inverse().apply(p.positions) for (_, frame), p in zip(drawn, points, strict=True)]
        pictures = [_to_bytes(picture) for picture, _ in drawn]
        annotated = [
            [dlib.full_object_detection(_whole(picture), [dlib.point(round(x), round(y)) for y, x in shape])]
            for picture, shape in zip(pictures, fill_absent(shapes), strict=True)
        ]
        options = dlib.shape_predictor_training_options()
        options.tree_depth, options.nu, options.cascade_depth = 3, 0.1, 15
        options.oversampling_amount, options.oversampling_translation_jitter = 40, 0.05
        options.random_seed, options.num_threads = str(self.random_state), self.n_jobs
        self._predictor = dlib.train_shape_predictor(pictures, annotated, options)
        return self

    def locate(self, scan: Scan) -> Points:
        """Find the landmarks of a scan, in original pixels."""
        normal, to_original = normalise_scan(scan, _HEIGHT)
        picture = _to_bytes(normal)
        found = self._predictor(picture, _whole(picture))
        return Points(self.names_, to_original.apply([[part.y, part.x] for part in found.parts()]))


def _to_bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(255 * picture, 0, 255).astype(np.uint8)


def _whole(picture: NDArray[np.uint8]) -> Any:
    import dlib

    rows, columns = picture.shape
    return dlib.rectangle(0, 0, columns - 1, rows - 1)
