"""``boneage age``: train an age model, cross-validate it, report its errors."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from boneage.pipeline.commands.age_mapping import map_
from boneage.pipeline.commands.options import (
    Ages,
    Ids,
    Images,
    Jobs,
    Landmarks,
    Localiser,
    Out,
    Seed,
    Sizes,
    err_console,
    out_console,
    remark,
)

app = typer.Typer(help="Train an age model, cross-validate it, report errors.", no_args_is_help=True)

app.command("map")(map_)

NoSex = Annotated[bool, typer.Option("--no-sex", help="Train a model that does not use the sex.")]
Epochs = Annotated[
    int | None, typer.Option("--epochs", min=1, help="Passes over the hands; the recipe's if not given.")
]


@app.command()
def train(
    images: Images,
    ages: Ages,
    model: Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)],
    localiser: Localiser = None,
    landmarks: Landmarks = None,
    sizes: Sizes = None,
    ids: Ids = None,
    no_sex: NoSex = False,
    epochs: Epochs = None,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train an age model on hands of known bone age; the file written holds the localiser too.

    Regions are cut at the points that --localiser finds. With --landmarks instead, they are cut at the
    annotated points, and a localiser is trained on those first, for use at prediction time.
    A training that was interrupted goes on where it stopped when the same command is given again.
    """
    from boneage.pipeline.age_training import prepare_regions, settings_for, train_pipeline
    from boneage.pipeline.gathering import describe, gather
    from boneage.pipeline.outputs import prepare_folder
    from boneage.pipeline.progress import show_stages

    collection = gather(images, landmarks=landmarks, ages=ages, sizes=sizes, ids=ids)
    remark(describe(collection))
    prepare_folder(model.parent)
    checkpoints = model.with_name(f".{model.name}.training")
    with show_stages(err_console()) as report:
        prepared = prepare_regions(
            collection,
            localiser,
            cut_at_annotations=landmarks is not None,
            seed=seed,
            jobs=jobs,
            report=report,
        )
        pipeline = train_pipeline(
            prepared, settings_for(use_sex=not no_sex, epochs=epochs), seed=seed, report=report, checkpoints=checkpoints
        )
    remark(f"left out {refusal.path}: {refusal.reason}" for refusal in prepared.regions.refused)
    pipeline.save(model)
    shutil.rmtree(checkpoints, ignore_errors=True)
    size = model.stat().st_size / 1e6
    out_console().print(f"age model trained on {len(prepared.regions.ids)} hands; {model} ({size:.1f} MB)")


@app.command()
def benchmark(
    images: Images,
    ages: Ages,
    out: Out,
    localiser: Localiser = None,
    landmarks: Landmarks = None,
    sizes: Sizes = None,
    ids: Ids = None,
    folds: Annotated[int, typer.Option("--folds", min=2, help="Number of folds.")] = 5,
    no_sex: NoSex = False,
    epochs: Epochs = None,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Cross-validate the age model beside the constant-by-sex baseline, on the same folds.

    Writes predictions.csv and summary.json.
    """
    from boneage.pipeline.age_training import cross_validate, prepare_regions, settings_for
    from boneage.pipeline.gathering import describe, gather
    from boneage.pipeline.outputs import prepare_folder
    from boneage.pipeline.progress import show_stages
    from boneage.pipeline.reporting import report_cross_validation

    collection = gather(images, landmarks=landmarks, ages=ages, sizes=sizes, ids=ids)
    remark(describe(collection))
    folder = prepare_folder(out)
    with show_stages(err_console()) as report:
        prepared = prepare_regions(
            collection,
            localiser,
            cut_at_annotations=landmarks is not None,
            seed=seed,
            jobs=jobs,
            report=report,
        )
        settings = settings_for(use_sex=not no_sex, epochs=epochs)
        rows = cross_validate(prepared.regions, settings, n_folds=folds, seed=seed, report=report)
    remark(f"left out {refusal.path}: {refusal.reason}" for refusal in prepared.regions.refused)
    out_console().print(report_cross_validation(rows, prepared.regions, folder), soft_wrap=True)


@app.command()
def report(
    predicted: Annotated[Path, typer.Option("--predicted", help="ages.csv written by predict.", show_default=False)],
    truth: Annotated[Path, typer.Option("--truth", help="Age CSV to judge by.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for summary.json.")] = None,
) -> None:
    """Print the errors of predicted ages; write summary.json with --out."""
    from boneage.pipeline.reporting import report_ages

    out_console().print(report_ages(predicted, truth, out), soft_wrap=True)
