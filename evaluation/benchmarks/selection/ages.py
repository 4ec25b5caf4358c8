"""Strategies measured by age models: ridge regressions on the features that pictures are described by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from boneage.evaluation.benchmarks.selection.measurement import ErrorScale, StrategyTask
from boneage.imaging import AgeRecord
from boneage.pipeline.selection import Pool, Signals

Array = NDArray[np.float64]

AGE_SCALE = ErrorScale(120.0, 24.0)
"""Months."""

_PENALTIES = np.logspace(-1, 5, 13)
_COMMITTEE = 8
_DOUBT = "disagreement"


@dataclass(frozen=True, eq=False)
class CommitteeRidge:
    """A ridge regression, and others on bootstrap samples of its hands.

    Parameters
    ----------
    model : Pipeline
        Of all hands.
    committee : tuple of Pipeline
    """

    model: Pipeline
    committee: tuple[Pipeline, ...]


@dataclass(frozen=True, eq=False)
class AgeTask(StrategyTask[CommitteeRidge]):
    """One strategy in one repeat, measured by regressions of the age on a picture's features and the sex.

    The regression stands for an age model: it is trained in a second. What it disagrees on is told by a committee on
    bootstrap samples (query by committee for regression [1]_).

    Parameters
    ----------
    ages : mapping of AgeRecord
        Of all hands, with the sex.

    References
    ----------
    .. [1] Burbidge, Rowland, King, "Active learning for regression based on query by committee", IDEAL 2007.
    """

    scale: ClassVar[ErrorScale] = AGE_SCALE

    ages: Mapping[str, AgeRecord]

    def describe_model(self) -> list[Any]:
        """Return what the regressions read, and that a committee of so many is asked."""
        return ["ridge", self.pool.described_by, _COMMITTEE]

    def train(self, ids: tuple[str, ...]) -> CommitteeRidge:
        """Return the regressions of hands of known age; the penalty is chosen by leave-one-out."""
        inputs = self._inputs(self.pool, ids)
        months = np.array([self.ages[id_].boneage_months for id_ in ids])
        with threadpool_limits(1):  # sums by several threads differ in their last digits
            model = make_pipeline(StandardScaler(), RidgeCV(_PENALTIES)).fit(inputs, months)
            committee = []
            if self.strategy == _DOUBT:
                rng = np.random.default_rng(self.draw.seed)
                for sample in rng.integers(0, len(ids), (_COMMITTEE, len(ids))):
                    member = make_pipeline(StandardScaler(), Ridge(model[-1].alpha_))
                    committee.append(member.fit(inputs[sample], months[sample]))
        return CommitteeRidge(model, tuple(committee))

    def measure(self, model: CommitteeRidge, ids: Sequence[str]) -> Array:
        """Return how far off the ages of hands are, months, shape (n_hands, 1)."""
        truth = np.array([self.ages[id_].boneage_months for id_ in ids])
        errors: Array = np.abs(_predict(model.model, self._inputs(self.pool, ids)) - truth)
        return errors[:, None]

    def ask(self, model: CommitteeRidge, pool: Pool) -> Signals:
        """Return the ages of the hands of a pool, and the spread of the committee's."""
        inputs = self._inputs(pool, pool.ids)
        ages = _predict(model.model, inputs)[:, None]
        doubts = np.full(len(pool.ids), np.nan)
        if model.committee:
            doubts = np.std([_predict(member, inputs) for member in model.committee], axis=0)
        return Signals({_DOUBT: doubts}, {"age": (ages,), "combined": (pool.features, ages)})

    def _inputs(self, pool: Pool, ids: Sequence[str]) -> Array:
        """Return the features and the sex of hands, shape (n_hands, n_features + 1)."""
        places = {id_: place for place, id_ in enumerate(pool.ids)}
        sexes = np.array([1.0 if self.ages[id_].sex == "M" else -1.0 for id_ in ids])
        return np.column_stack([pool.features[[places[id_] for id_ in ids]], sexes])


def _predict(model: Pipeline, inputs: Array) -> Array:
    with threadpool_limits(1):
        return np.asarray(model.predict(inputs), dtype=np.float64)
