"""The strategies by name: from a pool, and what a model doubts in it, to the hands to annotate next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.errors import InvalidInput
from boneage.imaging.selection import (
    Choice,
    choose_at_random,
    choose_doubtful,
    choose_farthest,
    choose_medoids,
    choose_typical,
)
from boneage.pipeline.selection.pool import Pool

Array = NDArray[np.float64]

PICTURE_STRATEGIES = ("random", "medoid", "k-centre", "typiclust")
"""Strategies that need no model; ``random`` is stratified where the pool has strata."""


@dataclass(frozen=True, eq=False)
class Signals:
    """What a model tells of the pictures of a pool.

    Parameters
    ----------
    criteria : mapping of ndarray of shape (n_pictures,)
        Doubts by name: higher is more doubtful, infinite the most; NaN where the model tells nothing.
    spaces : mapping of tuple of ndarray of shape (n_pictures, n_features)
        What a strategy covers evenly, by its name; distances in several spaces are multiplied.
    silent : mapping of str
        Why the model tells nothing of a picture, by id.
    """

    criteria: Mapping[str, Array] = field(default_factory=dict)
    spaces: Mapping[str, tuple[Array, ...]] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Selection:
    """The hands that were chosen from a pool.

    Parameters
    ----------
    pool : Pool
    strategy : str
    choices : tuple of Choice
        The first to annotate first. Fewer than were asked for if the pool has no more.
    signals : Signals
    """

    pool: Pool
    strategy: str
    choices: tuple[Choice, ...]
    signals: Signals

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the chosen hands, in their order."""
        return tuple(self.pool.ids[choice.place] for choice in self.choices)

    def has_signal(self) -> NDArray[np.bool_]:
        """Return whether the model tells of each picture what the strategy goes by; true if it needs no model."""
        criterion, spaces = self.signals.criteria.get(self.strategy), self.signals.spaces.get(self.strategy, ())
        known = np.ones(len(self.pool.ids), dtype=np.bool_) if criterion is None else ~np.isnan(criterion)
        for space in spaces:
            known &= ~np.isnan(space).any(axis=1)
        return known


def choose(pool: Pool, strategy: str, n: int, seed: int, signals: Signals | None = None) -> Selection:
    """Choose hands from a pool.

    Parameters
    ----------
    pool : Pool
    strategy : str
        One of ``PICTURE_STRATEGIES``, or a criterion or a space of the signals.
    n : int
    seed : int
        Of ``random`` and ``typiclust``; the other strategies leave nothing to chance.
    signals : Signals, optional

    Raises
    ------
    InvalidInput
        If the strategy needs a model, and there are no signals.
    """
    signals = signals or Signals()
    candidates, covered, features = pool.candidates, pool.covered, pool.features
    if strategy == "random":
        chosen = choose_at_random(candidates, covered, n, np.random.default_rng(seed), pool.strata)
    elif strategy == "medoid":
        chosen = choose_medoids(features, candidates, covered, n)
    elif strategy == "k-centre":
        chosen = choose_farthest([features], candidates, covered, n)
    elif strategy == "typiclust":
        chosen = choose_typical(features, candidates, covered, n, seed)
    elif strategy in signals.criteria:
        chosen = choose_doubtful(signals.criteria[strategy], features, candidates, covered, n, strategy)
    elif strategy in signals.spaces:
        chosen = choose_farthest(signals.spaces[strategy], candidates, covered, n)
    else:
        raise InvalidInput(f"the strategy {strategy} needs a model (--model)")
    return Selection(pool, strategy, tuple(chosen), signals)
