"""``boneage landmarks train`` and ``locate``: a localiser is trained, and finds landmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boneage.pipeline.commands.options import (
    Annotations,
    Ids,
    Images,
    Jobs,
    Out,
    PresetOption,
    Seed,
    Sizes,
    conclude,
    err_console,
    out_console,
    remark,
)

if TYPE_CHECKING:
    from boneage.pipeline.locating import Located

ModelOut = Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)]


def train(
    images: Images,
    landmarks: Annotations,
    model: ModelOut,
    preset: PresetOption = "accurate",
    ids: Ids = None,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train a random-forest regression-voting localiser on annotated images."""
    from boneage.landmarks import PRESETS
    from boneage.pipeline.bone_age import save_localiser
    from boneage.pipeline.gathering import describe, gather
    from boneage.pipeline.outputs import prepare_folder
    from boneage.pipeline.progress import show_stages
    from boneage.pipeline.training import train_localiser

    collection = gather(images, landmarks=landmarks, ids=ids)
    remark(describe(collection))
    prepare_folder(model.parent)
    with show_stages(err_console()) as report:
        localiser, summary, refused = train_localiser(
            collection, PRESETS[preset](collection.ndim), seed=seed, jobs=jobs, report=report
        )
    remark(f"left out {refusal.path}: {refusal.reason}" for refusal in refused)
    save_localiser(model, localiser, {**summary, "preset": preset})
    size = model.stat().st_size / 1e6
    out_console().print(
        f"{summary['n_landmarks']} landmarks learnt from {summary['n_hands']} images; {model} ({size:.1f} MB)"
    )


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
    from boneage.imaging import read_sizes
    from boneage.pipeline.bone_age import load_localiser
    from boneage.pipeline.gathering import find_files
    from boneage.pipeline.locating import locate_files
    from boneage.pipeline.progress import track

    localiser, _ = load_localiser(model)
    paths = find_files(images, ids)

    def follow(results: Iterator[Located]) -> Iterable[Located]:
        return track(results, total=len(paths), label="locating landmarks", console=err_console())

    known = read_sizes(sizes) if sizes else {}
    results = locate_files(paths, localiser, out, sizes=known, votes=votes, follow=follow)
    reasons = (f"{result.status} {result.path}: {result.reason}" for result in results if result.reason)
    conclude(results, out / "files.csv", reasons)
