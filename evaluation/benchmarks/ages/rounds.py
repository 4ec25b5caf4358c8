"""What one round of an age benchmark measured of one variant, and the file that stores it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from boneage.evaluation.benchmarks.checkpoint import load_measured, save_measured
from boneage.evaluation.metrics import AgeErrors
from boneage.imaging import AgeRecord

Part = Literal["test", "validation"]

PREDICTION_COLUMNS = (
    "variant", "fold", "part", "id", "sex", "boneage_months", "bone_age_months", "error_months", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Prediction:
    """The age that a model predicts of a hand it was not trained on; NaN, with the reason, if it predicts none."""

    id: str
    part: Part
    months: float
    reason: str = ""


@dataclass(frozen=True)
class AgeRound:
    """What one round measured of one variant.

    Parameters
    ----------
    variant : str
    number : int
    predictions : tuple of Prediction
    n_train : int
        Hands trained on.
    n_parameters : int
        Numbers learnt.
    epochs : int
        Passes over the hands; 1 for models that are no network.
    training_s : float
        In all.
    preparing_s, predicting_s : float
        For one hand: reading, locating and cropping it; and predicting its age.
    peak_mb : float
        The largest memory of the process while it trained and predicted; other variants' hands are not in it.
    commit : str
        Of the code that measured it; see :func:`~boneage.evaluation.benchmarks.provenance.name_commit`.
    """

    variant: str
    number: int
    predictions: tuple[Prediction, ...]
    n_train: int
    n_parameters: int
    epochs: int
    training_s: float
    preparing_s: float
    predicting_s: float
    peak_mb: float
    commit: str


def join_age_rounds(
    rounds: Sequence[AgeRound], known: Mapping[str, AgeRecord], part: Part = "test"
) -> tuple[AgeErrors | None, list[Prediction]]:
    """Return the errors of some rounds of one variant, and the predictions without an age.

    The errors are None if no hand has a predicted age.
    """
    predictions = [prediction for measured in rounds for prediction in measured.predictions if prediction.part == part]
    aged = [prediction for prediction in predictions if not math.isnan(prediction.months)]
    unread = [prediction for prediction in predictions if math.isnan(prediction.months)]
    if not aged:
        return None, unread
    records = [known[prediction.id] for prediction in aged]
    errors = AgeErrors(
        tuple(prediction.id for prediction in aged),
        np.array([prediction.months for prediction in aged]),
        np.array([record.boneage_months for record in records]),
        tuple(record.sex for record in records),
    )
    return errors, unread


def prediction_rows(rounds: Sequence[AgeRound], known: Mapping[str, AgeRecord]) -> Iterator[dict[str, object]]:
    """Yield a row for every hand of every round."""
    for measured in rounds:
        for prediction in measured.predictions:
            record, unread = known[prediction.id], math.isnan(prediction.months)
            cells = (
                measured.variant, measured.number, prediction.part, prediction.id, record.sex or "",
                f"{record.boneage_months:.2f}",
                "" if unread else f"{prediction.months:.2f}",
                "" if unread else f"{prediction.months - record.boneage_months:.2f}",
                prediction.reason,
            )  # fmt: skip
            yield dict(zip(PREDICTION_COLUMNS, cells, strict=True))


def describe_commits(rounds: Sequence[AgeRound]) -> str:
    """Name the commits of the code that measured some rounds.

    Returns
    -------
    str
        Such as ``rounds of commit abc1234`` or ``rounds of commits abc1234, def5678 with changes``.
    """
    commits = list(dict.fromkeys(measured.commit.removeprefix("commit ") for measured in rounds))
    return f"rounds of commit{'s' if len(commits) > 1 else ''} {', '.join(commits)}"


def save_round(path: Path, key: str, measured: AgeRound) -> None:
    """Write a round; another benchmark has another ``key``."""
    save_measured(path, key, dataclasses.asdict(measured))


def load_round(path: Path, key: str) -> AgeRound | None:
    """Read a round; None if there is no such file, or other code measured it.

    Raises
    ------
    UnusableOutput
        If the file is damaged, or holds a round of another benchmark.
    """
    return load_measured(path, key, _read_round)


def _read_round(data: Any) -> AgeRound:
    predictions = tuple(Prediction(**fields) for fields in data["predictions"])
    return AgeRound(**{**data, "predictions": predictions})
