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
    maps: Annotated[
        Path | None,
        typer.Option(
            "--maps",
            help="An age model (.boneage) that makes maps of ages, put beside those of one file: ages stay.",
            show_default=False,
        ),
    ] = None,
    half: Half = False,
) -> None:
    """Join age models that share a localiser into one file; their ages are averaged.

    The file is used like any other, and its predictions list the regions of every age model. The models may read
    different crops: one the hand as a whole, one the regions around its bones. With --maps, one file gets a model for
    `age map` that has no part in its ages.
    """
    from boneage.imaging.errors import InvalidInput
    from boneage.pipeline.ensemble import add_map_model, join_pipelines
    from boneage.pipeline.storage.output import prepare_file

    if maps is not None and len(models) > 1:
        raise InvalidInput("--maps puts a model beside those of one file, got several: join these first")
    pipeline = join_pipelines(models) if maps is None else add_map_model(models[0], maps)
    prepare_file(model)
    pipeline.save(model, half=half)
    size = model.stat().st_size / 1e6
    n = len(pipeline.age_models)
    done = f"{n} age models joined" if maps is None else f"{maps.name} maps the ages of {models[0].name}"
    out_console().print(f"{done}; {model} ({size:.1f} MB)")
