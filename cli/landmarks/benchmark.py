"""``boneage landmarks benchmark``: localisers beside each other, on random splits."""

from __future__ import annotations

from typing import Annotated

import typer

from boneage.cli.options import (
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
    from boneage.cli.progress import show_stages
    from boneage.evaluation.benchmarks.landmarks.benchmark import name_variants, run_benchmark
    from boneage.evaluation.benchmarks.landmarks.report import report_benchmark
    from boneage.evaluation.benchmarks.splits import CrossValidation, Protocol
    from boneage.evaluation.metrics import read_reference
    from boneage.evaluation.reports.landmarks.context import learn_context
    from boneage.pipeline.data import convert_to_mm, describe, load_collection, read_spacings

    variants = name_variants(split_names(compare))
    unit = read_reference(reference) if reference else None
    collection = load_collection(images, landmarks=landmarks, ids=ids, ages=ages)
    remark(describe(collection))
    assert collection.landmarks is not None
    annotated = {id_: collection.landmarks.points[id_] for id_ in collection.annotated_ids}
    if any(points.ndim == 3 for points in annotated.values()):
        spacings = read_spacings(annotated, collection)
        in_voxels = {id_: points for id_ in spacings if (points := collection.points(id_)) is not None}
        annotated = convert_to_mm(in_voxels, spacings)
    context = learn_context(list(annotated.values()), scheme, collection.ages)
    protocol = CrossValidation(folds, seed) if folds else Protocol(rounds, train, test, seed)
    with show_stages(err_console()) as report:
        measured = run_benchmark(
            collection, variants, protocol, out / "rounds", reference=unit, jobs=jobs, pictures=pictures, report=report
        )
    out_console().print(report_benchmark(measured, out, reference, context), soft_wrap=True)
