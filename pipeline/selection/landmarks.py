"""Which hands to annotate with landmarks next, by what a localiser doubts in them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from boneage.imaging import Collection, LandmarkTable, read_scan
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.imaging.selection import rank_together
from boneage.landmarks.selection import CRITERIA, LocalisationDoubt, weigh_doubt
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.processes import run_in_processes
from boneage.pipeline.pipeline import load_localiser
from boneage.pipeline.quality import find_modality_mismatch, modality_of
from boneage.pipeline.selection.pool import Pool
from boneage.pipeline.selection.strategies import PICTURE_STRATEGIES, Signals

LANDMARK_STRATEGIES = (*PICTURE_STRATEGIES, *CRITERIA, "combined", "pose")
"""``combined`` ranks by all three criteria; ``pose`` covers how fingers lie."""


def open_localiser(model: Path, annotated: LandmarkTable | None = None) -> ModelReference:
    """Check a model file, and return the reference by which processes read it.

    Parameters
    ----------
    model : Path
        A trained localiser, or a pipeline that has one.
    annotated : LandmarkTable, optional
        The landmarks of the hands that are annotated already.

    Raises
    ------
    InvalidModelFile
        If it cannot be used.
    InvalidInput
        If it finds none of the annotated landmarks.
    """
    reference = ModelReference.of(model)
    localiser, _ = reference.load(load_localiser)
    if annotated is not None and not set(annotated.names) & set(localiser.names_):
        raise InvalidInput(
            f"the model finds other landmarks, such as {localiser.names_[0]}, than {annotated.path.name} has, such as "
            f"{annotated.names[0]}"
        )
    return reference


def ask_localiser(
    localiser: ModelReference,
    collection: Collection,
    pool: Pool,
    *,
    jobs: int = 1,
    report: Progress | None = None,
) -> Signals:
    """Return what a localiser doubts in the pictures of a pool.

    Parameters
    ----------
    localiser : ModelReference
        Of :func:`open_localiser`.
    collection : Collection
        The pool's.
    pool : Pool
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
    calls = [partial(_weigh_file, localiser, collection.paths[id_]) for id_ in pool.ids]
    return join_doubts(pool, list(run_in_processes(calls, jobs, stage="locating landmarks", report=report)))


def join_doubts(pool: Pool, doubts: Sequence[LocalisationDoubt | str]) -> Signals:
    """Return the doubts of all pictures of a pool as signals; of those that were not located, the reason."""
    silent = {id_: doubt for id_, doubt in zip(pool.ids, doubts, strict=True) if isinstance(doubt, str)}
    weighed = [doubt for doubt in doubts if isinstance(doubt, LocalisationDoubt)]
    if not weighed:
        raise InvalidInput(f"the model reads no picture of the pool, such as {pool.ids[0]}: {silent[pool.ids[0]]}")
    n_numbers = len(weighed[0].posture)
    nothing = LocalisationDoubt(np.nan, np.nan, np.nan, np.full(n_numbers, np.nan))
    every = [nothing if isinstance(doubt, str) else doubt for doubt in doubts]
    criteria = {name: np.array([getattr(doubt, name) for doubt in every]) for name in CRITERIA}
    criteria["combined"] = rank_together(list(criteria.values()))
    return Signals(criteria, {"pose": (np.stack([doubt.posture for doubt in every]),)}, silent)


def _weigh_file(reference: ModelReference, path: Path) -> LocalisationDoubt | str:
    localiser, _ = reference.load(load_localiser)
    scan = read_scan(path)
    return find_modality_mismatch(scan, modality_of(localiser.ndim)) or weigh_doubt(localiser, scan)
