"""Options that the age commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Model = Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)]
Half = Annotated[bool, typer.Option("--half", help="Write the networks' weights in half precision.")]
NoSex = Annotated[bool, typer.Option("--no-sex", help="Train models that do not use the sex.")]
Epochs = Annotated[
    int | None, typer.Option("--epochs", min=1, help="Passes over the hands; the recipe's if not given.")
]
CutOption = Annotated[
    Literal["regions", "regions-slice", "regions-projection", "hand", "hand+regions", "whole"],
    typer.Option(
        "--cut",
        help="What the model sees: regions around bones, of volumes also as pictures (the middle slice, or the mean in "
        "depth); the hand turned upright; the whole image.",
    ),
]
Side = Annotated[
    int | None, typer.Option("--side", min=8, help="Side of a region in pixels; the way of cutting has its own.")
]
ProportionsOption = Annotated[
    Literal["file", "fitted"],
    typer.Option(
        "--proportions",
        help="Of hands: as in the file, or as broad as looks most like the others: for squashed copies.",
    ),
]
Thumbnail = Annotated[
    int,
    typer.Option(
        "--thumbnail", min=0, help="Make files with more pixels a side thumbnails of so many first; 0: leave them."
    ),
]
Hands = Annotated[
    Path | None,
    typer.Option("--hands", help="Folder that keeps located and cut hands (patients' pixels), for other runs to use."),
]
Network = Annotated[
    str,
    typer.Option(
        "--network",
        help="multiregion, whole-hand, aligned-hand, bonet; vgg16, googlenet or overfeat with -features or -finetuned. "
        "After colons, how regions are weighed (learned, inverse_variance, fixed, equal) and, as stratum=0.5, how far "
        "the loss makes up for rare ages: multiregion:equal.",
    ),
]
RecipeOption = Annotated[
    Literal["modern", "seed"] | None,
    typer.Option(
        "--recipe", help="How networks are trained: ours, or SGD at a fixed rate; the network's own if not given."
    ),
]
PrecisionOption = Annotated[
    Literal["float32", "bfloat16"],
    typer.Option("--precision", help="Arithmetic of the training; bfloat16 is faster where the processor knows it."),
]
Start = Annotated[
    Path | None,
    typer.Option(
        "--start",
        help="Age model (.boneage) to go on from, gently: of the same --network, --cut and --side.",
    ),
]
Weights = Annotated[
    Path | None, typer.Option("--weights", help="File of pretrained weights; those published are fetched if not given.")
]
