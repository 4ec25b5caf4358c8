"""``boneage age train``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.age.options import (
    CutOption,
    Detail,
    Epochs,
    Half,
    Hands,
    Model,
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
    Recursive,
    Seed,
    Sizes,
    err_console,
    out_console,
    remark,
)


def train(
    images: Images,
    ages: Ages,
    model: Model,
    localiser: Localiser = None,
    landmarks: Landmarks = None,
    sizes: Sizes = None,
    ids: Ids = None,
    recursive: Recursive = False,
    cut: CutOption = "regions",
    side: Side = None,
    proportions: ProportionsOption = "file",
    thumbnail: Thumbnail = 0,
    detail: Detail = 0,
    standardise: Standardise = False,
    hands: Hands = None,
    network: Network = "multiregion",
    recipe: RecipeOption = None,
    weights: Weights = None,
    start: Start = None,
    validation_ids: Annotated[
        Path | None,
        typer.Option("--validation-ids", help="Ids to leave out of the training, and to measure after each pass."),
    ] = None,
    no_sex: NoSex = False,
    epochs: Epochs = None,
    half: Half = False,
    precision: PrecisionOption = "float32",
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train an age model on hands of known bone age; the file written holds the localiser too.

    Hands are cropped at the landmarks that --localiser finds. With --landmarks instead, they are cropped at the
    annotated ones, and a localiser is trained on those first, for use at prediction time; with both, at the annotated
    ones, and that localiser is used. --cut whole needs neither; with a localiser all the same, the model refuses images
    that show no hand.
    With --start the training continues from another model's weights, with these hands alone.
    An interrupted training resumes when the same command is given again. Beside the model it writes the loss and the
    error on the --validation-ids by pass: NAME.training.csv and NAME.training.png, of the name of the model.
    """
    from boneage.cli.progress import show_stages
    from boneage.evaluation.reports.training_curve import write_training_curve
    from boneage.imaging.errors import UnusableOutput
    from boneage.pipeline.data import describe, load_collection, read_id_lists
    from boneage.pipeline.pipeline import BoneAgePipeline
    from boneage.pipeline.storage.output import name_output, prepare_file
    from boneage.pipeline.training.age_model import AgeTrainingOptions, train_age_model
    from boneage.pipeline.training.age_settings import make_settings

    first = BoneAgePipeline.load(start) if start else None
    settings = make_settings(
        use_sex=not no_sex,
        epochs=epochs,
        network=network,
        recipe=recipe,
        precision=precision,
        fine_tuning=first is not None,
    )
    collection = load_collection(images, landmarks=landmarks, ages=ages, sizes=sizes, ids=ids, recursive=recursive)
    cropping = make_crop_specs(
        collection,
        side=side,
        proportions=proportions,
        thumbnail=thumbnail,
        detail=detail,
        standardise=standardise,
    )
    options = AgeTrainingOptions(
        settings,
        cropping(cut),
        localiser=localiser,
        at_annotations=landmarks is not None,
        weights=weights,
        start=first,
        validation_ids=frozenset(read_id_lists(collection, (validation_ids,))[0]),
        seed=seed,
        jobs=jobs,
    )
    prepare_file(model)
    remark(describe(collection))
    state = model.with_name(name_output(f".{model.name}", ".training"))
    with show_stages(err_console()) as report:
        pipeline, excluded = train_age_model(collection, options, state=state, cache=hands, report=report)
    remark(f"left out {hand.path}: {hand.reason}" for hand in excluded)
    pipeline.save(model, half=half)
    shutil.rmtree(state, ignore_errors=True)
    try:
        write_training_curve(model, pipeline.only_age_model.regressor.history_)
    except UnusableOutput as error:
        remark([str(error)])
    size = model.stat().st_size / 1e6
    out_console().print(f"age model trained on {pipeline.summary['age']['n_hands']} hands; {model} ({size:.1f} MB)")
