"""``boneage demo``: the main job, end to end, on synthetic hands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import Jobs, Seed, err_console, out_console


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for everything the demonstration makes.")] = Path("demo"),
    count: Annotated[int, typer.Option("--count", min=8, help="Phantom hands to train on.")] = 80,
    test: Annotated[int, typer.Option("--test", min=2, help="Other phantom hands to read.")] = 20,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Make phantom hands, train on some, read the others, and print how far off the readings are."""
    from boneage.cli.progress import show_stages
    from boneage.evaluation.demonstration import demonstrate

    console = out_console()
    with show_stages(err_console()) as report:
        text = demonstrate(out, count=count, test=test, seed=seed, jobs=jobs, report=report)
    console.print(text, soft_wrap=True)
