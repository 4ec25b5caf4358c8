"""``boneage landmarks select-benchmark``: whether choosing which hands to annotate saves annotations."""

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
    PresetOption,
    Recursive,
    Seed,
    err_console,
    out_console,
    read_bounds,
    remark,
    split_names,
)
from boneage.cli.selection import ColdSizes, Repeats, StartSize, TestHands, TrainSizes


def select_benchmark(
    images: Images,
    landmarks: Annotations,
    out: Out,
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            help="Unit of the errors from two landmarks that every hand has, e.g. "
            "'ulna_styloid_tip:radius_styloid_tip=50mm' or 'wrist:middle_finger4=100%'. Errors are capped at 10 units.",
        ),
    ],
    compare: Annotated[
        str,
        typer.Option(
            "--compare",
            help="Strategies, by commas: those of select (here, random is unstratified), stratified, and oracle, which "
            "knows the true errors. All if not given; stratified needs --ages.",
        ),
    ] = "",
    start: StartSize = 5,
    sizes: TrainSizes = "10,20,40,60",
    cold: ColdSizes = "2,5,10",
    test: TestHands = 30,
    repeats: Repeats = 30,
    preset: PresetOption = "fast",
    ids: Ids = None,
    recursive: Recursive = False,
    ages: Ages = [],  # noqa: B006 (typer copies it)
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Compare ways to choose which hands to annotate, on hands that are annotated.

    Writes summary.json, report.html, figures/ and rounds/, and prints a line for each strategy and repeat. Interrupted,
    it goes on where it stopped when the same command is given again; with more repeats, the earlier ones are kept.
    """
    from boneage.cli.progress import show_stages
    from boneage.evaluation.benchmarks.selection.benchmark import run_selection_benchmark
    from boneage.evaluation.benchmarks.selection.plan import STRATEGIES, SelectionPlan
    from boneage.pipeline.data import describe, load_collection

    names = tuple(split_names(compare)) or STRATEGIES
    plan = SelectionPlan(names, start, tuple(read_bounds(sizes)), tuple(read_bounds(cold)), test, repeats, seed)
    collection = load_collection(images, landmarks=landmarks, ids=ids, ages=ages, recursive=recursive)
    remark(describe(collection))
    with show_stages(err_console()) as report:
        text = run_selection_benchmark(
            collection,
            plan,
            out,
            reference,
            preset=preset,
            jobs=jobs,
            report=report,
            tell=lambda line: remark([line]),
        )
    out_console().print(text, soft_wrap=True)
