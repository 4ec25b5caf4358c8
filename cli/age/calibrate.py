"""``boneage age calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import out_console, remark


def calibrate(
    predicted: Annotated[
        Path, typer.Option("--predicted", help="ages.csv that predict wrote with this model.", show_default=False)
    ],
    truth: Annotated[Path, typer.Option("--truth", help="Age CSV with the true ages.", show_default=False)],
    model: Annotated[Path, typer.Option("--model", help="The model (.boneage); not changed.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Model file to write (.boneage).")] = None,
    no_offset: Annotated[
        bool,
        typer.Option("--no-offset", help="Leave the ages as they are: all hands then make the intervals."),
    ] = False,
) -> None:
    """Give a model your own intervals and offset, from some hundred hands that it has read and whose ages you know.

    Half of the hands, by the hash of their ids, correct the bias of each sex; the others make the intervals. Hands that
    the model was trained on are refused. Prints what it found; with --out, writes the model that predicts so.
    """
    from boneage.pipeline.calibration import calibrate_model
    from boneage.pipeline.description import describe_calibration
    from boneage.pipeline.storage.output import prepare_file

    if out is not None:
        prepare_file(out)
    made = calibrate_model(predicted, truth, model, out, offset=not no_offset)
    remark(made.remarks)
    for name, text in describe_calibration(made.calibration):
        out_console().print(f"{name}: {text}", soft_wrap=True)
    out_console().print(f"see {out}" if out is not None else "nothing was written: give --out", soft_wrap=True)
