"""``boneage age benchmark``: age models, beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.age.options import (
    Detail,
    Epochs,
    Folds,
    Hands,
    Network,
    NoSex,
    PrecisionOption,
    ProportionsOption,
    RecipeOption,
    Side,
    Standardise,
    Start,
    Thumbnail,
    Weights,
    make_crop_specs,
)
from boneage.cli.options import (
    Ages,
    Ids,
    Images,
    Jobs,
    Landmarks,
    Localiser,
    Out,
    Recursive,
    Seed,
    Sizes,
    Strata,
    err_console,
    out_console,
    read_bounds,
    remark,
    split_names,
)

_COMPARE_HELP = (
    "Variants, by commas: constant, geometry, geometry+size, hog-ridge, whole, hand, regions, hand+regions; of volumes "
    "also regions-slice, regions-projection. A network is changed after colons, as in regions:equal or "
    "regions:stratum=0.5; whole:vgg16-features:ridge reads features by ridge regression."
)


def benchmark(
    images: Images,
    ages: Ages,
    out: Out,
    localiser: Localiser = None,
    landmarks: Landmarks = None,
    sizes: Sizes = None,
    ids: Ids = None,
    recursive: Recursive = False,
    compare: Annotated[str, typer.Option("--compare", help=_COMPARE_HELP)] = "constant,regions",
    folds: Folds = 5,
    train_ids: Annotated[
        Path | None, typer.Option("--train-ids", help="Ids to train on, one a line, instead of folds.")
    ] = None,
    test_ids: Annotated[Path | None, typer.Option("--test-ids", help="Ids to test on.")] = None,
    validation_ids: Annotated[
        Path | None, typer.Option("--validation-ids", help="Ids to test on too, reported apart: to choose by.")
    ] = None,
    network: Network = "multiregion",
    side: Side = None,
    proportions: ProportionsOption = "file",
    thumbnail: Thumbnail = 0,
    detail: Detail = 0,
    standardise: Standardise = False,
    hands: Hands = None,
    recipe: RecipeOption = None,
    weights: Weights = None,
    start: Start = None,
    no_sex: NoSex = False,
    epochs: Epochs = None,
    precision: PrecisionOption = "float32",
    strata: Strata = "",
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train and test several age models on the same hands: in folds, or on given lists of ids.

    Writes predictions.csv (a row for each variant and hand), summary.json, report.html and figures/. The rounds are
    stored in rounds/, located and cropped hands in hands/ or the folder of --hands: when the same command is given
    again, an interrupted benchmark resumes. Rounds of another version of the code are measured again.
    """
    from boneage.cli.progress import show_stages
    from boneage.evaluation.benchmarks.ages.benchmark import AgeBenchmarkSettings, run_age_benchmark
    from boneage.evaluation.benchmarks.ages.report import report_age_benchmark
    from boneage.evaluation.benchmarks.ages.variants import remark_on_known_hands
    from boneage.evaluation.benchmarks.provenance import describe_run
    from boneage.evaluation.benchmarks.splits import CrossValidation, FixedSplit
    from boneage.pipeline.data import describe, load_collection, read_id_lists
    from boneage.pipeline.pipeline import BoneAgePipeline
    from boneage.pipeline.training.age_settings import make_settings

    run, bounds = describe_run(), read_bounds(strata)
    if (train_ids is None) != (test_ids is None) or (validation_ids is not None and train_ids is None):
        raise typer.BadParameter("a given split needs --train-ids and --test-ids; --validation-ids goes with them")
    if ids is not None and train_ids is not None:
        raise typer.BadParameter("--ids goes with folds, --train-ids and --test-ids without it")
    first = BoneAgePipeline.load(start) if start else None
    model = make_settings(
        use_sex=not no_sex,
        epochs=epochs,
        network=network,
        recipe=recipe,
        precision=precision,
        fine_tuning=first is not None,
    )
    collection = load_collection(images, landmarks=landmarks, ages=ages, sizes=sizes, ids=ids, recursive=recursive)
    protocol: CrossValidation | FixedSplit = CrossValidation(folds, seed)
    if train_ids is not None:
        train, test, validation = read_id_lists(collection, (train_ids, test_ids, validation_ids))
        protocol = FixedSplit(train, test, validation, seed)
    settings = AgeBenchmarkSettings(
        tuple(split_names(compare)),
        protocol,
        model,
        recipe=recipe,
        epochs=epochs,
        make_crop_spec=make_crop_specs(
            collection,
            side=side,
            proportions=proportions,
            thumbnail=thumbnail,
            detail=detail,
            standardise=standardise,
        ),
        localiser=localiser,
        at_annotations=landmarks is not None,
        weights=weights,
        start=first,
        jobs=jobs,
    )
    remark(describe(collection))
    remark(remark_on_known_hands(first, settings.select(collection)))
    with show_stages(err_console()) as report:
        rounds = run_age_benchmark(collection, settings, out / "rounds", cache=hands or out / "hands", report=report)
    text = report_age_benchmark(rounds, collection.ages, out, strata=bounds, run=run)
    out_console().print(text, soft_wrap=True)
