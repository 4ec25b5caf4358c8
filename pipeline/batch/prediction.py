"""Assessing many files: one row and one picture each, whatever happens to the others."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import torch

from boneage.imaging import Modality, Sex, UnreadableScan, read_scan, scan_id, write_landmarks
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.processes import run_in_processes
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.quality import READS
from boneage.pipeline.storage.output import prepare_folder, write_table
from boneage.pipeline.visualisation.occlusion import draw_explanation
from boneage.pipeline.visualisation.overlay import draw_overlay

logger = logging.getLogger(__name__)


class OverlappingModels(InvalidInput):
    """Two models that read the same modality."""


@dataclass(frozen=True, eq=False)
class Job:
    """One file to assess.

    Parameters
    ----------
    path : Path
    sex : {"F", "M"} or None
        As the user gave it; the file's own is used where it is None.
    original_shape : tuple of int or None
        Set where the file is a resized copy.
    overlay, explanation : Path or None
        Where to draw it, and what its age rests on; not drawn if None.
    """

    path: Path
    sex: Sex | None = None
    original_shape: tuple[int, ...] | None = None
    overlay: Path | None = None
    explanation: Path | None = None


def predict_files(
    paths: Sequence[Path],
    models: Sequence[Path],
    out: Path,
    *,
    sexes: Mapping[str, Sex],
    sizes: Mapping[str, tuple[int, ...]],
    jobs: int = 1,
    explain: bool = False,
    follow: Callable[[Iterator[Assessment]], Iterable[Assessment]] = lambda results: results,
) -> list[Assessment]:
    """Assess each file with the model of its modality and write the results into ``out``.

    Writes ``ages.csv`` (a row a file), ``landmarks.csv`` (original pixels, hands with landmarks only; not if the model
    has no localiser) and ``overlays/<id>.png``; if asked for, also ``explanations/<id>.png`` for each hand with an
    age. Of two models, the one for volumes writes ``landmarks_mri.csv``. The results do not depend on ``jobs``.

    Parameters
    ----------
    paths : sequence of Path
        The files; those of one id are told apart by more of their path.
    models : sequence of Path
        Pipelines' ``.boneage`` files: one for radiographs, one for volumes, or both. A file that none of them reads is
        refused.
    out : Path
        Folder for the results; made if needed.
    sexes, sizes : mapping
        Sex and original shape (rows, columns) by id, where known.
    jobs : int
        Number of processes.
    explain : bool
        Whether to draw what each age rests on; see :meth:`BoneAgePipeline.explain`.
    follow : callable, optional
        Wraps the stream of results, e.g. to show progress.

    Returns
    -------
    list of Assessment
        In the order of ``paths``, without regions.

    Raises
    ------
    InvalidModelFile, OverlappingModels, UnusableOutput
        If a model cannot be used, two read the same modality, or the folder cannot be written to.
    """
    pipelines = load_models(models)
    folder = prepare_folder(out)
    pictures = prepare_folder(folder / "overlays")
    reasons = prepare_folder(folder / "explanations") if explain else None
    ids = name_files(paths)
    todo = [
        Job(
            path,
            sexes.get(scan_id(path)),
            sizes.get(scan_id(path)),
            pictures / f"{id_}.png",
            reasons / f"{id_}.png" if reasons else None,
        )
        for id_, path in zip(ids, paths, strict=True)
    ]
    calls = [partial(assess_file, models, job, id_) for job, id_ in zip(todo, ids, strict=True)]
    results = list(follow(run_in_processes(calls, jobs)))
    region_names = list(dict.fromkeys(name for pipeline in pipelines for name in pipeline.region_names))
    write_table(folder / "ages.csv", [result.row(region_names) for result in results])
    for pipeline in pipelines:
        located = {r.id: r.points for r in results if r.points is not None and r.model == pipeline.name}
        if pipeline.localiser is not None:
            name = "landmarks_mri.csv" if len(pipelines) > 1 and pipeline.modality == "mri" else "landmarks.csv"
            write_landmarks(folder / name, located, names=pipeline.localiser.names_)
    return results


def load_models(models: Sequence[Path]) -> list[BoneAgePipeline]:
    """Read models, each of which reads another modality.

    Raises
    ------
    InvalidModelFile
        If one cannot be used.
    OverlappingModels
        If two read the same modality.
    """
    pipelines = [_load_once(str(model)) for model in models]
    of_modality: dict[Modality, BoneAgePipeline] = {}
    for pipeline in pipelines:
        other = of_modality.setdefault(pipeline.modality, pipeline)
        if other is not pipeline:
            reads = READS[pipeline.modality]
            raise OverlappingModels(f"two models read {reads}, {other.name} and {pipeline.name}: give one of each kind")
    return pipelines


def assess_file(models: Sequence[Path], job: Job, id_: str) -> Assessment:
    """Read, assess and draw one file. Never raises for a file's sake: what goes wrong is its row's reason."""
    torch.set_num_threads(1)  # the same sums in the same order for any number of jobs
    try:
        scan = read_scan(job.path, job.original_shape)
        pipelines = [_load_once(str(model)) for model in models]
        pipeline = next((p for p in pipelines if p.modality == scan.modality), pipelines[0])
        result = pipeline.assess(scan, sex=job.sex, id_=id_, path=str(job.path))
    except UnreadableScan as error:
        return Assessment(id_, str(job.path), "refused", error.reason, job.sex)
    except Exception as error:  # a batch must outlive any one file
        logger.exception("unexpected error while assessing %s", job.path)
        return Assessment(id_, str(job.path), "refused", f"internal error: {error!r}", job.sex)
    if job.overlay is not None:
        draw_overlay(scan, result).save(job.overlay)
    if job.explanation is not None and result.regions:
        draw_explanation(scan, result, pipeline.explain(result)).save(job.explanation)
    return dataclasses.replace(result, regions=())


def name_files(paths: Sequence[Path]) -> list[str]:
    """Return an id for each file: that of :func:`scan_id`, or as much of its path as tells it from others of the same.

    Examples
    --------
    >>> name_files([Path("a/1.png"), Path("a/2.png"), Path("a/2.dcm"), Path("b/2.png")])
    ['1', 'a_2.png', '2.dcm', 'b_2.png']
    """
    ids = [scan_id(path) for path in paths]
    for depth in range(1, 1 + max((len(path.parts) for path in paths), default=0)):
        counts = Counter(ids)
        ids = ["_".join(p.parts[-depth:]) if counts[id_] > 1 else id_ for id_, p in zip(ids, paths, strict=True)]
    return ids


@lru_cache(maxsize=2)
def _load_once(model: str) -> BoneAgePipeline:
    return BoneAgePipeline.load(model)
