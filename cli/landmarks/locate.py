"""``boneage landmarks locate``: a trained localiser finds landmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import (
    Ids,
    Images,
    Out,
    Recursive,
    Sizes,
    conclude,
    err_console,
)

ModelOut = Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)]


def locate(
    images: Images,
    model: Annotated[Path, typer.Option("--model", help="A trained localiser (.boneage).", show_default=False)],
    out: Out,
    sizes: Sizes = None,
    ids: Ids = None,
    recursive: Recursive = False,
    votes: Annotated[
        bool, typer.Option("--votes", help="Write where the votes fell: votes/ID.npz and a picture, votes/ID.png.")
    ] = False,
) -> None:
    """Locate landmarks in every image of a folder: landmarks.csv in original pixels, scores, overlays."""
    from boneage.cli.progress import show_stages
    from boneage.imaging import read_sizes
    from boneage.pipeline.batch.localisation import locate_files
    from boneage.pipeline.data import describe_misfits, find_files
    from boneage.pipeline.pipeline import load_localiser

    localiser, _ = load_localiser(model)
    files, original_sizes = find_files(images, ids, recursive=recursive), read_sizes(sizes) if sizes else {}
    with show_stages(err_console()) as progress:
        results = locate_files(files.paths, localiser, out, sizes=original_sizes, votes=votes, progress=progress)
    misfits = describe_misfits(files.paths, sizes=original_sizes)
    reasons = (f"{result.status} {result.path}: {result.reason}" for result in results if result.reason)
    conclude(results, out / "files.csv", (*files.remarks, *misfits, *reasons))
