"""What the benchmark of selection measures of one strategy in one repeat."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.benchmarks.checkpoint import load_measured, save_measured
from boneage.evaluation.benchmarks.selection.plan import ORACLE, STRATIFIED, Draw, Part
from boneage.evaluation.metrics import Reference, measure_landmarks
from boneage.evaluation.metrics.learning_curves import mean_capped
from boneage.imaging import Collection
from boneage.landmarks import ForestLocaliser, LocaliserSettings
from boneage.landmarks.selection import weigh_doubt
from boneage.pipeline.selection import PICTURE_STRATEGIES, Pool, Signals, choose, join_doubts
from boneage.pipeline.training.localiser import train_localiser

CAP = 10.0  # in the unit of the reference: larger errors, and landmarks that were not found, count as much


@dataclass(frozen=True, eq=False)
class Step:
    """A localiser of so many hands.

    Parameters
    ----------
    ids : tuple of str
        Of the hands that it was trained on.
    distances : ndarray of shape (n_test, n_landmarks)
        Of the landmarks in the test hands from the truth; infinite where one was not found.
    """

    ids: tuple[str, ...]
    distances: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StrategyRun:
    """One strategy in one repeat: a step for each number of hands, and what it took."""

    strategy: str
    repeat: int
    steps: tuple[Step, ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        steps = [{"ids": step.ids, "distances": step.distances.tolist()} for step in self.steps]
        return {"strategy": self.strategy, "repeat": self.repeat, "steps": steps, "seconds": self.seconds}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it."""
        steps = [Step(tuple(s["ids"]), np.array(s["distances"], dtype=np.float64)) for s in data["steps"]]
        return cls(data["strategy"], int(data["repeat"]), tuple(steps), float(data["seconds"]))


@dataclass(frozen=True, eq=False)
class StrategyTask:
    """One strategy in one repeat, to be measured and stored: it can be sent to another process.

    Parameters
    ----------
    part : {"growing", "cold"}
        Chosen step by step from the start, or at once from nothing for each size.
    strategy : str
    draw : Draw
    sizes : tuple of int
    settings : LocaliserSettings
    reference : Reference or None
    collection : Collection
    pool : Pool
        Of all hands.
    file : Path
        Where it is stored.
    """

    part: Part
    strategy: str
    draw: Draw
    sizes: tuple[int, ...]
    settings: LocaliserSettings
    reference: Reference | None
    collection: Collection
    pool: Pool
    file: Path

    @property
    def key(self) -> str:
        """A digest of what is measured, but not of the code that measures it."""
        unit = dataclasses.asdict(self.reference) if self.reference else None
        plan = [
            self.part,
            self.strategy,
            dataclasses.asdict(self.draw),
            self.sizes,
            dataclasses.asdict(self.settings),
            unit,
        ]
        return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()

    def load(self) -> StrategyRun | None:
        """Return what was measured before; None if it was not, or by other code.

        Raises
        ------
        UnusableOutput
            If the file is damaged, or of another benchmark.
        """
        return load_measured(self.file, self.key, StrategyRun.from_json)

    def run(self) -> StrategyRun:
        """Measure it, and store what was measured."""
        start = time.perf_counter()
        steps = self._grow() if self.part == "growing" else self._start_cold()
        measured = StrategyRun(self.strategy, self.draw.repeat, tuple(steps), time.perf_counter() - start)
        save_measured(self.file, self.key, measured.to_json())
        return measured

    def _grow(self) -> list[Step]:
        annotated = self.draw.start
        localiser = self._train(annotated)
        steps = [Step(annotated, self._measure(localiser, self.draw.test))]
        for size in self.sizes[1:]:
            annotated = (*annotated, *self._choose(annotated, size - len(annotated), localiser))
            localiser = self._train(annotated)
            steps.append(Step(annotated, self._measure(localiser, self.draw.test)))
        return steps

    def _start_cold(self) -> list[Step]:
        chosen = [self._choose((), size, None) for size in self.sizes]
        return [Step(ids, self._measure(self._train(ids), self.draw.test)) for ids in chosen]

    def _choose(self, annotated: tuple[str, ...], n: int, localiser: ForestLocaliser | None) -> tuple[str, ...]:
        """Return the hands that the strategy chooses from the pool, given what is annotated."""
        pool = self.pool.among(self.draw.pool, annotated)
        if self.strategy == "random":
            pool = dataclasses.replace(pool, strata=None)
        name = "random" if self.strategy == STRATIFIED else self.strategy
        signals = None
        if localiser is not None and name == ORACLE:
            errors = self._measure(localiser, pool.ids)
            signals = Signals({ORACLE: np.array([mean_capped(of_hand, CAP) for of_hand in errors])})
        elif localiser is not None and name not in PICTURE_STRATEGIES:
            signals = join_doubts(pool, [weigh_doubt(localiser, self.collection.scan(id_)) for id_ in pool.ids])
        return choose(pool, name, n, self.draw.seed, signals).ids

    def _train(self, ids: tuple[str, ...]) -> ForestLocaliser:
        return train_localiser(self.collection.subset(ids), self.settings, seed=self.draw.seed, jobs=1)[0]

    def _measure(self, localiser: ForestLocaliser, ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the distances of the landmarks of hands from the truth, in the order of the ids."""
        truth = {id_: points for id_ in ids if (points := self.collection.points(id_)) is not None}
        found = {id_: localiser.locate(self.collection.scan(id_)) for id_ in truth}
        return measure_landmarks(found, truth, self.reference).distances
