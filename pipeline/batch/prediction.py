"""The bone age of many files: one row and one picture each, or one for each hand."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from boneage.imaging import Modality, Scan
from boneage.imaging.demographics import Sexes
from boneage.imaging.errors import InvalidInput, InvalidModelFile
from boneage.imaging.identifiers import name_part
from boneage.imaging.progress import Progress
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.folder import FileTask, Output, make_tasks, run_folder, write_points
from boneage.pipeline.batch.processes import one_torch_thread
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.quality import READS
from boneage.pipeline.storage.output import name_output, prepare_folder, write_picture, write_table
from boneage.pipeline.visualisation.occlusion import draw_explanation
from boneage.pipeline.visualisation.overlay import draw_overlay
from boneage.regression.calibration import DEFAULT_LEVEL, check_level

Pipelines = Sequence[BoneAgePipeline]


class OverlappingModels(InvalidInput):
    """Two models that read the same modality."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Assesses files with the model of their modality; a :class:`~boneage.pipeline.batch.folder.FileProcessor`.

    Parameters
    ----------
    load : callable
        Returns the models; it, not they, travels to other processes.
    overlays : Path
        Folder of the overlays.
    explanations : Path or None
        Folder of the pictures of what each age rests on; none are drawn if None.
    ids : frozenset of str
        Of all files; the hands of one file get others.
    level : float
        Of the intervals.
    """

    load: Callable[[], Pipelines]
    overlays: Path
    explanations: Path | None = None
    ids: frozenset[str] = frozenset()
    level: float = DEFAULT_LEVEL

    def split_hands(self, task: FileTask, scan: Scan) -> list[tuple[FileTask, Scan]]:
        """Return each hand of a picture, from left to right; the second one's id is that of the file and ``#2``."""
        hands = enumerate(self._choose(scan).split_hands(scan), start=1)
        return [(dataclasses.replace(task, id=name_part(task.id, k, self.ids)), hand) for k, hand in hands]

    def refuse(self, task: FileTask, reason: str) -> Assessment:
        """Return a refused assessment."""
        return Assessment(task.id, str(task.path), "refused", reason, task.sex)

    def process(self, task: FileTask, scan: Scan) -> Assessment:
        """Assess a scan, on one thread: the same sums in the same order for any number of jobs."""
        with one_torch_thread():
            pipeline = self._choose(scan)
            return pipeline.assess(scan, sex=task.sex, id_=task.id, path=str(task.path), level=self.level)

    def outputs(self, task: FileTask, scan: Scan, result: Assessment) -> list[Output]:
        """Return the overlay, and the explanation of a hand with an age if it is asked for."""

        def draw() -> None:
            write_picture(self.overlays / name_output(task.id, ".png"), draw_overlay(scan, result))

        def explain() -> None:
            if self.explanations is not None:
                with one_torch_thread():
                    occlusions = self._choose(scan).explain(result)
                picture = draw_explanation(scan, result, occlusions)
                write_picture(self.explanations / name_output(task.id, ".png"), picture)

        return [("overlay", draw), *([("explanation", explain)] if result.regions else [])]

    def finish(self, result: Assessment, remarks: Sequence[str]) -> Assessment:
        """Return the assessment with remarks, without its crops."""
        return result.with_remarks(remarks).without_regions()

    def _choose(self, scan: Scan) -> BoneAgePipeline:
        pipelines = self.load()
        return next((p for p in pipelines if p.modality == scan.modality), pipelines[0])


def predict_files(
    paths: Sequence[Path],
    models: Sequence[Path],
    out: Path,
    *,
    sexes: Sexes,
    sizes: Mapping[str, tuple[int, ...]],
    jobs: int = 1,
    explain: bool = False,
    all_hands: bool = False,
    level: float = DEFAULT_LEVEL,
    progress: Progress | None = None,
) -> list[Assessment]:
    """Assess each file with the model of its modality and write the results into ``out``.

    Writes ``ages.csv`` (a row a file), ``landmarks.csv`` (original pixels, hands with landmarks only; not if the model
    has no localiser) and ``overlays/<id>.png``; if asked for, also ``explanations/<id>.png`` for each hand with an
    age. Of two models, the one for volumes writes ``landmarks_mri.csv``. The results do not depend on ``jobs``.

    Parameters
    ----------
    paths : sequence of Path
        The files; those that share an id are named by more of their path.
    models : sequence of Path
        Pipelines' ``.boneage`` files: one for radiographs, one for volumes, or both. A file that none of them reads is
        refused.
    out : Path
        Folder for the results; made if needed.
    sexes, sizes : mapping
        Sex and original shape (rows, columns) by id or path, where known; ``sexes`` may be one sex for all files.
    jobs : int
        Number of processes.
    explain : bool
        Whether to draw what each age rests on; see :meth:`BoneAgePipeline.explain`.
    all_hands : bool
        Whether each hand of a picture with several is read by itself, the second as ``<id>#2``, from left to right.
    level : float
        Of the intervals: the part of new hands whose age lies within.
    progress : callable, optional

    Returns
    -------
    list of Assessment
        In the order of ``paths``, without regions; one of each file, or of each hand.

    Raises
    ------
    InvalidModelFile, OverlappingModels, UnusableOutput
        If a model cannot be used, two read the same modality, or the folder cannot be written to.
    InvalidInput
        If the level is not between 0 and 1.
    """
    check_level(level)
    with _open_models(models, jobs if len(paths) > 1 else 1) as load:
        pipelines = load()
        folder = prepare_folder(out)
        explanations = prepare_folder(folder / "explanations") if explain else None
        tasks = make_tasks(paths, sexes=sexes, sizes=sizes)
        ids = frozenset(task.id for task in tasks)
        processor = Prediction(load, prepare_folder(folder / "overlays"), explanations, ids, level)
        split = processor.split_hands if all_hands else None
        results = run_folder(processor, tasks, stage="reading hands", jobs=jobs, progress=progress, split=split)
    _write_tables(folder, pipelines, results)
    return results


def describe_missing_intervals(results: Sequence[Assessment]) -> list[str]:
    """Return why ages have no interval, and how many of them for each reason."""
    intervals = (result.estimate.interval for result in results if result.estimate is not None)
    counts = Counter(interval.reason for interval in intervals if interval is not None and interval.reason)
    return [f"no interval for {n} age{'s' if n > 1 else ''}: {reason}" for reason, n in counts.items()]


def load_models(models: Sequence[Path]) -> list[BoneAgePipeline]:
    """Read models, each of which reads another modality.

    Raises
    ------
    InvalidModelFile
        If one cannot be used.
    OverlappingModels
        If two read the same modality.
    """
    pipelines = [BoneAgePipeline.load(model) for model in models]
    of_modality: dict[Modality, BoneAgePipeline] = {}
    for pipeline in pipelines:
        other = of_modality.setdefault(pipeline.modality, pipeline)
        if other is not pipeline:
            reads = READS[pipeline.modality]
            raise OverlappingModels(f"two models read {reads}, {other.name} and {pipeline.name}: give one of each kind")
    return pipelines


@contextmanager
def _open_models(models: Sequence[Path], jobs: int) -> Iterator[Callable[[], Pipelines]]:
    """Yield what returns the models, in this process and in others.

    Other processes read copies of the files, made once, so that all have the same models even if a file is written anew
    meanwhile; this process reads the same copies then.
    """
    if jobs == 1:
        pipelines = load_models(models)
        yield lambda: pipelines
        return
    with tempfile.TemporaryDirectory(prefix="boneage-") as folder:
        copies = tuple(Path(folder) / str(k) / model.name for k, model in enumerate(models))
        for model, copy in zip(models, copies, strict=True):
            copy.parent.mkdir()
            try:
                shutil.copyfile(model, copy)
            except OSError as error:
                raise InvalidModelFile(model, f"cannot be read ({error.strerror})") from error
        try:
            _load_copies(copies)
        except InvalidModelFile as error:
            raise InvalidModelFile(models[copies.index(error.path)], error.reason) from error
        yield partial(_load_copies, copies)


@lru_cache(maxsize=1)
def _load_copies(copies: tuple[Path, ...]) -> Pipelines:
    return load_models(copies)


def _write_tables(folder: Path, pipelines: Pipelines, results: Sequence[Assessment]) -> None:
    region_names = list(dict.fromkeys(name for pipeline in pipelines for name in pipeline.region_names))
    write_table(folder / "ages.csv", [result.row(region_names) for result in results])
    for pipeline in pipelines:
        located = {r.id: r.points for r in results if r.points is not None and r.model == pipeline.name}
        if pipeline.localiser is not None:
            name = "landmarks_mri.csv" if len(pipelines) > 1 and pipeline.modality == "mri" else "landmarks.csv"
            write_points(folder / name, located, pipeline.localiser.names_)
