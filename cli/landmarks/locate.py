"""``boneage landmarks locate``: a trained localiser finds landmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boneage.cli.options import (
    Ids,
    Images,
    Out,
    Sizes,
    conclude,
    err_console,
)

if TYPE_CHECKING:
    from boneage.pipeline.batch.localisation import LocalisationResult

ModelOut = Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)]


def locate(
    images: Images,
    model: Annotated[Path, typer.Option("--model", help="A trained localiser (.boneage).", show_default=False)],
    out: Out,
    sizes: Sizes = None,
    ids: Ids = None,
    votes: Annotated[
        bool, typer.Option("--votes", help="Write where the votes fell: votes/ID.npz and a picture, votes/ID.png.")
    ] = False,
) -> None:
    """Locate landmarks in every image of a folder: landmarks.csv in original pixels, scores, overlays."""
    from boneage.cli.progress import track
    from boneage.imaging import read_sizes
    from boneage.pipeline.batch.localisation import locate_files
    from boneage.pipeline.data import find_files
    from boneage.pipeline.pipeline import load_localiser

    localiser, _ = load_localiser(model)
    paths = find_files(images, ids)

    def follow(results: Iterator[LocalisationResult]) -> Iterable[LocalisationResult]:
        return track(results, total=len(paths), label="locating landmarks", console=err_console())

    known = read_sizes(sizes) if sizes else {}
    results = locate_files(paths, localiser, out, sizes=known, votes=votes, follow=follow)
    reasons = (f"{result.status} {result.path}: {result.reason}" for result in results if result.reason)
    conclude(results, out / "files.csv", reasons)
