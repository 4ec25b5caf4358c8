"""``boneage segment-train``: a segmenter of ossification centres from masks."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.age.options import PrecisionOption
from boneage.cli.options import (
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


def segment_train(
    images: Images,
    masks: Annotated[
        Path, typer.Option("--masks", help="Folder of masks: bones/ID.png and joints/ID.png.", show_default=False)
    ],
    model: Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)],
    localiser: Localiser = None,
    landmarks: Landmarks = None,
    sizes: Sizes = None,
    ids: Ids = None,
    recursive: Recursive = False,
    validation_ids: Annotated[
        Path | None,
        typer.Option("--validation-ids", help="Ids to leave out of the training, and to measure after each pass."),
    ] = None,
    hands: Annotated[
        Path | None, typer.Option("--hands", help="Folder to keep prepared hands in, for further trainings.")
    ] = None,
    side: Annotated[int, typer.Option("--side", min=32, help="Side of an upright hand in pixels.")] = 320,
    channels: Annotated[str, typer.Option("--channels", help="Of the network's levels, by commas.")] = "32,64,96,128",
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the hands.")] = 40,
    precision: PrecisionOption = "float32",
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train a segmenter on masks of ossification centres (bones) and of joints.

    A mask is an 8-bit or 1-bit picture of the original's size with two grey values. Hands are laid upright by the
    landmarks that --localiser finds, or that boneage's own does; with --landmarks by those of a table. An interrupted
    training resumes when the same command is given again.
    """
    from boneage.cli.options import read_bounds
    from boneage.cli.progress import show_stages
    from boneage.pipeline.centres import centre_crop_spec
    from boneage.pipeline.data import load_collection, read_id_lists
    from boneage.pipeline.storage.output import name_output, prepare_file
    from boneage.pipeline.training.masks import MaskFolder
    from boneage.pipeline.training.segmenter import SegmenterTrainingOptions, train_segmenter
    from boneage.regression.segmentation.segmenter import SegmenterSettings, describe_history
    from boneage.regression.segmentation.unet import UNetSettings

    folder = MaskFolder.open(masks)
    collection = load_collection(images, landmarks=landmarks, sizes=sizes, ids=ids, recursive=recursive)
    recipe = dataclasses.replace(SegmenterSettings().recipe, epochs=epochs, precision=precision)
    options = SegmenterTrainingOptions(
        SegmenterSettings(UNetSettings(tuple(read_bounds(channels))), recipe),
        centre_crop_spec(side),
        localiser=localiser,
        at_landmarks=landmarks is not None,
        validation_ids=frozenset(read_id_lists(collection, (validation_ids,))[0]),
        seed=seed,
        jobs=jobs,
    )
    prepare_file(model)
    remark((*collection.remarks, *folder.remarks(collection)))
    state = model.with_name(name_output(f".{model.name}", ".training"))
    with show_stages(err_console()) as report:
        trained, excluded = train_segmenter(collection, folder, options, state=state, cache=hands, report=report)
    remark(f"left out {hand.path}: {hand.reason}" for hand in excluded)
    trained.save(model)
    shutil.rmtree(state, ignore_errors=True)
    remark(filter(None, [describe_history(trained.segmenter.history_)]))
    size = model.stat().st_size / 1e6
    out_console().print(f"segmenter trained on {trained.summary['n_hands']} hands; {model} ({size:.1f} MB)")
