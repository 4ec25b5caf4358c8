"""``boneage standardise``: radiographs brought to one standard form."""

from __future__ import annotations

from boneage.cli.options import Ids, Images, Jobs, Out, Recursive, Sizes, conclude, err_console


def standardise(
    images: Images, out: Out, sizes: Sizes = None, ids: Ids = None, recursive: Recursive = False, jobs: Jobs = 1
) -> None:
    """Bring radiographs to one standard form: exposed field, bright bones, one grey range; a table, a sheet."""
    from boneage.cli.progress import show_stages
    from boneage.imaging import read_sizes
    from boneage.pipeline.batch.standardisation import standardise_files
    from boneage.pipeline.data import describe_misfits, find_files

    files, original_sizes = find_files(images, ids, recursive=recursive), read_sizes(sizes) if sizes else {}
    with show_stages(err_console()) as progress:
        results = standardise_files(files.paths, out, sizes=original_sizes, jobs=jobs, progress=progress)
    misfits = describe_misfits(files.paths, sizes=original_sizes)
    reasons = (f"{result.status} {result.path}: {result.reason}" for result in results if result.reason)
    conclude(results, out / "standardised.csv", (*files.remarks, *misfits, *reasons))
