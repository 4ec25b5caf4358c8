"""``boneage landmarks train``: a localiser learns from annotated images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import (
    Annotations,
    Ids,
    Images,
    Jobs,
    PresetOption,
    Recursive,
    Seed,
    err_console,
    out_console,
    remark,
)

ModelOut = Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)]


def train(
    images: Images,
    landmarks: Annotations,
    model: ModelOut,
    preset: PresetOption = "accurate",
    ids: Ids = None,
    recursive: Recursive = False,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train a random-forest regression-voting localiser on annotated images."""
    from boneage.cli.progress import show_stages
    from boneage.landmarks import PRESETS
    from boneage.pipeline.data import describe, load_collection
    from boneage.pipeline.pipeline import save_localiser
    from boneage.pipeline.storage.output import prepare_file
    from boneage.pipeline.training.localiser import train_localiser

    collection = load_collection(images, landmarks=landmarks, ids=ids, recursive=recursive)
    prepare_file(model)
    remark(describe(collection))
    with show_stages(err_console()) as report:
        localiser, summary, excluded = train_localiser(
            collection, PRESETS[preset](collection.ndim), seed=seed, jobs=jobs, report=report
        )
    remark(f"left out {hand.path}: {hand.reason}" for hand in excluded)
    save_localiser(model, localiser, {**summary, "preset": preset})
    size = model.stat().st_size / 1e6
    out_console().print(
        f"{summary['n_landmarks']} landmarks learnt from {summary['n_hands']} images; {model} ({size:.1f} MB)"
    )
