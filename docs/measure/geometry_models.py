"""Which regression reads an age best from the geometry of a hand: several on the same features and folds.

Usage: python docs/measure/geometry_models.py LANDMARKS.csv AGES.csv
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from boneage.evaluation.reports.text_table import draw_table
from boneage.imaging import fold_ids, read_ages, read_landmarks
from boneage.pipeline.training.crops import build_dataset_from_tables
from boneage.pipeline.training.dataset import AgeDataset
from boneage.regression import GeometryRegressor

GAMMAS = [3e-4, 1e-3, 3e-3]


def search(model: Any, grid: dict[str, list[float]]) -> GridSearchCV:
    """Return a model whose settings are chosen by three folds within its training set."""
    return GridSearchCV(model, grid, scoring="neg_mean_absolute_error", cv=3)


MODELS: dict[str, Callable[[], Any]] = {
    "ridge": lambda: RidgeCV(np.logspace(-1, 4, 11)),
    "kernel ridge (rbf)": lambda: search(KernelRidge(kernel="rbf"), {"alpha": [0.03, 0.1, 0.3], "gamma": GAMMAS}),
    "support vectors (rbf)": lambda: search(SVR(epsilon=2.0), {"C": [30.0, 100.0, 300.0], "gamma": GAMMAS}),
    "gradient boosting": lambda: GradientBoostingRegressor(
        n_estimators=300, learning_rate=0.05, subsample=0.5, max_features=0.2, loss="huber", random_state=0
    ),
}


def describe(regressor: GeometryRegressor, hands: AgeDataset[Any]) -> np.ndarray:
    """Return the features of hands, shape (n_hands, n_features)."""
    rows = [regressor.describe_hand(hand, sex) for hand, sex in zip(hands.inputs, hands.sexes, strict=True)]
    return np.stack([row for row in rows if not isinstance(row, str)])


def compare(hands: AgeDataset[Any], folds: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return the mean absolute error of each model over all folds, in months."""
    errors: dict[str, list[float]] = {name: [] for name in MODELS}
    for fold in folds:
        train, test = hands.among(set(hands.ids) - set(fold)), hands.among(fold)
        regressor = GeometryRegressor().fit(train.inputs, train.ages_months, train.sexes)
        known, new = describe(regressor, train), describe(regressor, test)
        for name, make in MODELS.items():
            model = make_pipeline(StandardScaler(), make()).fit(known, train.ages_months)
            errors[name] += np.abs(model.predict(new) - test.ages_months).tolist()
    return {name: float(np.mean(values)) for name, values in errors.items()}


def main() -> None:
    """Print a table."""
    hands = build_dataset_from_tables(read_landmarks(Path(sys.argv[1])), read_ages(Path(sys.argv[2])))
    mads = compare(hands, fold_ids(hands.ids, 5, 0))
    print(draw_table(["model", "MAD, months"], [[name, f"{mad:.2f}"] for name, mad in mads.items()]))


if __name__ == "__main__":
    main()
