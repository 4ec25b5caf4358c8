"""``boneage age map``: the age of every part of a hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import (
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
from boneage.cli.sexes import SexCsv, SexOfAll, choose_sexes


def map_(
    images: Places,
    out: Out,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="A model (.boneage) of regions, an EfficientNet-Lite or a BoNet; ours if not given.",
        ),
    ] = None,
    sex_csv: SexCsv = None,
    sex: SexOfAll = None,
    sizes: Sizes = None,
    recursive: Recursive = False,
    side: Annotated[
        int | None,
        typer.Option(
            "--side",
            min=1,
            help="Side in pixels that hands are scaled to; that of training if not given. Not for regions.",
        ),
    ] = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = "",
    timeout: Timeout = 120,
    restart: Restart = False,
    retry_refused: RetryRefused = False,
) -> None:
    """Show which part of a hand has which age: a region, a window of a BoNet, or a cell of an EfficientNet-Lite's maps.

    Writes age_maps.csv (a row a file), maps/ID.png (the map over the radiograph) and maps/ID.csv (a row a cell).
    Research use only.
    """
    from boneage.cli.batches import watch_batch
    from boneage.imaging import read_sizes
    from boneage.pipeline.batch.age_maps import map_files
    from boneage.pipeline.batch.run import RunOptions
    from boneage.pipeline.data import describe_misfits, find_files
    from boneage.pipeline.storage.shipped_model import shipped_model

    files = find_files(images, recursive=recursive)
    sexes, original_sizes = choose_sexes(sex_csv, sex), read_sizes(sizes) if sizes else {}
    with watch_batch() as watch:
        results = map_files(
            files.paths,
            model or shipped_model(),
            out,
            sexes=sexes,
            sizes=original_sizes,
            side=side,
            jobs=jobs,
            options=RunOptions(timeout, restart, retry_refused, files.base, watch, files.notes, scheduler),
        )
    refusals = (f"refused {result.path}: {result.reason}" for result in results if result.status == "refused")
    misfits = describe_misfits(files.paths, sexes=sexes, sizes=original_sizes)
    table = out / "age_maps.csv"
    conclude(results, table, (*files.remarks, *misfits, *list_some(refusals, table)))
