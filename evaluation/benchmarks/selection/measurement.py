"""What the benchmark of selection measures of one strategy in one repeat."""

from __future__ import annotations

import dataclasses
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.benchmarks.checkpoint import load_measured, save_measured
from boneage.evaluation.benchmarks.selection.plan import ORACLE, STRATIFIED, Draw, Part
from boneage.evaluation.metrics.learning_curves import mean_capped
from boneage.pipeline.selection import PICTURE_STRATEGIES, Pool, Signals, choose
from boneage.pipeline.training.crop_cache import fingerprint

Model = TypeVar("Model")


@dataclass(frozen=True)
class ErrorScale:
    """How errors are counted.

    Parameters
    ----------
    cap : float
        Larger errors, and what was not found, count as much in a mean.
    far : float
        The part of the errors beyond it is reported.
    """

    cap: float
    far: float


@dataclass(frozen=True, eq=False)
class Step:
    """A model of so many hands.

    Parameters
    ----------
    ids : tuple of str
        Of the hands that it was trained on.
    distances : ndarray of shape (n_test, n_measured)
        Of what is measured in the test hands from the truth: of each landmark, or of the age; infinite where it was not
        found.
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
class StrategyTask(ABC, Generic[Model]):
    """One strategy in one repeat, to be measured and stored: it can be sent to another process.

    Parameters
    ----------
    part : {"growing", "cold"}
        Chosen step by step from the start, or at once from nothing for each size.
    strategy : str
    draw : Draw
    sizes : tuple of int
    pool : Pool
        Of all hands.
    file : Path
        Where it is stored.
    """

    scale: ClassVar[ErrorScale]

    part: Part
    strategy: str
    draw: Draw
    sizes: tuple[int, ...]
    pool: Pool
    file: Path

    @abstractmethod
    def train(self, ids: tuple[str, ...]) -> Model:
        """Return a model that has learnt from hands."""

    @abstractmethod
    def measure(self, model: Model, ids: Sequence[str]) -> NDArray[np.float64]:
        """Return the errors of hands, shape (n_hands, n_measured), in the order of the ids."""

    @abstractmethod
    def ask(self, model: Model, pool: Pool) -> Signals:
        """Return what a model tells of the pictures of a pool."""

    @abstractmethod
    def describe_model(self) -> list[Any]:
        """Return what the model is, what is known of the hands, and how it is measured, as JSON data."""

    @cached_property
    def key(self) -> str:
        """A digest of what is measured, but not of the code that measures it."""
        plan = [self.part, self.strategy, dataclasses.asdict(self.draw), self.sizes]
        return fingerprint(plan, self.pool.described_by, self.pool.strata, self.describe_model())

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
        model = self.train(annotated)
        steps = [Step(annotated, self.measure(model, self.draw.test))]
        for size in self.sizes[1:]:
            annotated = (*annotated, *self._choose(annotated, size - len(annotated), model))
            model = self.train(annotated)
            steps.append(Step(annotated, self.measure(model, self.draw.test)))
        return steps

    def _start_cold(self) -> list[Step]:
        chosen = [self._choose((), size, None) for size in self.sizes]
        return [Step(ids, self.measure(self.train(ids), self.draw.test)) for ids in chosen]

    def _choose(self, annotated: tuple[str, ...], n: int, model: Model | None) -> tuple[str, ...]:
        """Return the hands that the strategy chooses from the pool, given what is annotated."""
        pool = self.pool.among(self.draw.pool, annotated)
        if self.strategy == "random":
            pool = dataclasses.replace(pool, strata=None)
        name = "random" if self.strategy == STRATIFIED else self.strategy
        signals = None
        if model is not None and name == ORACLE:
            errors = self.measure(model, pool.ids)
            signals = Signals({ORACLE: np.array([mean_capped(of_hand, self.scale.cap) for of_hand in errors])})
        elif model is not None and name not in PICTURE_STRATEGIES:
            signals = self.ask(model, pool)
        return choose(pool, name, n, self.draw.seed, signals).ids
