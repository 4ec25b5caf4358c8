"""``boneage age select-benchmark``: whether choosing which hands to have read saves readings."""

from __future__ import annotations

from typing import Annotated

import typer

from boneage.cli.options import (
    Ages,
    Ids,
    Images,
    Jobs,
    Out,
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
    ages: Ages,
    out: Out,
    compare: Annotated[
        str,
        typer.Option(
            "--compare",
            help="Strategies, by commas: random (unstratified), stratified, medoid, k-centre, typiclust, disagreement, "
            "age, combined, and oracle, which knows the true errors. All if not given.",
        ),
    ] = "",
    start: StartSize = 100,
    sizes: TrainSizes = "200,400,800,1600,3200",
    cold: ColdSizes = "50,100,200",
    test: TestHands = 500,
    repeats: Repeats = 10,
    ids: Ids = None,
    recursive: Recursive = False,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Compare ways to choose which hands' bone ages to have read, on hands whose age and sex are known.

    The age model is a ridge regression on the features by which pictures are compared; what it disagrees on is told by
    eight regressions on bootstrap samples. Writes summary.json, report.html, figures/ and rounds/. Interrupted, it goes
    on where it stopped when the same command is given again.
    """
    from boneage.cli.progress import show_stages
    from boneage.evaluation.benchmarks.selection.benchmark import run_age_selection_benchmark
    from boneage.evaluation.benchmarks.selection.plan import AgeSelectionPlan
    from boneage.pipeline.data import describe, load_collection

    names = tuple(split_names(compare)) or AgeSelectionPlan.known
    plan = AgeSelectionPlan(names, start, tuple(read_bounds(sizes)), tuple(read_bounds(cold)), test, repeats, seed)
    collection = load_collection(images, ids=ids, ages=ages, recursive=recursive)
    remark(describe(collection))
    with show_stages(err_console()) as report:
        text = run_age_selection_benchmark(
            collection, plan, out, jobs=jobs, report=report, tell=lambda line: remark([line])
        )
    out_console().print(text, soft_wrap=True)
