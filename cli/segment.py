"""``boneage segment``: ossification centres outlined, named and measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import (
    Ids,
    Jobs,
    Out,
    Places,
    Recursive,
    Restart,
    RetryRefused,
    Scheduler,
    Sizes,
    Timeout,
    conclude,
    list_some,
)


def segment(
    images: Places,
    out: Out,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="A trained segmenter (.boneage). The one that comes with boneage if not given."),
    ] = None,
    localiser: Annotated[
        Path | None,
        typer.Option("--localiser", help="A localiser, or a pipeline that has one (.boneage). boneage's own."),
    ] = None,
    sizes: Sizes = None,
    ids: Ids = None,
    recursive: Recursive = False,
    nifti: Annotated[
        bool,
        typer.Option(
            "--nifti", help="Write label maps as bones/ID.nii.gz and joints/ID.nii.gz too, with names for 3D Slicer."
        ),
    ] = False,
    jobs: Jobs = 1,
    scheduler: Scheduler = "",
    timeout: Timeout = 120,
    restart: Restart = False,
    retry_refused: RetryRefused = False,
) -> None:
    """Outline, name and measure the ossification centres and joints of radiographs of hands.

    Writes label maps in original pixels (bones/ID.png, joints/ID.png, what their numbers mean in labels.json),
    centres.csv with a row a centre, files.csv with a row a file, and overlays/ID.png. Lengths are in percent of the
    hand's, from the wrist to the tip of the middle finger, and in millimetres where the file has them. Research use
    only.
    """
    from boneage.cli.batches import watch_batch
    from boneage.imaging import read_sizes
    from boneage.pipeline.batch.run import RunOptions
    from boneage.pipeline.batch.segmentation import segment_files
    from boneage.pipeline.data import describe_misfits, find_files
    from boneage.pipeline.storage.shipped_model import shipped_model, shipped_segmenter

    files, original_sizes = find_files(images, ids, recursive=recursive), read_sizes(sizes) if sizes else {}
    with watch_batch() as watch:
        results = segment_files(
            files.paths,
            model or shipped_segmenter(),
            localiser or shipped_model(),
            out,
            sizes=original_sizes,
            nifti=nifti,
            jobs=jobs,
            options=RunOptions(timeout, restart, retry_refused, files.base, watch, files.notes, scheduler),
        )
    misfits = describe_misfits(files.paths, sizes=original_sizes)
    reasons = (f"{result.status} {result.path}: {result.reason}" for result in results if result.reason)
    table = out / "files.csv"
    conclude(results, table, (*files.remarks, *misfits, *list_some(reasons, table)))
