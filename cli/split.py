"""``boneage split``: lists of ids to train and to test on, at random or by a fixed rule."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import (
    Images,
    Landmarks,
    Out,
    Recursive,
    Seed,
    TestCount,
    out_console,
)


def split(
    images: Images,
    out: Out,
    train: Annotated[int, typer.Option("--train", min=1, help="Images to train on.")] = 43,
    test: TestCount = 17,
    landmarks: Landmarks = None,
    recursive: Recursive = False,
    seed: Seed = 0,
    by_hash: Annotated[
        bool, typer.Option("--hash", help="Divide all images 80/10/10 by the hash of their ids, instead of at random.")
    ] = False,
    never_test: Annotated[
        list[Path], typer.Option("--never-test", help="With --hash: ids not to be tested on. May be repeated.")
    ] = [],  # noqa: B006 (typer copies it)
    leave_out: Annotated[
        list[Path], typer.Option("--leave-out", help="With --hash: ids to put in no list. May be repeated.")
    ] = [],  # noqa: B006 (typer copies it)
) -> None:
    """Draw training and test images at random; write their ids to train.txt and test.txt for --ids.

    With --landmarks only the images that have landmarks are drawn from. With --hash the ids go to train.txt,
    validation.txt and test.txt by a rule that gives everybody the same lists; --never-test and --leave-out take a
    file of ids, one a line, or a table with a column id.
    """
    from boneage.imaging import read_ids, split_by_hash, split_ids
    from boneage.pipeline.data import load_collection
    from boneage.pipeline.storage.output import prepare_folder

    if (never_test or leave_out) and not by_hash:
        raise typer.BadParameter("--never-test and --leave-out go with --hash")
    collection = load_collection(images, landmarks=landmarks, recursive=recursive)
    usable = collection.ids if landmarks is None else collection.annotated_ids
    folder = prepare_folder(out)
    if by_hash:
        excepted = [[id_ for path in paths for id_ in read_ids(path)] for paths in (never_test, leave_out)]
        parts = split_by_hash(usable, never_test=excepted[0], leave_out=excepted[1])
        counts = ", ".join(f"{len(ids)} {name}" for name, ids in parts.items())
        out_console().print(f"{counts} ids of {len(usable)} images in {folder} (by hash)")
        _write_lists(folder, parts.items())
        return
    drawn = split_ids(usable, train, test, seed)
    _write_lists(folder, zip(("train", "test"), drawn, strict=True))
    out_console().print(f"{train} training and {test} test ids of {len(usable)} images in {folder} (seed {seed})")


def _write_lists(folder: Path, lists: Iterable[tuple[str, list[str]]]) -> None:
    from boneage.pipeline.storage.output import write_atomically

    for name, ids in lists:
        write_atomically(folder / f"{name}.txt", "".join(f"{id_}\n" for id_ in ids))
