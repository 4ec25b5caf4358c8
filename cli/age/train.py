"""``boneage age train``."""

from __future__ import annotations

import shutil

from boneage.cli.age.options import (
    CutOption,
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
    Start,
    Thumbnail,
    Weights,
)
from boneage.cli.options import (
    Ages,
    Ids,
    Images,
    Jobs,
    Landmarks,
    Localiser,
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
    cut: CutOption = "regions",
    side: Side = None,
    proportions: ProportionsOption = "file",
    thumbnail: Thumbnail = 0,
    hands: Hands = None,
    network: Network = "multiregion",
    recipe: RecipeOption = None,
    weights: Weights = None,
    start: Start = None,
    no_sex: NoSex = False,
    epochs: Epochs = None,
    half: Half = False,
    precision: PrecisionOption = "float32",
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train an age model on hands of known bone age; the file written holds the localiser too.

    Hands are cut at the points that --localiser finds. With --landmarks instead, they are cut at the annotated
    points, and a localiser is trained on those first, for use at prediction time. --cut whole needs neither; a
    localiser given all the same will refuse what is no hand.
    With --start the training goes on from another model's weights, with these hands alone.
    A training that was interrupted goes on where it stopped when the same command is given again.
    """
    from boneage.cli.progress import show_stages
    from boneage.pipeline.data import count_axes, describe, load_collection
    from boneage.pipeline.pipeline import BoneAgePipeline
    from boneage.pipeline.storage.output import prepare_folder
    from boneage.pipeline.training.age_model import prepare_regions, settings_for, train_pipeline
    from boneage.regression import CropSpec, for_volumes

    begun = BoneAgePipeline.load(start) if start else None
    settings = settings_for(
        use_sex=not no_sex, epochs=epochs, network=network, recipe=recipe, precision=precision, going_on=bool(begun)
    )
    collection = load_collection(images, landmarks=landmarks, ages=ages, sizes=sizes, ids=ids)
    crop_spec = CropSpec(cut, side or 0, proportions=proportions, thumbnail=thumbnail, ndim=count_axes(collection))
    if len(crop_spec.shape) == 3:
        settings = for_volumes(settings)
    if begun:
        begun.only_age_model.regressor.check_fine_tuning(settings, crop_spec.region_names, crop_spec.side)
    remark(describe(collection))
    prepare_folder(model.parent)
    state = model.with_name(f".{model.name}.training")
    with show_stages(err_console()) as report:
        prepared = prepare_regions(
            collection,
            localiser,
            crop_spec,
            cut_at_annotations=landmarks is not None,
            seed=seed,
            jobs=jobs,
            cache=hands or state / "hands",
            report=report,
        )
        pipeline = train_pipeline(
            prepared, settings, seed=seed, weights=weights, start=begun, report=report, checkpoints=state
        )
    remark(f"left out {hand.path}: {hand.reason}" for hand in prepared.regions.excluded)
    pipeline.save(model, half=half)
    shutil.rmtree(state, ignore_errors=True)
    size = model.stat().st_size / 1e6
    out_console().print(f"age model trained on {len(prepared.regions.ids)} hands; {model} ({size:.1f} MB)")
