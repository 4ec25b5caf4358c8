"""``boneage landmarks speed``: what training and locating cost, beside peers."""

from __future__ import annotations

from typing import Annotated

import typer

from boneage.cli.options import (
    Annotations,
    Ids,
    Images,
    Jobs,
    Out,
    Recursive,
    Reference,
    Seed,
    TestCount,
    TrainCount,
    err_console,
    out_console,
    remark,
    split_names,
)


def speed(
    images: Images,
    landmarks: Annotations,
    out: Out,
    presets: Annotated[str, typer.Option("--presets", help="Our presets, by commas.")] = "accurate,fast,paper",
    peers: Annotated[
        str, typer.Option("--peers", help="Peers, by commas: sklearn, sklearn-quick, dlib (if installed).")
    ] = "sklearn,sklearn-quick",
    train: TrainCount = 43,
    test: TestCount = 17,
    passes: Annotated[int, typer.Option("--passes", min=1, help="How often each of these is located.")] = 3,
    reference: Reference = None,
    ids: Ids = None,
    recursive: Recursive = False,
    seed: Seed = 1,
    jobs: Jobs = 2,
) -> None:
    """Measure what training and locating cost, beside peers, in one run on the same machine and images.

    Every task has a fresh process: first calls, training on one thread and on all, locating on one thread, peak
    memory, errors. Writes speed.json, speed.html and speed.svg. Let nothing else run meanwhile.
    """
    from boneage.cli.progress import show_stages
    from boneage.evaluation.benchmarks.provenance import describe_run
    from boneage.evaluation.benchmarks.speed.benchmark import SpeedBenchmarkSettings, check_engines, run_speed_benchmark
    from boneage.evaluation.benchmarks.speed.report import report_speed
    from boneage.evaluation.metrics import read_reference
    from boneage.pipeline.data import describe, load_collection
    from boneage.pipeline.storage.output import prepare_folder

    ours, theirs = split_names(presets), split_names(peers)
    check_engines(ours, theirs)
    unit = read_reference(reference) if reference else None
    collection = load_collection(images, landmarks=landmarks, ids=ids, recursive=recursive)
    remark(describe(collection))
    prepare_folder(out)
    run = describe_run()
    protocol = SpeedBenchmarkSettings(train, test, seed, jobs, passes)
    with show_stages(err_console()) as report:
        result = run_speed_benchmark(collection, ours, theirs, protocol, reference=unit, report=report)
    out_console().print(report_speed(result, run, out, reference), soft_wrap=True)
