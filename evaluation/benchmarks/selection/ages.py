"""Strategies measured by age models: ridge regressions on the features that pictures are described by."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from boneage.evaluation.benchmarks.selection.measurement import ErrorScale, StrategyTask
from boneage.imaging import AgeRecord
from boneage.pipeline.selection import Pool, Signals
from boneage.regression.baselines import FEATURE_PENALTIES, SEX_CODES, fit_ridge

Array = NDArray[np.float64]

AGE_SCALE = ErrorScale(cap=120.0, far=24.0)
"""In months."""

_COMMITTEE = 8
_DOUBT = "disagreement"


@dataclass(frozen=True, eq=False)
class RidgeOfHands:
    """A ridge regression, and what it was fitted on.

    Parameters
    ----------
    model : Pipeline
    inputs : ndarray of shape (n_hands, n_features + 1)
    months : ndarray of shape (n_hands,)
    """

    model: Pipeline
    inputs: Array
    months: Array


@dataclass(frozen=True, eq=False)
class AgeTask(StrategyTask[RidgeOfHands]):
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
        """Return that regressions are fitted, the size of the committee, and the age and sex of all hands."""
        return ["ridge", _COMMITTEE, [dataclasses.asdict(self.ages[id_]) for id_ in self.pool.ids]]

    def train(self, ids: tuple[str, ...]) -> RidgeOfHands:
        """Return the regression of hands of known age; the penalty is chosen by leave-one-out."""
        inputs = self._inputs(self.pool, ids)
        months = np.array([self.ages[id_].boneage_months for id_ in ids])
        with threadpool_limits(1):  # sums by several threads differ in their last digits
            return RidgeOfHands(fit_ridge(inputs, months, FEATURE_PENALTIES), inputs, months)

    def measure(self, model: RidgeOfHands, ids: Sequence[str]) -> Array:
        """Return how far off the ages of hands are, months, shape (n_hands, 1)."""
        truth = np.array([self.ages[id_].boneage_months for id_ in ids])
        errors: Array = np.abs(_predict(model.model, self._inputs(self.pool, ids)) - truth)
        return errors[:, None]

    def ask(self, model: RidgeOfHands, pool: Pool) -> Signals:
        """Return the ages of the hands of a pool, and the spread of the committee's."""
        inputs = self._inputs(pool, pool.ids)
        ages = _predict(model.model, inputs)[:, None]
        doubts = {}
        if self.strategy == _DOUBT:
            doubts[_DOUBT] = np.std(self._ask_committee(model, inputs), axis=0)
        return Signals(doubts, {"age": (ages,), "combined": (pool.features, ages)})

    def _ask_committee(self, model: RidgeOfHands, inputs: Array) -> list[Array]:
        """Return the ages by regressions of the same penalty, each on a bootstrap sample of the hands."""
        rng, n = np.random.default_rng(self.draw.seed), len(model.months)
        answers = []
        for sample in rng.integers(0, n, (_COMMITTEE, n)):
            with threadpool_limits(1):
                member = make_pipeline(StandardScaler(), Ridge(model.model[-1].alpha_))
                member.fit(model.inputs[sample], model.months[sample])
            answers.append(_predict(member, inputs))
        return answers

    def _inputs(self, pool: Pool, ids: Sequence[str]) -> Array:
        """Return the features and the sex of hands, shape (n_hands, n_features + 1)."""
        places = {id_: place for place, id_ in enumerate(pool.ids)}
        sexes = [SEX_CODES[self.ages[id_].sex] for id_ in ids]
        return np.column_stack([pool.features[[places[id_] for id_ in ids]], sexes])


def _predict(model: Pipeline, inputs: Array) -> Array:
    with threadpool_limits(1):
        return np.asarray(model.predict(inputs), dtype=np.float64)
