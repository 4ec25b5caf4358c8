"""``boneage info``: what a model file is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import out_console


def info(
    model: Annotated[
        Path | None,
        typer.Argument(help="Model file (.boneage); the one that comes with boneage if not given.", show_default=False),
    ] = None,
) -> None:
    """Print what a model file is: its landmarks and networks, what they were trained on, its intervals, its digest."""
    from boneage.pipeline.description import describe_model

    for name, text in describe_model(model):
        out_console().print(f"{name}: {text}", soft_wrap=True)
