"""All that a localiser has learnt, as JSON data and named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import from_plain_data, to_plain_data
from boneage.landmarks.acceptance import Acceptance
from boneage.landmarks.pairwise_prior import PairwisePrior
from boneage.landmarks.serialization import (
    arrays_under,
    read_neighbours,
    read_pose_landmarks,
    stages_from_arrays,
    stages_to_arrays,
)
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.stages import CoarseStage, LocalStage
from boneage.landmarks.training_shapes import UsualPose
from boneage.landmarks.views import Bounds

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LocaliserState:
    """All that a localiser has learnt.

    Parameters
    ----------
    settings : LocaliserSettings
    names : tuple of str
    mean_shape : ndarray of shape (n_landmarks, ndim)
    bounds : Bounds
        The part of an image that is drawn, in reference coordinates.
    usual : UsualPose
    typical_score : float
        Median local score of true poses.
    neighbours : ndarray of int, shape (n_landmarks, n_neighbours)
    pose_landmarks : ndarray of int, shape (n_few,)
        Numbers of the landmarks that score a pose.
    prior : PairwisePrior
    coarse : sequence of CoarseStage
        The pose stage, if there is one, and the coarse stage.
    local : sequence of LocalStage
    acceptance : Acceptance or None
        How real scans are located; None where that was not measured.

    Raises
    ------
    InvalidInput
        If names, mean shape, bounds and numbers do not fit together.
    """

    settings: LocaliserSettings
    names: tuple[str, ...]
    mean_shape: Array
    bounds: Bounds
    usual: UsualPose
    typical_score: float
    neighbours: NDArray[np.int64]
    pose_landmarks: NDArray[np.int64]
    prior: PairwisePrior
    coarse: Sequence[CoarseStage]
    local: Sequence[LocalStage]
    acceptance: Acceptance | None = None

    def __post_init__(self) -> None:
        low, high = self.bounds.low, self.bounds.high
        finite = all(np.isfinite(a).all() for a in (self.mean_shape, self.usual.centre_offset, low, high))
        positive = self.usual.size_ratio > 0 and self.typical_score > 0
        n_landmarks, ndim = self.mean_shape.shape
        if n_landmarks != len(self.names) or ndim not in (2, 3) or not finite or not positive or (high <= low).any():
            raise InvalidInput("the localiser's shape does not fit its landmark names")

    def to_json_and_arrays(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON data and arrays."""
        config = {
            "settings": to_plain_data(self.settings),
            "names": list(self.names),
            "size_ratio": self.usual.size_ratio,
            "typical_score": self.typical_score,
        }
        arrays: dict[str, NDArray[Any]] = {
            "mean_shape": self.mean_shape,
            "centre_offset": self.usual.centre_offset,
            "bounds": np.stack([self.bounds.low, self.bounds.high]),
        }
        arrays |= stages_to_arrays(self.coarse, self.local)
        arrays |= {"neighbours": self.neighbours, "pose_landmarks": self.pose_landmarks}
        if self.settings.prior is not None:
            arrays |= {f"pairwise_prior/{name}": array for name, array in self.prior.to_arrays().items()}
        if self.acceptance is not None:
            arrays |= {f"acceptance/{name}": array for name, array in self.acceptance.to_arrays().items()}
        return config, arrays

    @classmethod
    def from_json_and_arrays(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild a state.

        Raises
        ------
        ValueError, KeyError, TypeError
            If settings or arrays are missing, malformed or do not fit together.
        """
        settings = from_plain_data(LocaliserSettings, config["settings"])
        mean_shape = np.asarray(arrays["mean_shape"], dtype=np.float64)
        n_landmarks, ndim = mean_shape.shape
        low, high = np.asarray(arrays["bounds"], dtype=np.float64)
        prior = PairwisePrior.flat(mean_shape)
        if settings.prior is not None:
            prior = PairwisePrior.from_arrays(mean_shape, arrays_under(arrays, "pairwise_prior/"), settings.prior)
        accepted = arrays_under(arrays, "acceptance/")
        few = read_pose_landmarks(arrays, n_landmarks)
        voted = [n_landmarks] if settings.pose is None else [len(few), n_landmarks]
        coarse, local = stages_from_arrays(settings.coarse_stages, settings.local, arrays, voted, n_landmarks, ndim)
        return cls(
            settings=settings,
            names=tuple(str(name) for name in config["names"]),
            mean_shape=mean_shape,
            bounds=Bounds(low, high),
            usual=UsualPose(float(config["size_ratio"]), np.asarray(arrays["centre_offset"], dtype=np.float64)),
            typical_score=float(config["typical_score"]),
            neighbours=read_neighbours(arrays, n_landmarks),
            pose_landmarks=few,
            prior=prior,
            coarse=coarse,
            local=local,
            acceptance=Acceptance.from_arrays(accepted, n_landmarks) if accepted else None,
        )
