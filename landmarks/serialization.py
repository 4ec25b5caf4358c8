"""The stages of a localiser as named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.landmarks.forest import VotingForest
from boneage.landmarks.settings import StageSettings
from boneage.landmarks.stages import CoarseStage, LocalStage


def stages_to_arrays(whole: Sequence[CoarseStage], local: Sequence[LocalStage]) -> dict[str, NDArray[Any]]:
    """Return the forests of all stages as arrays."""
    arrays: dict[str, NDArray[Any]] = {}
    for s, stage in enumerate(whole):
        arrays |= {f"whole{s}/{name}": array for name, array in stage.forest.to_arrays().items()}
    for s, local_stage in enumerate(local):
        for k, forest in enumerate(local_stage.forests):
            arrays |= {f"local{s}/{k}/{name}": array for name, array in forest.to_arrays().items()}
    return arrays


def stages_from_arrays(
    whole: Sequence[StageSettings],
    local: Sequence[StageSettings],
    arrays: Mapping[str, NDArray[Any]],
    voted: Sequence[int],
    n_landmarks: int,
    ndim: int,
) -> tuple[list[CoarseStage], list[LocalStage]]:
    """Rebuild stages; ``voted`` has the number of landmarks that each stage of the whole votes for.

    Raises
    ------
    ValueError, KeyError
        If arrays are missing, or do not fit the settings or the landmarks.
    """
    coarse = [
        CoarseStage(stage, _read_forest(stage, arrays, f"whole{s}/", n, ndim))
        for s, (stage, n) in enumerate(zip(whole, voted, strict=True))
    ]
    local_stages = [
        LocalStage(stage, [_read_forest(stage, arrays, f"local{s}/{k}/", 1, ndim) for k in range(n_landmarks)])
        for s, stage in enumerate(local)
    ]
    return coarse, local_stages


def read_pose_landmarks(arrays: Mapping[str, NDArray[Any]], n_landmarks: int) -> NDArray[np.int64]:
    """Return the array ``pose_landmarks``, checked, shape (n_few,).

    Raises
    ------
    ValueError, KeyError
        If it is missing, or does not fit the landmarks.
    """
    few = np.asarray(arrays["pose_landmarks"], dtype=np.int64)
    if few.ndim != 1 or not len(few) or not ((few >= 0) & (few < n_landmarks)).all():
        raise ValueError("the landmarks that score a pose are not among the localiser's")
    return few


def read_neighbours(arrays: Mapping[str, NDArray[Any]], n_landmarks: int) -> NDArray[np.int64]:
    """Return the array ``neighbours``, checked, shape (n_landmarks, n_neighbours).

    Raises
    ------
    ValueError, KeyError
        If it is missing, or does not fit the landmarks.
    """
    neighbours = np.asarray(arrays["neighbours"], dtype=np.int64)
    if (
        neighbours.ndim != 2
        or len(neighbours) != n_landmarks
        or not ((neighbours >= 0) & (neighbours < n_landmarks)).all()
    ):
        raise ValueError("the neighbours do not fit the landmarks")
    return neighbours


def arrays_under(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin with a prefix, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _read_forest(
    stage: StageSettings, arrays: Mapping[str, NDArray[Any]], prefix: str, n_landmarks: int, ndim: int
) -> VotingForest:
    forest = VotingForest.from_arrays(
        stage.forest, arrays_under(arrays, prefix), len(stage.box_sizes), stage.feature_reach
    )
    if forest.displacements_.shape[1:] != (n_landmarks, ndim):
        raise ValueError(f"a forest votes for {forest.displacements_.shape[1]} landmarks, not {n_landmarks}")
    return forest
