"""``boneage age join``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.age.options import Half, Model
from boneage.cli.options import out_console


def join(
    models: Annotated[
        list[Path], typer.Argument(help="Age models (.boneage) that share a localiser.", show_default=False)
    ],
    model: Model,
    half: Half = False,
) -> None:
    """Join age models that share a localiser into one file; their ages are averaged.

    The file is used like any other, and its predictions list the regions of every age model. The models may read
    different crops: one the hand as a whole, one the regions around its bones.
    """
    from boneage.pipeline.ensemble import join_pipelines
    from boneage.pipeline.storage.output import prepare_file

    pipeline = join_pipelines(models)
    prepare_file(model)
    pipeline.save(model, half=half)
    size = model.stat().st_size / 1e6
    out_console().print(f"{len(pipeline.age_models)} age models joined; {model} ({size:.1f} MB)")
