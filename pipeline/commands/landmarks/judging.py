"""``boneage landmarks report`` and ``benchmark``: how far off landmarks are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.pipeline.commands.options import (
    Ages,
    Annotations,
    Ids,
    Images,
    Jobs,
    Out,
    Reference,
    Scheme,
    Seed,
    TestCount,
    TrainCount,
    err_console,
    out_console,
    remark,
    split_names,
)


def report(
    predicted: Annotated[
        Path, typer.Option("--predicted", help="Landmarks to judge, in any format.", show_default=False)
    ],
    truth: Annotated[Path, typer.Option("--truth", help="Landmarks to judge by.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tables, the page and its figures.")] = None,
    reference: Reference = None,
    scores: Annotated[
        Path | None,
        typer.Option("--scores", help="CSV of id, landmark, score; else scores.csv beside the predicted table."),
    ] = None,
    ages: Ages = [],  # noqa: B006 (typer copies it)
    scheme: Scheme = None,
    images: Annotated[
        list[Path],
        typer.Option(
            "--images",
            help="Folder of the images: puts crops of the worst cases on the page, and tells how long a pixel is "
            "where a file counts in millimetres. May be repeated.",
        ),
    ] = [],  # noqa: B006 (typer copies it)
    model: Annotated[
        Path | None, typer.Option("--model", help="The localiser that made the table: adds its vote maps to them.")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Whether to draw the worst cases, given the images.")
    ] = True,
) -> None:
    """Print the error of each landmark; with --out, write tables, a page and its figures.

    The files are landmark_errors.csv, landmark_summary.json, landmark_report.html and figures/.
    """
    from boneage.pipeline.bone_age import load_localiser
    from boneage.pipeline.gathering import merge_ages
    from boneage.pipeline.landmark_reporting import report_landmarks

    if model is not None and not images:
        raise typer.BadParameter("--model draws vote maps over the pictures of --images: give both")
    text = report_landmarks(
        predicted,
        truth,
        out,
        reference,
        scores=scores,
        scheme=scheme,
        ages=merge_ages(ages),
        images=images,
        pictures=pictures,
        localiser=load_localiser(model)[0] if model and pictures else None,
    )
    out_console().print(text, soft_wrap=True)


def benchmark(
    images: Images,
    landmarks: Annotations,
    out: Out,
    compare: Annotated[
        str, typer.Option("--compare", help="Variants, by commas: uniform, paper, accurate, fast, compact.")
    ] = "paper,accurate,fast",
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds; each draws images anew.")] = 10,
    train: TrainCount = 43,
    test: TestCount = 17,
    folds: Annotated[
        int | None,
        typer.Option("--folds", min=2, help="Test every image once in this many folds, instead of rounds at random."),
    ] = None,
    reference: Reference = None,
    ids: Ids = None,
    ages: Ages = [],  # noqa: B006 (typer copies it)
    scheme: Scheme = None,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Put crops of the worst cases on the page.")
    ] = True,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train and test localisers on random splits of annotated images, each with its vote weighting and without.

    Writes errors.csv (a row a landmark), summary.json, report.html, figures/ and rounds/. Interrupted, it goes on
    where it stopped when the same command is given again.
    """
    from boneage.evaluation import read_reference
    from boneage.pipeline.benchmark_protocols import CrossValidation, Protocol
    from boneage.pipeline.benchmark_reporting import report_benchmark
    from boneage.pipeline.gathering import count_in_mm, describe, find_spacings, gather
    from boneage.pipeline.landmark_benchmark import name_variants, run_benchmark
    from boneage.pipeline.landmark_context import learn_context
    from boneage.pipeline.progress import show_stages

    variants = name_variants(split_names(compare))
    unit = read_reference(reference) if reference else None
    collection = gather(images, landmarks=landmarks, ids=ids, ages=ages)
    remark(describe(collection))
    assert collection.landmarks is not None
    annotated = {id_: collection.landmarks.points[id_] for id_ in collection.annotated_ids}
    if any(points.ndim == 3 for points in annotated.values()):
        spacings = find_spacings(annotated, collection)
        in_voxels = {id_: points for id_ in spacings if (points := collection.points(id_)) is not None}
        annotated = count_in_mm(in_voxels, spacings)
    context = learn_context(list(annotated.values()), scheme, collection.ages)
    protocol = CrossValidation(folds, seed) if folds else Protocol(rounds, train, test, seed)
    with show_stages(err_console()) as report:
        measured = run_benchmark(
            collection, variants, protocol, out / "rounds", reference=unit, jobs=jobs, pictures=pictures, report=report
        )
    out_console().print(report_benchmark(measured, out, reference, context), soft_wrap=True)
