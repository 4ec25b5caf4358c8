"""``boneage landmarks scaling``: how cost grows with images, landmarks and pixels."""

from __future__ import annotations

from boneage.cli.options import (
    Jobs,
    Out,
    PresetOption,
    Seed,
    err_console,
    out_console,
)


def scaling(out: Out, preset: PresetOption = "fast", seed: Seed = 0, jobs: Jobs = 2) -> None:
    """Measure how cost grows with the number of images, of landmarks and the size of an image, on phantom hands.

    Writes scaling.json, scaling.html and a figure for each. About ten minutes with the preset fast on two cores.
    """
    from boneage.cli.progress import show_stages
    from boneage.evaluation.benchmarks.provenance import describe_run
    from boneage.evaluation.benchmarks.speed.report import report_scaling
    from boneage.evaluation.benchmarks.speed.scaling import SWEEPS, run_scaling
    from boneage.pipeline.storage.output import prepare_folder

    prepare_folder(out)
    run = describe_run()
    with show_stages(err_console()) as report:
        costs = run_scaling(preset, SWEEPS, seed=seed, jobs=jobs, report=report)
    out_console().print(report_scaling(costs, preset, run, out), soft_wrap=True)
