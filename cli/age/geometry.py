"""``boneage age geometry``: ages from the landmarks' shape and the sex alone."""

from __future__ import annotations

from typing import Annotated

import typer

from boneage.cli.age.options import Folds, NoSex
from boneage.cli.options import Ages, Annotations, Out, Seed, err_console, out_console


def geometry(
    landmarks: Annotations,
    ages: Ages,
    out: Out,
    folds: Folds = 5,
    with_size: Annotated[
        bool,
        typer.Option("--with-size", help="Measure too what the size in pixels would add: it may show the scanner."),
    ] = False,
    no_sex: NoSex = False,
    seed: Seed = 0,
) -> None:
    """Cross-validate geometry alone, the landmarks' shape and the sex, beside the constant; from tables, no images.

    Writes predictions.csv, summary.json, report.html and figures/.
    """
    from boneage.cli.progress import show_stages
    from boneage.evaluation.benchmarks.ages.benchmark import measure_variants
    from boneage.evaluation.benchmarks.ages.report import report_age_benchmark
    from boneage.evaluation.benchmarks.ages.variants import create_constant_variant, create_geometry_variant
    from boneage.evaluation.benchmarks.provenance import describe_run
    from boneage.evaluation.benchmarks.splits import CrossValidation
    from boneage.imaging import read_landmarks
    from boneage.pipeline.data import merge_ages
    from boneage.pipeline.training.crops import build_dataset_from_tables
    from boneage.regression import GeometrySettings

    run = describe_run()
    variants = [create_constant_variant(), create_geometry_variant(GeometrySettings(use_sex=not no_sex))]
    if with_size:
        settings = GeometrySettings(use_sex=not no_sex, with_size=True)
        variants.append(create_geometry_variant(settings, "geometry and size"))
    hands = build_dataset_from_tables(read_landmarks(landmarks), merge_ages(ages) or {})
    with show_stages(err_console()) as report:
        splits = CrossValidation(folds, seed).split(hands.ids)
        rounds = measure_variants(variants, lambda variant: hands, splits, out / "rounds", report=report)
    out_console().print(report_age_benchmark(rounds, hands.records, out, run=run), soft_wrap=True)
