"""Hands read after every change of their pictures."""

from __future__ import annotations

import dataclasses
import math
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.benchmarks.stress.changes import UNCHANGED, select_changes
from boneage.evaluation.benchmarks.stress.geometry import restore_proportions
from boneage.evaluation.metrics import Reference, measure_landmarks
from boneage.imaging import Collection, Points, Scan, Sex, UnreadableScan
from boneage.imaging.demographics import Sexes
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import Status
from boneage.pipeline.batch.processes import one_torch_thread, run_in_processes
from boneage.pipeline.batch.tasks import make_tasks
from boneage.pipeline.located_hand import locate_hand
from boneage.pipeline.pipeline import BoneAgePipeline, load_localiser
from boneage.pipeline.storage.model_file import load_model

Array = NDArray[Any]

_NO_POINTS = Points((), np.empty((0, 2)))


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model answers to one picture; the age is NaN where there is none."""

    status: Status
    reason: str
    points: Points
    age_months: float = math.nan


@dataclass(frozen=True, eq=False)
class StressResult:
    """How one hand was read after one change of its picture.

    Parameters
    ----------
    id : str
    change : str
    status : {"ok", "flagged", "refused"}
    reason : str
    distances : ndarray of shape (n_landmarks,)
        In the unit of the errors; NaN where a landmark has no truth or is no longer in the picture, infinite where it
        was not found.
    percent_of_length : ndarray of shape (n_landmarks,)
        The same in percent of the largest distance between two true landmarks.
    age_months : float
        NaN where there is none.
    age_change_months : float
        From the age of the unchanged picture; NaN where one of the two is.
    seconds : float
        To read the picture, on one thread.
    """

    id: str
    change: str
    status: Status
    reason: str = ""
    distances: Array = field(default_factory=lambda: np.empty(0))
    percent_of_length: Array = field(default_factory=lambda: np.empty(0))
    age_months: float = math.nan
    age_change_months: float = math.nan
    seconds: float = math.nan


def run_stress_benchmark(
    collection: Collection,
    model: Path,
    *,
    kinds: Sequence[str] = (),
    sexes: Sexes = None,
    reference: Reference | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[StressResult]:
    """Read every hand of a collection after every change.

    The same hand is changed in the same way in every run.

    Parameters
    ----------
    collection : Collection
        Radiographs. Where it has a landmark table, only the hands in it are read, and its landmarks are the truth; else
        those found in the unchanged picture are.
    model : Path
        A pipeline, or a localiser alone.
    kinds : sequence of str
        Of changes; all if none is given.
    sexes : mapping of {"F", "M"}, or "F" or "M", or None
        As for :func:`~boneage.pipeline.batch.prediction_run.predict_to_folder`.
    reference : Reference, optional
        The unit of the errors; percent of the largest distance between two landmarks if not given.
    jobs : int
        Number of processes.
    progress : callable, optional

    Returns
    -------
    list of StressResult
        Hand by hand. A file that cannot be read is one refused result, ``unchanged``.

    Raises
    ------
    InvalidInput, InvalidModelFile
        If there is no change of a kind, the reference cannot be measured, or the model cannot be used.
    """
    select_changes(kinds)
    load_model(model)
    ids = collection.annotated_ids if collection.landmarks is not None else collection.ids
    tasks = make_tasks([collection.paths[id_] for id_ in ids], sexes=sexes, sizes={})
    calls = [
        partial(_stress_hand, collection.subset([id_]), model, tuple(kinds), task.sex, reference, task.fault)
        for id_, task in zip(ids, tasks, strict=True)
    ]
    results: list[StressResult] = []
    for of_hand in run_in_processes(calls, jobs, stage="reading changed hands", report=progress):
        results += of_hand
    return results


def _stress_hand(
    hand: Collection, model: Path, kinds: Sequence[str], sex: Sex | None, reference: Reference | None, fault: str
) -> list[StressResult]:
    """Read the one hand of a collection after every change."""
    (id_,) = hand.ids
    try:
        scan, annotated = hand.scan(id_), hand.points(id_)
    except UnreadableScan as error:
        fault = error.reason
    if not fault and scan.ndim == 3:
        fault = "is a volume; changes are made of radiographs"
    if fault:
        return [StressResult(id_, UNCHANGED, "refused", fault)]
    reader = _load_reader(model)
    scan, truth = restore_proportions(scan, annotated or _NO_POINTS)
    if annotated is None:
        truth = reader.read(scan, sex).points
    results: list[StressResult] = []
    for name, draw in select_changes(kinds).items():
        change = draw(np.random.default_rng(zlib.crc32(f"{id_} {name}".encode())))
        changed, moved = change.apply(scan, truth)
        start = time.perf_counter()
        reading = reader.read(changed, sex)
        seconds = time.perf_counter() - start
        distances, percent = _measure(id_, reading.points, moved, changed, reference)
        before = results[0].age_months if results else reading.age_months
        results.append(
            StressResult(
                id_, name, reading.status, reading.reason, distances, percent, reading.age_months,
                reading.age_months - before, seconds,
            )
        )  # fmt: skip
    return results


def _measure(id_: str, found: Points, truth: Points, scan: Scan, reference: Reference | None) -> tuple[Array, Array]:
    """Return distances in the unit of the errors and in percent of the length, NaN for what the picture lacks."""
    if not truth.present.any():
        return np.full(len(truth), np.nan), np.full(len(truth), np.nan)
    if not len(found):
        found = dataclasses.replace(truth, positions=np.full_like(truth.positions, np.nan))
    errors = measure_landmarks({id_: found}, {id_: truth}, reference)
    positions = truth.select(errors.names).positions
    inside = ((positions > -0.5) & (positions < np.array(scan.pixels.shape) - 0.5)).all(axis=1)
    percent = np.where(inside, errors.percent_of_length[0], np.nan)
    return (np.where(inside, errors.distances[0], np.nan) if reference else percent), percent


@dataclass(frozen=True, eq=False)
class _Reader:
    """A pipeline or a localiser alone, which is asked the same way."""

    model: BoneAgePipeline | ForestLocaliser

    def read(self, scan: Scan, sex: Sex | None) -> Reading:
        """Read one radiograph, on one thread."""
        with one_torch_thread():
            if isinstance(self.model, ForestLocaliser):
                located = locate_hand(scan, self.model)
                status: Status = "refused" if located.fault else "ok"
                return Reading(status, located.fault, located.points or _NO_POINTS)
            assessment = self.model.assess(scan, sex=sex)
        months = assessment.estimate.months if assessment.estimate else math.nan
        return Reading(assessment.status, assessment.reason, assessment.points or _NO_POINTS, months)


@lru_cache(maxsize=1)
def _load_reader(model: Path) -> _Reader:
    """Return the reader of a model file, which has read a phantom: no time that is measured includes compilation."""
    is_pipeline = load_model(model).kind == "pipeline"
    reader = _Reader(BoneAgePipeline.load(model) if is_pipeline else load_localiser(model)[0])
    reader.read(draw_phantom_hand(np.random.default_rng(0), sex="F", age_months=120, shape=(300, 240)).scan, "F")
    return reader
