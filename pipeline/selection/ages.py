"""Which hands to have read next, by what age models doubt in them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Collection, Sex
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.processes import one_torch_thread, run_in_processes
from boneage.pipeline.pipeline import BoneAgePipeline, load_pipeline
from boneage.pipeline.selection.pool import Pool
from boneage.pipeline.selection.strategies import PICTURE_STRATEGIES, Signals
from boneage.regression.selection import predict_views

AGE_STRATEGIES = (*PICTURE_STRATEGIES, "disagreement", "age", "combined")
"""``age`` covers the predicted ages; ``combined`` covers ages and pictures together."""


def open_age_models(model: Path) -> ModelReference:
    """Check a pipeline's file, and return the reference by which processes read it.

    Raises
    ------
    InvalidModelFile
        If it cannot be used.
    """
    reference = ModelReference.of(model)
    reference.load(load_pipeline)
    return reference


def ask_age_models(
    age_models: ModelReference,
    collection: Collection,
    pool: Pool,
    *,
    sexes: Mapping[str, Sex] | None = None,
    jobs: int = 1,
    report: Progress | None = None,
) -> Signals:
    """Return the ages that a pipeline's models give to the pictures of a pool, and how much their views disagree.

    Parameters
    ----------
    age_models : ModelReference
        Of :func:`open_age_models`.
    collection : Collection
        The pool's.
    pool : Pool
    sexes : mapping of {"F", "M"}, optional
        By id; those of the age table and of the files are used where it has none.
    jobs : int
        Number of processes; the result is the same for any.
    report : callable, optional

    Raises
    ------
    InvalidModelFile
        If the file has changed.
    InvalidInput
        If it reads none of the pictures.
    """
    known = {id_: record.sex for id_, record in collection.ages.items() if record.sex} | dict(sexes or {})
    calls = [partial(_view_file, age_models, collection.paths[id_], known.get(id_)) for id_ in pool.ids]
    months, doubts, silent = np.full(len(pool.ids), np.nan), np.full(len(pool.ids), np.nan), {}
    for place, outcome in enumerate(run_in_processes(calls, jobs, stage="reading ages", report=report)):
        if isinstance(outcome, str):
            silent[pool.ids[place]] = outcome
        else:
            months[place], doubts[place] = outcome.mean(), outcome.std()
    if np.isnan(months).all():
        raise InvalidInput(f"the model reads no picture of the pool, such as {pool.ids[0]}: {silent[pool.ids[0]]}")
    ages = months[:, None]
    return Signals({"disagreement": doubts}, {"age": (ages,), "combined": (pool.features, ages)}, silent)


def _view_file(reference: ModelReference, path: Path, sex: Sex | None) -> NDArray[np.float64] | str:
    """Return the ages in months of all views of a hand, by all age models; the reason if it has none."""
    pipeline: BoneAgePipeline = reference.load(load_pipeline)
    with one_torch_thread():
        assessment = pipeline.assess(path, sex=sex)
        if assessment.estimate is None:
            return assessment.reason
        ages = [
            predict_views(age_model.regressor, [stack], [assessment.sex])[:, 0]
            for age_model, stack in zip(pipeline.age_models, assessment.regions, strict=True)
            if stack is not None
        ]
    views = np.concatenate(ages)
    return views[~np.isnan(views)] if not np.isnan(views).all() else "the age models give its views no age"
