"""Calibrating a model by hands that it has read: a lab's own offset and its own intervals."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boneage.imaging import AgeRecord, InvalidTable, Sex, read_ages
from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import to_plain_data
from boneage.imaging.tables import Table, read_table
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.model_file import load_model, save_model
from boneage.regression import Calibration, CalibrationHands, fit_calibration
from boneage.regression.estimates import measure_spread


@dataclass(frozen=True, eq=False)
class CalibratedModel:
    """What calibrating a model has made.

    Parameters
    ----------
    calibration : Calibration
    n_corrected : int
        Number of hands that chose the correction and the scale; others than the intervals were made from.
    remarks : tuple of str
        How many rows were left out, and why.
    """

    calibration: Calibration
    n_corrected: int
    remarks: tuple[str, ...] = ()


def calibrate_model(
    predicted: Path, truth: Path, model: Path, out: Path | None = None, *, offset: bool = True
) -> CalibratedModel:
    """Make the intervals of a model anew, by hands that it has read and whose ages are known.

    1. Leave out rows that were refused or have no known age.
    2. Correct the bias by one half of the hands, and make intervals from the other half.
    3. Write the model with them. A calibration that it held is replaced; its bias corrections stay, as the predicted
       ages were made with them.

    Parameters
    ----------
    predicted : Path
        ``ages.csv`` that this model wrote.
    truth : Path
        Known ages.
    model : Path
        The model's ``.boneage`` file; it is not changed.
    out : Path or None
        The file to write.
    offset : bool
        Whether the bias is corrected; if not, intervals are made from all hands and not scaled.

    Raises
    ------
    InvalidTable
        If a table cannot be read, the ages are of another model, or no hand is in both tables.
    InvalidModelFile
        If the model cannot be used.
    InvalidInput
        If hands were trained on, there are too few, or no bias correction fits them.
    """
    file = load_model(model, kind="pipeline")
    pipeline = BoneAgePipeline.from_model_file(model, file)
    table, known = read_table(predicted, needs=("bone_age_months", "model")), read_ages(truth)
    hands, remarks = _gather(table, known, pipeline.name, truth)
    remarks += _check_new(pipeline, hands, model)
    earlier = pipeline.calibration.corrections if pipeline.calibration is not None else ()
    others, rest = hands.halve() if offset else (None, hands)
    calibration = fit_calibration(rest, others=others, earlier=earlier)
    if out is not None:
        settings = {**file.settings, "calibration": to_plain_data(calibration)}
        save_model(out, dataclasses.replace(file, settings=settings))
    return CalibratedModel(calibration, 0 if others is None else len(others.ids), remarks)


def _check_new(pipeline: BoneAgePipeline, hands: CalibrationHands, model: Path) -> tuple[str, ...]:
    """Check that the age models were trained on none of the hands; return a remark if the localiser was."""
    trained = sorted(set(hands.ids) & pipeline.trained_ids)
    if trained:
        named = ", ".join(trained[:3]) + (", …" if len(trained) > 3 else "")
        raise InvalidInput(
            f"{model} was trained on {len(trained)} of these hands ({named}): calibrate by hands that are new to it"
        )
    n_located = len(set(hands.ids) & set(pipeline.summary.get("localiser", {}).get("ids", ())))
    better = "it may place their landmarks better than those of new ones"
    return (f"the localiser was trained on {n_located} of these hands: {better}",) if n_located else ()


def _gather(
    table: Table, known: Mapping[str, AgeRecord], model: str, truth: Path
) -> tuple[CalibrationHands, tuple[str, ...]]:
    """Return the hands that have a predicted and a known age, and remarks on those that lack one."""
    common = [id_ for id_ in table.rows if id_ in known]
    if not common:
        raise InvalidTable(table.path, f"has no id that {truth} knows")
    months = {id_: table.number(id_, "bone_age_months") for id_ in common}
    read = [id_ for id_ in common if months[id_] is not None]
    if not read:
        raise InvalidTable(table.path, f"has no age for any of the {len(common)} hands that {truth} knows")
    check_models(table, read, model)
    hands = CalibrationHands(
        tuple(read),
        tuple(_check_sex(table, id_, known[id_]) for id_ in read),
        np.array([months[id_] for id_ in read], np.float64),
        np.array([known[id_].boneage_months for id_ in read]),
        np.array([read_spread(table, id_) for id_ in read]),
    )
    counts = {
        f"rows have no age in {truth}": len(table.rows) - len(common),
        "hands were refused": len(common) - len(read),
        "hands have no ages of regions": int(np.isnan(hands.spreads_months).sum()),
    }
    return hands, tuple(f"{n} {words}" for words, n in counts.items() if n)


def check_models(table: Table, ids: Sequence[str], model: str) -> None:
    """Check that a model made the predictions of hands: digests are compared, so that a file may be renamed.

    Raises
    ------
    InvalidTable
        If another model made one.
    """
    for id_ in ids:
        stated = table.rows[id_].get("model", "")
        if stated.split(" ")[-1] != model.split(" ")[-1]:
            reason = f"the age is by the model {stated or 'of no name'}, not by {model}: predict with it first"
            raise InvalidTable(table.path, f"{table.place(id_)}: {reason}")


def read_sex(table: Table, id_: str) -> Sex | None:
    """Return the sex that a hand was read with, by ``ages.csv``."""
    stated = table.rows[id_].get("sex", "")
    return "F" if stated == "F" else "M" if stated == "M" else None


def _check_sex(table: Table, id_: str, known: AgeRecord) -> Sex | None:
    """Return the sex that a hand was read with; that of the other table must not contradict it."""
    sex = read_sex(table, id_)
    if sex and known.sex and sex != known.sex:
        raise InvalidTable(table.path, f"{table.place(id_)}: was read with sex {sex}, but the true one is {known.sex}")
    return sex


def read_spread(table: Table, id_: str) -> float:
    """Return how much the regions of a hand disagree, by ``ages.csv``; NaN if it has no regions."""
    names = [column.removeprefix("weight_") for column in table.columns if column.startswith("weight_")]
    weights = [table.number(id_, f"weight_{name}") or 0.0 for name in names]
    ages = [table.number(id_, f"age_{name}") for name in names]
    return measure_spread([math.nan if age is None else age for age in ages], weights)
