"""``boneage phantom``: synthetic hands to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.pipeline.commands.options import Seed, err_console, out_console


def phantom(
    out: Annotated[Path, typer.Argument(help="Folder to write images/, landmarks.csv and ages.csv into.")],
    count: Annotated[int, typer.Option("--count", min=1, help="Number of hands.")] = 60,
    seed: Seed = 0,
) -> None:
    """Make synthetic left-hand radiographs with exact landmarks and ages: a test instrument, not evidence."""
    from boneage.imaging.phantom import write_phantom_set
    from boneage.pipeline.outputs import prepare_folder
    from boneage.pipeline.progress import show_stages

    prepare_folder(out)
    with show_stages(err_console()) as report:
        write_phantom_set(out, count, seed, progress=report)
    out_console().print(f"{count} phantom hands in {out} (synthetic: no evidence about real hands)")
