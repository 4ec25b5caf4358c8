"""``boneage landmarks locate``: a trained localiser finds landmarks."""

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

ModelOut = Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)]


def locate(
    images: Places,
    model: Annotated[Path, typer.Option("--model", help="A trained localiser (.boneage).", show_default=False)],
    out: Out,
    sizes: Sizes = None,
    ids: Ids = None,
    recursive: Recursive = False,
    votes: Annotated[
        bool, typer.Option("--votes", help="Write where the votes fell: votes/ID.npz and a picture, votes/ID.png.")
    ] = False,
    jobs: Jobs = 1,
    scheduler: Scheduler = "",
    timeout: Timeout = 120,
    restart: Restart = False,
    retry_refused: RetryRefused = False,
) -> None:
    """Locate landmarks in every image of a folder: landmarks.csv in original pixels, scores, overlays."""
    from boneage.cli.batches import watch_batch
    from boneage.imaging import read_sizes
    from boneage.pipeline.batch.localisation import locate_files
    from boneage.pipeline.batch.run import RunOptions
    from boneage.pipeline.data import describe_misfits, find_files

    files, original_sizes = find_files(images, ids, recursive=recursive), read_sizes(sizes) if sizes else {}
    with watch_batch() as watch:
        options = RunOptions(timeout, restart, retry_refused, files.base, watch, files.notes, scheduler)
        results = locate_files(files.paths, model, out, sizes=original_sizes, votes=votes, jobs=jobs, options=options)
    misfits = describe_misfits(files.paths, sizes=original_sizes)
    reasons = (f"{result.status} {result.path}: {result.reason}" for result in results if result.reason)
    table = out / "files.csv"
    conclude(results, table, (*files.remarks, *misfits, *list_some(reasons, table)))
