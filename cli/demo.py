"""``boneage demo``: the product on synthetic hands, in two minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import Jobs, Seed, err_console, out_console


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for everything the demonstration makes.")] = Path("demo"),
    count: Annotated[int, typer.Option("--count", min=8, help="Phantom hands to train on.")] = 24,
    test: Annotated[int, typer.Option("--test", min=2, help="Other phantom hands to read.")] = 6,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Read phantom hands with the shipped model, make a page of them, then train a model on others and measure it."""
    from boneage.cli.progress import show_stages
    from boneage.evaluation.demonstration import Demonstration

    demonstration = Demonstration(out, count=count, test=test, seed=seed, jobs=jobs)
    for step in (demonstration.read_with_shipped_model, demonstration.train_and_read):
        with show_stages(err_console()) as report:
            text = step(report)
        out_console().print(f"\n{text}\n", soft_wrap=True)
