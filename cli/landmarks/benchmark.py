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
    Recursive,
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
    recursive: Recursive = False,
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
    from boneage.evaluation.benchmarks.landmarks.benchmark import LandmarkBenchmarkSettings, run_landmark_benchmark
    from boneage.evaluation.benchmarks.splits import CrossValidation, RandomSplits
    from boneage.pipeline.data import describe, load_collection

    splits = CrossValidation(folds, seed) if folds else RandomSplits(rounds, train, test, seed)
    settings = LandmarkBenchmarkSettings(tuple(split_names(compare)), splits, reference, scheme, pictures, jobs)
    collection = load_collection(images, landmarks=landmarks, ids=ids, ages=ages, recursive=recursive)
    remark(describe(collection))
    with show_stages(err_console()) as report:
        text = run_landmark_benchmark(collection, settings, out, report=report)
    out_console().print(text, soft_wrap=True)
