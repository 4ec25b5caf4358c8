"""``boneage predict``: a folder of radiographs, MR volumes or both in, ages out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from boneage.cli.options import (
    Ids,
    Jobs,
    Places,
    Recursive,
    Restart,
    RetryRefused,
    Scheduler,
    Sizes,
    Timeout,
    conclude,
    list_some,
    out_console,
    remark,
)
from boneage.cli.sexes import SexCsv, SexOfAll, choose_sexes

if TYPE_CHECKING:
    from boneage.imaging.demographics import Sexes
    from boneage.pipeline.assessment import Assessment
    from boneage.pipeline.data import FileList


def predict(
    images: Places,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the results; not needed for a single file, whose age is printed then."),
    ] = None,
    model: Annotated[
        list[Path],
        typer.Option(
            "--model",
            help="A trained age model (.boneage), of radiographs or of volumes; give one of each for a folder of both. "
            "The one that comes with boneage, of radiographs, if not given.",
        ),
    ] = [],  # noqa: B006 (typer copies it)
    sex_csv: SexCsv = None,
    sex: SexOfAll = None,
    sizes: Sizes = None,
    ids: Ids = None,
    recursive: Recursive = False,
    jobs: Jobs = 1,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Draw what each age rests on: explanations/ID.png. Takes longer."),
    ] = False,
    pages: Annotated[
        bool,
        typer.Option(
            "--pages",
            help="Write index.html, and a page for each hand to read or print: cases/ID.html. Implies --centres.",
        ),
    ] = False,
    with_identifiers: Annotated[
        bool,
        typer.Option(
            "--with-identifiers",
            help="Write the patient's name, number and dates, where a file is DICOM, on its page; nowhere else.",
        ),
    ] = False,
    anonymous_ids: Annotated[
        bool,
        typer.Option(
            "--anonymous-ids",
            help="Write numbers in the place of the files' names; the key lies beside the results: OUT-key.csv.",
        ),
    ] = False,
    centres: Annotated[
        bool,
        typer.Option(
            "--centres",
            help="Outline ossification centres in overlays and pages of radiographs, and count them in the rows.",
        ),
    ] = False,
    centre_model: Annotated[
        Path | None,
        typer.Option(
            "--centre-model", help="For --centres and --pages: a segmenter (.boneage) in the place of boneage's own."
        ),
    ] = None,
    all_hands: Annotated[
        bool,
        typer.Option(
            "--all-hands",
            help="Read each hand of a picture that shows several, from left to right: rows ID, ID#2 and so on.",
        ),
    ] = False,
    level: Annotated[
        float,
        typer.Option("--level", help="Of the intervals: the part of new hands whose age lies within, below 1."),
    ] = 0.9,
    check: Annotated[
        bool,
        typer.Option("--check", help="Read headers and tables alone: say what will be read and refused, and leave."),
    ] = False,
    parquet: Annotated[
        bool,
        typer.Option(
            "--parquet", help="Write ages.parquet too, the rows of ages.csv with types; needs the extra 'parquet'."
        ),
    ] = False,
    scheduler: Scheduler = "",
    timeout: Timeout = 120,
    restart: Restart = False,
    retry_refused: RetryRefused = False,
) -> None:
    """Read the bone age of every file in a folder, or of one file.

    Writes ages.csv (a row a file, or a hand with --all-hands; bad files with their reason), ages.jsonl, landmarks.csv
    and overlays/; with two models, also landmarks_mri.csv. Results are kept in results.sqlite as they come: a run that
    was stopped goes on where it was when the same command is given again. A file that no model reads is refused. The
    sex comes from --sex-csv, --sex or the file itself, and is never guessed. Ages have an interval where the model was
    calibrated for such hands. Research use only.
    """
    from boneage.cli.batches import watch_batch
    from boneage.imaging import read_chronological_ages, read_sizes
    from boneage.pipeline.batch.anonymous_ids import name_key
    from boneage.pipeline.batch.prediction import OverlappingModels
    from boneage.pipeline.batch.prediction_run import describe_missing_intervals, predict_to_folder
    from boneage.pipeline.batch.run import RunOptions
    from boneage.pipeline.data import describe_misfits, find_files
    from boneage.pipeline.storage.shipped_model import shipped_model, shipped_segmenter

    files = find_files(images, ids, recursive=recursive)
    sexes, original_sizes = choose_sexes(sex_csv, sex), read_sizes(sizes) if sizes else {}
    ages = read_chronological_ages(sex_csv) if sex_csv else {}
    if check:
        _check(files, model or [shipped_model()], sexes, original_sizes)
        return
    if out is None and len(files.paths) > 1:
        raise typer.BadParameter("needed for several files", param_hint="--out")
    if with_identifiers and not pages:
        raise typer.BadParameter("give --pages too: they are written on pages alone", param_hint="--with-identifiers")
    if centre_model is not None and not (centres or pages):
        raise typer.BadParameter("goes with --centres or --pages", param_hint="--centre-model")
    if out is None and anonymous_ids:
        raise typer.BadParameter("needed with --anonymous-ids", param_hint="--out")
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(TemporaryDirectory(prefix="boneage-")))
        watch = stack.enter_context(watch_batch())
        try:
            results = predict_to_folder(
                files.paths,
                model or [shipped_model()],
                folder,
                sexes=sexes,
                sizes=original_sizes,
                jobs=jobs,
                chronological_ages=ages,
                explain=explain,
                pages=pages,
                identifiers=with_identifiers,
                key=name_key(out) if out is not None and anonymous_ids else None,
                all_hands=all_hands,
                level=level,
                parquet=parquet,
                centres=shipped_segmenter() if centres and centre_model is None else centre_model,
                options=RunOptions(timeout, restart, retry_refused, files.base, watch, files.notes, scheduler),
            )
        except OverlappingModels as error:
            raise typer.BadParameter(str(error), param_hint="--model") from error
        if out is None:
            _answer(list(results), files.remarks)
            return
    refusals = (
        f"refused {f'{result.id} of ' if all_hands else ''}{result.path}: {result.reason}"
        for result in results
        if result.status == "refused"
    )
    misfits = describe_misfits(files.paths, sexes=sexes, sizes=original_sizes)
    remarks = (*files.remarks, *misfits, *list_some(refusals, out / "ages.csv"), *describe_missing_intervals(results))
    conclude(results, out / "ages.csv", remarks, "rows" if all_hands else "files")


def _answer(results: Sequence[Assessment], remarks: Sequence[str]) -> None:
    """Print the age of each hand of a file; leave with 1 if there is none."""
    from boneage.pipeline.pages.case import describe_age

    for result in results:
        months = f" = {result.estimate.months:.1f} months" if result.estimate else ""
        reason = f"; {result.reason}" if result.reason else ""
        out_console().print(f"{result.id}: {describe_age(result)}{months}{reason}", soft_wrap=True)
    remark((*remarks, "research use only"))
    if all(result.status == "refused" for result in results):
        raise typer.Exit(1)


def _check(files: FileList, models: Sequence[Path], sexes: Sexes, sizes: Mapping[str, tuple[int, ...]]) -> None:
    """Print what will be read and refused; leave with 3 if files will be refused."""
    from boneage.pipeline.batch.checking import check_files
    from boneage.pipeline.batch.models import ModelReference
    from boneage.pipeline.batch.prediction import load_models
    from boneage.pipeline.batch.tasks import make_tasks

    pipelines = load_models([ModelReference.of(path) for path in models])
    needs_sex = any(one.regressor.needs_sex for pipeline in pipelines for one in pipeline.age_models)
    tasks = make_tasks(files.paths, sexes=sexes, sizes=sizes, base=files.base)
    found = check_files(tasks, sexes=sexes, sizes=sizes, needs_sex=needs_sex)
    for line in found.lines():
        out_console().print(line, soft_wrap=True)
    remark(files.remarks)
    if found.refusals:
        raise typer.Exit(3)
