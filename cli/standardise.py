"""``boneage standardise``: radiographs brought to one standard form."""

from __future__ import annotations

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


def standardise(
    images: Places,
    out: Out,
    sizes: Sizes = None,
    ids: Ids = None,
    recursive: Recursive = False,
    jobs: Jobs = 1,
    scheduler: Scheduler = "",
    timeout: Timeout = 120,
    restart: Restart = False,
    retry_refused: RetryRefused = False,
) -> None:
    """Bring radiographs to one standard form: exposed field, bright bones, one grey range; a table, a sheet."""
    from boneage.cli.batches import watch_batch
    from boneage.imaging import read_sizes
    from boneage.pipeline.batch.run import RunOptions
    from boneage.pipeline.batch.standardisation import standardise_files
    from boneage.pipeline.data import describe_misfits, find_files

    files, original_sizes = find_files(images, ids, recursive=recursive), read_sizes(sizes) if sizes else {}
    with watch_batch() as watch:
        options = RunOptions(timeout, restart, retry_refused, files.base, watch, files.notes, scheduler)
        results = standardise_files(files.paths, out, sizes=original_sizes, jobs=jobs, options=options)
    misfits = describe_misfits(files.paths, sizes=original_sizes)
    reasons = (f"{result.status} {result.path}: {result.reason}" for result in results if result.reason)
    table = out / "standardised.csv"
    conclude(results, table, (*files.remarks, *misfits, *list_some(reasons, table)))
