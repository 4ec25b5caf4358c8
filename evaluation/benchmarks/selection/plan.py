"""What the benchmark of selection compares, and which hands each repeat starts from, chooses among and tests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from boneage.imaging.errors import InvalidInput
from boneage.pipeline.selection import AGE_STRATEGIES, LANDMARK_STRATEGIES, PICTURE_STRATEGIES

Part = Literal["growing", "cold"]

ORACLE = "oracle"
STRATIFIED = "stratified"
STRATEGIES = (*dict.fromkeys(("random", STRATIFIED, *LANDMARK_STRATEGIES)), ORACLE)
"""``random`` is unstratified here; ``oracle`` chooses by the true error of the landmarks, as if it were known."""

AGE_BENCHMARK_STRATEGIES = (*dict.fromkeys(("random", STRATIFIED, *AGE_STRATEGIES)), ORACLE)
"""Those of the benchmark of ages."""

COLD_STRATEGIES = tuple(dict.fromkeys(("random", STRATIFIED, *PICTURE_STRATEGIES)))


@dataclass(frozen=True)
class SelectionPlan:
    """The settings of the benchmark.

    Parameters
    ----------
    strategies : tuple of str
        Of ``STRATEGIES``.
    start : int
        Hands that are annotated at first, drawn at random; the same for all strategies.
    sizes : tuple of int
        Increasing numbers of annotated hands, at each of which a localiser is trained and tested. Empty to leave this
        part out.
    cold_sizes : tuple of int
        Numbers of hands chosen at once when nothing is annotated, by the strategies that need no model. At least 2: a
        localiser cannot learn from one hand. Empty to leave this part out.
    n_test : int
        Hands to test on; all others are the pool.
    repeats : int
    seed : int
        Repeat number k, from 0, draws its hands and trains by ``seed + k``.

    Raises
    ------
    InvalidInput
        If a number is out of range, or a strategy is not known or named twice.
    """

    known: ClassVar[tuple[str, ...]] = STRATEGIES

    strategies: tuple[str, ...] = STRATEGIES
    start: int = 5
    sizes: tuple[int, ...] = (10, 20, 40, 60)
    cold_sizes: tuple[int, ...] = (2, 5, 10)
    n_test: int = 30
    repeats: int = 30
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.strategies if name not in self.known]
        if unknown or not self.strategies:
            raise InvalidInput(f"strategies to compare are {', '.join(self.known)}, got {unknown or 'none'}")
        if len(set(self.strategies)) < len(self.strategies):
            raise InvalidInput(f"a strategy is named twice: {', '.join(self.strategies)}")
        for name, least in (("start", 2), ("n_test", 1), ("repeats", 1)):
            if getattr(self, name) < least:
                raise InvalidInput(f"{name} must be at least {least}, got {getattr(self, name)}")
        for name, before in (("sizes", self.start), ("cold_sizes", 1)):
            sizes = getattr(self, name)
            if any(b <= a for a, b in zip((before, *sizes), sizes, strict=False)):
                raise InvalidInput(f"{name} must increase from more than {before}, got {sizes}")
        measured = {*self.strategies_of("growing"), *self.strategies_of("cold")}
        if not measured:
            raise InvalidInput(
                "nothing is to be measured: neither sizes, nor first hands and a strategy without a model"
            )
        if self.strategies != self.known and (lacking := [name for name in self.strategies if name not in measured]):
            raise InvalidInput(f"without sizes only strategies without a model are measured, not {', '.join(lacking)}")

    def sizes_of(self, part: Part) -> tuple[int, ...]:
        """Return the numbers of hands at which a part is measured: growing from the start, or chosen at once."""
        growing = (self.start, *self.sizes) if self.sizes else ()
        return growing if part == "growing" else self.cold_sizes

    def strategies_of(self, part: Part) -> tuple[str, ...]:
        """Return the strategies that a part compares; none in a part without sizes."""
        named = self.strategies if part == "growing" else [name for name in self.strategies if name in COLD_STRATEGIES]
        return tuple(named) if self.sizes_of(part) else ()

    def draw(self, ids: Sequence[str], repeat: int) -> Draw:
        """Draw the hands of a repeat.

        Raises
        ------
        InvalidInput
            If there are too few.
        """
        needed = self.n_test + max((*self.sizes_of("growing"), *self.sizes_of("cold")))
        if len(ids) < needed:
            raise InvalidInput(f"the benchmark needs {needed} annotated hands that can be read, there are {len(ids)}")
        order = np.random.default_rng(self.seed + repeat).permutation(sorted(ids)).tolist()
        test, pool = order[: self.n_test], order[self.n_test :]
        return Draw(repeat, self.seed + repeat, tuple(test), tuple(pool[: self.start]), tuple(pool))


@dataclass(frozen=True)
class AgeSelectionPlan(SelectionPlan):
    """The settings of the benchmark of ages: more hands, which take seconds to learn from."""

    known: ClassVar[tuple[str, ...]] = AGE_BENCHMARK_STRATEGIES

    strategies: tuple[str, ...] = AGE_BENCHMARK_STRATEGIES
    start: int = 100
    sizes: tuple[int, ...] = (200, 400, 800, 1600, 3200)
    cold_sizes: tuple[int, ...] = (50, 100, 200)
    n_test: int = 500
    repeats: int = 10


@dataclass(frozen=True)
class Draw:
    """The hands of a repeat: to test on, annotated at first, and to choose among, the annotated ones included."""

    repeat: int
    seed: int
    test: tuple[str, ...]
    start: tuple[str, ...]
    pool: tuple[str, ...]
