"""``boneage split``: a seeded, reproducible split of a folder's images into a training and a test list."""

from __future__ import annotations

from typing import Annotated

import typer

from boneage.pipeline.commands.options import Images, Landmarks, Out, Seed, TestCount, out_console


def split(
    images: Images,
    out: Out,
    train: Annotated[int, typer.Option("--train", min=1, help="Images to train on.")] = 43,
    test: TestCount = 17,
    landmarks: Landmarks = None,
    seed: Seed = 0,
) -> None:
    """Draw training and test images at random; write their ids to train.txt and test.txt for --ids.

    With --landmarks only the images that have landmarks are drawn from.
    """
    from boneage.imaging import split_ids
    from boneage.pipeline.gathering import gather
    from boneage.pipeline.outputs import prepare_folder, write_atomically

    collection = gather(images, landmarks=landmarks)
    usable = collection.ids if landmarks is None else collection.annotated_ids
    folder = prepare_folder(out)
    for name, ids in zip(("train", "test"), split_ids(usable, train, test, seed), strict=True):
        write_atomically(folder / f"{name}.txt", "".join(f"{id_}\n" for id_ in ids))
    out_console().print(f"{train} training and {test} test ids of {len(usable)} images in {folder} (seed {seed})")
