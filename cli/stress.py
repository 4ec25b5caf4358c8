"""``boneage stress``: how landmarks, ages and refusals stand up to changes of the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import (
    Ids,
    Images,
    Jobs,
    Landmarks,
    Out,
    Recursive,
    Reference,
    Sizes,
    err_console,
    out_console,
    remark,
    split_names,
)
from boneage.cli.sexes import SexCsv, SexOfAll, choose_sexes


def stress(
    images: Images,
    out: Out,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="A pipeline, or a localiser alone (.boneage). The one that comes with boneage."),
    ] = None,
    landmarks: Landmarks = None,
    reference: Reference = None,
    sex_csv: SexCsv = None,
    sex: SexOfAll = None,
    sizes: Sizes = None,
    ids: Ids = None,
    recursive: Recursive = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Use only so many hands, the first.")] = None,
    changes: Annotated[
        str,
        typer.Option(
            "--changes",
            help="Kinds of changes, by commas: rotation, mirror, inversion, gamma, contrast, noise, blur, jpeg, bits, "
            "pixels, crop, surround, markers. All if not given.",
        ),
    ] = "",
    jobs: Jobs = 1,
) -> None:
    """Read radiographs after rotating, inverting, blurring, cropping ... them, and tell what the model makes of it.

    Writes stress.csv (a row a hand and change), stress_summary.csv (a row a change), stress.png and report.html.
    Landmarks are measured against those of --landmarks, else against those found in the unchanged picture, in percent
    of the largest distance between two of them or as --reference says.
    """
    from boneage.cli.progress import show_stages
    from boneage.evaluation.benchmarks.provenance import describe_run
    from boneage.evaluation.benchmarks.stress.report import report_stress
    from boneage.evaluation.benchmarks.stress.run import run_stress_benchmark
    from boneage.evaluation.metrics import read_reference
    from boneage.pipeline.data import describe, load_collection
    from boneage.pipeline.storage.output import prepare_folder
    from boneage.pipeline.storage.shipped_model import shipped_model

    run = describe_run()
    prepare_folder(out)
    hands = load_collection(images, landmarks=landmarks, sizes=sizes, ids=ids, recursive=recursive)
    remark(describe(hands))
    usable = hands.annotated_ids if landmarks else hands.ids
    unit = read_reference(reference) if reference else None
    with show_stages(err_console()) as progress:
        results = run_stress_benchmark(
            hands.subset(usable[:limit]),
            model or shipped_model(),
            kinds=split_names(changes),
            sexes=choose_sexes(sex_csv, sex),
            reference=unit,
            jobs=jobs,
            progress=progress,
        )
    truth = f"those of {landmarks.name}" if landmarks else "those found in the unchanged picture"
    text = report_stress(results, out, unit=unit.unit if unit else "% of length", truth=truth, run=run)
    out_console().print(text, soft_wrap=True)
