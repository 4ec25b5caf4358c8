"""The bone age of many files: one row and one picture each, or one for each hand."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boneage.imaging import Modality, Scan
from boneage.imaging.demographics import Sexes
from boneage.imaging.errors import InvalidInput
from boneage.imaging.identifiers import name_part
from boneage.imaging.progress import Progress
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.age_exports import list_age_exports
from boneage.pipeline.batch.anonymous_ids import anonymise_tasks, hide_names
from boneage.pipeline.batch.file_processing import Output
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.processes import one_torch_thread
from boneage.pipeline.batch.run import RunOptions, run_files
from boneage.pipeline.batch.stored_results import StoredResults
from boneage.pipeline.batch.tasks import FileTask, make_tasks
from boneage.pipeline.pages.index import CASES, THUMBNAILS, write_case
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.quality import READS
from boneage.pipeline.storage.assessment_json import assessment_from_json, assessment_to_json
from boneage.pipeline.storage.output import name_output, prepare_folder, write_picture
from boneage.pipeline.storage.parquet import check_parquet
from boneage.pipeline.visualisation.occlusion import draw_explanation
from boneage.pipeline.visualisation.overlay import draw_overlay
from boneage.regression.calibration import DEFAULT_LEVEL, check_level

Pipelines = Sequence[BoneAgePipeline]


class OverlappingModels(InvalidInput):
    """Two models that read the same modality."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Assesses files with the model of their modality; a :class:`~boneage.pipeline.batch.outcome.StoredProcessor`.

    Parameters
    ----------
    models : tuple of ModelReference
    overlays : Path
        Folder of the overlays.
    explanations : Path or None
        Folder of the pictures of what each age rests on; none are drawn if None.
    all_hands : bool
        Whether each hand of a picture with several is read by itself.
    ids : frozenset of str
        Of all files; the hands of one file get others.
    level : float
        Of the intervals.
    pages : Path or None
        Folder of the index that each hand has a page beside; no pages are written if None.
    identifiers : bool
        Whether a page has the patient's name, number and dates, where the file is DICOM.
    anonymous : bool
        Whether the names of files are to be left out of what results say.
    """

    models: tuple[ModelReference, ...]
    overlays: Path
    explanations: Path | None = None
    all_hands: bool = False
    ids: frozenset[str] = frozenset()
    level: float = DEFAULT_LEVEL
    pages: Path | None = None
    identifiers: bool = False
    anonymous: bool = False

    def prepare(self) -> None:
        """Load the models."""
        self._load()

    def split(self, task: FileTask, scan: Scan) -> list[tuple[FileTask, Scan]]:
        """Return each hand of a picture, from left to right; the second one's id is that of the file and ``#2``."""
        if not self.all_hands:
            return [(task, scan)]
        hands = enumerate(self._choose(scan).split_hands(scan), start=1)
        return [(dataclasses.replace(task, id=name_part(task.id, k, self.ids)), hand) for k, hand in hands]

    def refuse(self, task: FileTask, reason: str) -> Assessment:
        """Return a refused assessment."""
        months = math.nan if task.chronological_months is None else task.chronological_months
        reason = self._hide_names(reason, task)
        return Assessment(task.id, task.name, "refused", reason, task.sex, chronological_months=months)

    def process(self, task: FileTask, scan: Scan) -> Assessment:
        """Assess a scan, on one thread: the same sums in the same order for any number of jobs."""
        with one_torch_thread():
            pipeline = self._choose(scan)
            result = pipeline.assess(
                scan,
                sex=task.sex,
                id_=task.id,
                path=task.name,
                level=self.level,
                chronological_months=task.chronological_months,
            )
        return dataclasses.replace(result, reason=self._hide_names(result.reason, task))

    def outputs(self, task: FileTask, scan: Scan, result: Assessment) -> list[Output]:
        """Return the overlay, and where they are asked for the page, and the explanation of a hand with an age."""

        def draw() -> None:
            write_picture(self.overlays / name_output(task.id, ".png"), draw_overlay(scan, result))

        def explain() -> None:
            if self.explanations is not None:
                with one_torch_thread():
                    occlusions = self._choose(scan).explain(result)
                picture = draw_explanation(scan, result, occlusions)
                write_picture(self.explanations / name_output(task.id, ".png"), picture)

        def write_page() -> None:
            if self.pages is not None:
                identifiers = _read_identifiers(task.path) if self.identifiers else {}
                write_case(self.pages, scan, result.with_remarks(task.remarks(scan)), identifiers)

        return [("overlay", draw), ("page", write_page), *([("explanation", explain)] if result.regions else [])]

    def finish(self, result: Assessment, remarks: Sequence[str]) -> Assessment:
        """Return the assessment with remarks, without its crops."""
        return result.with_remarks(remarks).without_regions()

    def to_json(self, result: Assessment) -> dict[str, Any]:
        """Return the assessment as JSON data."""
        return assessment_to_json(result)

    def _hide_names(self, text: str, task: FileTask) -> str:
        return hide_names(text, task) if self.anonymous else text

    def _choose(self, scan: Scan) -> BoneAgePipeline:
        pipelines = self._load()
        return next((p for p in pipelines if p.modality == scan.modality), pipelines[0])

    def _load(self) -> Pipelines:
        return [reference.load(BoneAgePipeline.load) for reference in self.models]


def predict_files(
    paths: Sequence[Path],
    models: Sequence[Path],
    out: Path,
    *,
    sexes: Sexes,
    sizes: Mapping[str, tuple[int, ...]],
    jobs: int = 1,
    chronological_ages: Mapping[str, float] | None = None,
    explain: bool = False,
    pages: bool = False,
    identifiers: bool = False,
    key: Path | None = None,
    all_hands: bool = False,
    level: float = DEFAULT_LEVEL,
    parquet: bool = False,
    progress: Progress | None = None,
    options: RunOptions | None = None,
) -> StoredResults[Assessment]:
    """Assess each file with the model of its modality and write the results into ``out``.

    Results go into ``results.sqlite`` as they come: a run that was stopped goes on where it was, and reads anew what
    has changed. At the end it writes ``ages.csv`` (a row a file), ``ages.jsonl`` (the same with landmarks),
    ``landmarks.csv`` (original pixels, hands with landmarks only; not if the model has no localiser) and
    ``timings.csv``; as files are read, ``overlays/<id>.png`` and, if asked for, ``explanations/<id>.png`` for each
    hand with an age. Of two models, the one for volumes writes ``landmarks_mri.csv``. The results do not depend on
    ``jobs``.

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
        Number of processes. Of one, a few files are read in this process, which one that crashes it would end.
    chronological_ages : mapping of float, optional
        In months, by id or path, for the comparison with healthy children; those of the files where not given.
    explain : bool
        Whether to draw what each age rests on; see :meth:`BoneAgePipeline.explain`.
    pages : bool
        Whether to write ``index.html`` and a page for each hand, ``cases/<id>.html``.
    identifiers : bool
        Whether pages have the patient's name and number and the dates of birth and study, where a file is DICOM. No
        table has them in any case.
    key : Path, optional
        A table of ``id,file`` to keep the names of files in; results have numbers in their place then.
    all_hands : bool
        Whether each hand of a picture with several is read by itself, the second as ``<id>#2``, from left to right.
    level : float
        Of the intervals: the part of new hands whose age lies within.
    parquet : bool
        Whether ``ages.parquet`` is written too: the rows of ``ages.csv`` with types.
    progress : callable, optional
    options : RunOptions, optional

    Returns
    -------
    sequence of Assessment
        In the order of ``paths``, without regions; one of each file, or of each hand. They are read from the results
        file as they are asked for.

    Raises
    ------
    InvalidModelFile, OverlappingModels, UnusableOutput
        If a model cannot be used, two read the same modality, or the folder cannot be written to, holds results of
        another model, other settings or another version of the code, or another run writes into it.
    InvalidInput
        If the level is not between 0 and 1, or the key is there and is none.
    MissingPackage
        If ``ages.parquet`` is asked for, and pyarrow is not installed.
    """
    check_level(level)
    if parquet:
        check_parquet()
    options = options or RunOptions()
    references = tuple(ModelReference.of(model) for model in models)
    pipelines = load_models(references)
    folder = prepare_folder(out.absolute())
    explanations = prepare_folder(folder / "explanations") if explain else None
    if pages:
        for name in (CASES, THUMBNAILS):
            prepare_folder(folder / name)
    tasks = make_tasks(
        paths,
        sexes=sexes,
        sizes=sizes,
        chronological_ages=chronological_ages,
        base=options.base,
        notes=options.notes,
    )
    if key is not None:
        tasks = anonymise_tasks(tasks, key)
    ids = frozenset(task.id for task in tasks)
    processor = Prediction(
        references,
        prepare_folder(folder / "overlays"),
        explanations,
        all_hands,
        ids,
        level,
        folder if pages else None,
        identifiers,
        anonymous=key is not None,
    )
    results = StoredResults(folder, assessment_from_json)
    run_files(
        processor,
        tasks,
        folder,
        {
            "command": "predict",
            "model": " and ".join(reference.name for reference in references),
            "level": level,
            "all_hands": all_hands,
            "explain": explain,
            "pages": pages,
            "identifiers": identifiers,
            "anonymous_ids": key is not None,
        },
        list_age_exports(folder, pipelines, results, pages=pages, parquet=parquet),
        stage="reading hands",
        jobs=jobs,
        options=options,
        progress=progress,
    )
    return results


def describe_missing_intervals(results: Iterable[Assessment]) -> list[str]:
    """Return why ages have no interval, and how many of them for each reason."""
    intervals = (result.estimate.interval for result in results if result.estimate is not None)
    counts = Counter(interval.reason for interval in intervals if interval is not None and interval.reason)
    return [f"no interval for {n} age{'s' if n > 1 else ''}: {reason}" for reason, n in counts.items()]


def _read_identifiers(path: Path) -> dict[str, str]:
    from boneage.imaging.dicom.identifiers import read_identifiers  # pydicom is imported only where they are asked for

    return read_identifiers(path)


def load_models(models: Sequence[ModelReference]) -> list[BoneAgePipeline]:
    """Read models, each of which reads another modality.

    Raises
    ------
    InvalidModelFile
        If one cannot be used.
    OverlappingModels
        If two read the same modality.
    """
    pipelines = [model.load(BoneAgePipeline.load) for model in models]
    of_modality: dict[Modality, BoneAgePipeline] = {}
    for pipeline in pipelines:
        other = of_modality.setdefault(pipeline.modality, pipeline)
        if other is not pipeline:
            reads = READS[pipeline.modality]
            raise OverlappingModels(f"two models read {reads}, {other.name} and {pipeline.name}: give one of each kind")
    return pipelines
