"""What one round of an age benchmark measured of one variant, and how it is kept."""

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
    """What a model that has not seen a hand says of it; NaN if it says nothing, with the reason."""

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
        Passes over the hands; 1 for what is no network.
    training_s : float
        In all.
    preparing_s, predicting_s : float
        For one hand: reading, locating and cutting it; and reading its age.
    peak_mb : float
        The process's memory at most, while it trained and predicted: other variants' hands are no longer in it.
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


def join_age_rounds(
    rounds: Sequence[AgeRound], known: Mapping[str, AgeRecord], part: Part = "test"
) -> tuple[AgeErrors | None, list[Prediction]]:
    """Return the errors of some rounds of one variant, and the hands it said nothing of.

    The errors are None if it said nothing of any hand.
    """
    asked = [told for measured in rounds for told in measured.predictions if told.part == part]
    said = [told for told in asked if not math.isnan(told.months)]
    silent = [told for told in asked if math.isnan(told.months)]
    if not said:
        return None, silent
    records = [known[told.id] for told in said]
    errors = AgeErrors(
        tuple(told.id for told in said),
        np.array([told.months for told in said]),
        np.array([record.boneage_months for record in records]),
        tuple(record.sex for record in records),
    )
    return errors, silent


def prediction_rows(rounds: Sequence[AgeRound], known: Mapping[str, AgeRecord]) -> Iterator[dict[str, object]]:
    """Yield a row for every hand of every round."""
    for measured in rounds:
        for told in measured.predictions:
            record, silent = known[told.id], math.isnan(told.months)
            cells = (
                measured.variant, measured.number, told.part, told.id, record.sex or "", f"{record.boneage_months:.2f}",
                "" if silent else f"{told.months:.2f}",
                "" if silent else f"{told.months - record.boneage_months:.2f}",
                told.reason,
            )  # fmt: skip
            yield dict(zip(PREDICTION_COLUMNS, cells, strict=True))


def save_round(path: Path, key: str, measured: AgeRound) -> None:
    """Write a round; ``key`` tells it from that of another benchmark."""
    save_measured(path, key, dataclasses.asdict(measured))


def load_round(path: Path, key: str) -> AgeRound | None:
    """Read a round; None if there is no such file.

    Raises
    ------
    UnusableOutput
        If the file is damaged, or holds a round of another benchmark.
    """
    return load_measured(path, key, _read_round)


def _read_round(data: Any) -> AgeRound:
    predictions = tuple(Prediction(**told) for told in data["predictions"])
    return AgeRound(**{**data, "predictions": predictions})
