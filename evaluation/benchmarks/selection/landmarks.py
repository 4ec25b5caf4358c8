"""Strategies measured by localisers: the distances of landmarks from the truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.benchmarks.selection.measurement import ErrorScale, StrategyTask
from boneage.evaluation.metrics import Reference, measure_landmarks
from boneage.imaging import Collection
from boneage.landmarks import ForestLocaliser, LocaliserSettings
from boneage.landmarks.selection import weigh_doubt
from boneage.pipeline.selection import Pool, Signals, join_doubts
from boneage.pipeline.training.crop_steps import describe_points
from boneage.pipeline.training.localiser import train_localiser

LANDMARK_SCALE = ErrorScale(10.0, 10.0)
"""In the unit of the reference."""


@dataclass(frozen=True, eq=False)
class LandmarkTask(StrategyTask[ForestLocaliser]):
    """One strategy in one repeat, measured by localisers.

    Parameters
    ----------
    settings : LocaliserSettings
    reference : Reference
    collection : Collection
    """

    scale: ClassVar[ErrorScale] = LANDMARK_SCALE

    settings: LocaliserSettings
    reference: Reference
    collection: Collection

    def describe_model(self) -> list[Any]:
        """Return the settings, the unit, and the landmarks of all hands."""
        truth = {id_: describe_points(self.collection.points(id_)) for id_ in self.pool.ids}
        return [dataclasses.asdict(self.settings), dataclasses.asdict(self.reference), truth]

    def train(self, ids: tuple[str, ...]) -> ForestLocaliser:
        """Return a localiser of annotated hands."""
        return train_localiser(self.collection.subset(ids), self.settings, seed=self.draw.seed, jobs=1)[0]

    def measure(self, model: ForestLocaliser, ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the distances of the landmarks of hands from the truth, shape (n_hands, n_landmarks)."""
        truth = {id_: points for id_ in ids if (points := self.collection.points(id_)) is not None}
        found = {id_: model.locate(self.collection.scan(id_)) for id_ in truth}
        return measure_landmarks(found, truth, self.reference).distances

    def ask(self, model: ForestLocaliser, pool: Pool) -> Signals:
        """Return what the localiser doubts in the hands of a pool."""
        return join_doubts(pool, [weigh_doubt(model, self.collection.scan(id_)) for id_ in pool.ids])
