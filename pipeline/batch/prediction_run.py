"""The bone age of many files: one by one as they are read, or written into a folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from boneage.imaging.demographics import Sexes
from boneage.imaging.progress import Progress
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.age_exports import list_age_exports
from boneage.pipeline.batch.anonymous_ids import anonymise_tasks
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.prediction import Prediction, load_models
from boneage.pipeline.batch.run import RunOptions, iterate_files, run_files
from boneage.pipeline.batch.stored_results import StoredResults
from boneage.pipeline.batch.tasks import make_tasks
from boneage.pipeline.pages.index import CASES, THUMBNAILS
from boneage.pipeline.storage.assessment_json import assessment_from_json
from boneage.pipeline.storage.output import prepare_folder
from boneage.pipeline.storage.parquet import check_parquet
from boneage.pipeline.storage.shipped_model import has_segmenter, shipped_model
from boneage.regression.calibration import DEFAULT_LEVEL, check_level

_STAGE = "reading hands"


def predict_files(
    paths: Sequence[Path],
    models: Sequence[Path] = (),
    out: Path | None = None,
    *,
    sexes: Sexes = None,
    sizes: Mapping[str, tuple[int, ...]] | None = None,
    chronological_ages: Mapping[str, float] | None = None,
    jobs: int = 1,
    all_hands: bool = False,
    level: float = DEFAULT_LEVEL,
    options: RunOptions | None = None,
) -> Generator[Assessment, None, None]:
    """Yield the assessment of each file, or of each hand, in the order of ``paths``, as soon as it is there.

    Files are read as by :func:`predict_to_folder`: a bad one is a refused assessment, and ends nothing. Where the
    iterator is left before its end, its processes end.

    Parameters
    ----------
    paths : sequence of Path
    models : sequence of Path
        Pipelines' ``.boneage`` files, as for :func:`predict_to_folder`; the shipped one if there is none.
    out : Path, optional
        Folder in which results are kept and, at the end, tables written: the same call goes on where it was left. None
        are kept if it is not given.
    sexes, sizes, chronological_ages, jobs, all_hands, level, options
        As for :func:`predict_to_folder`.

    Yields
    ------
    Assessment
        Without regions.

    Raises
    ------
    InvalidModelFile, OverlappingModels, UnusableOutput, InvalidInput
        As :func:`predict_to_folder`, when the first assessment is asked for.

    Examples
    --------
    >>> from boneage.pipeline import predict_files
    >>> for assessment in predict_files([Path("no such hand.png")], sexes="F"):
    ...     print(assessment.status, assessment.reason)
    refused there is no such file
    """
    check_level(level)
    options = options or RunOptions()
    references = tuple(ModelReference.of(model) for model in models or [shipped_model()])
    pipelines = load_models(references)
    tasks = make_tasks(
        paths,
        sexes=sexes,
        sizes=sizes or {},
        chronological_ages=chronological_ages,
        base=options.base,
        notes=options.notes,
    )
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(TemporaryDirectory(prefix="boneage-")))
        folder = prepare_folder(folder.absolute())
        overlays = prepare_folder(folder / "overlays") if out else None
        ids = frozenset(task.id for task in tasks)
        processor = Prediction(references, overlays, all_hands=all_hands, ids=ids, level=level)
        exports = list_age_exports(folder, pipelines, StoredResults(folder, assessment_from_json)) if out else {}
        files = iterate_files(
            processor,
            tasks,
            folder,
            processor.identity,
            exports,
            stage=_STAGE,
            jobs=jobs,
            options=options,
            progress=None,
        )
        for rows in stack.enter_context(closing(files)):
            for content in rows:
                yield assessment_from_json(json.loads(content))


def predict_to_folder(
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
    centres: Path | None = None,
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
    centres : Path, optional
        Model file of a segmenter, by which ossification centres are outlined and counted. With pages, boneage's own is
        taken without it, where there is one that fits.
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
    centre_model = None
    if centres is not None or (pages and has_segmenter()):
        from boneage.pipeline.batch.prediction_centres import choose_centre_model  # only where they are asked for

        centre_model = choose_centre_model(centres, pipelines)
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
    processor = Prediction(
        references,
        prepare_folder(folder / "overlays"),
        explanations,
        all_hands,
        frozenset(task.id for task in tasks),
        level,
        folder if pages else None,
        identifiers,
        anonymous=key is not None,
        centres=centre_model,
    )
    results = StoredResults(folder, assessment_from_json)
    run_files(
        processor,
        tasks,
        folder,
        processor.identity,
        list_age_exports(folder, pipelines, results, pages=pages, parquet=parquet),
        stage=_STAGE,
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
