"""What came out in each pass of a training: a table and a plot beside the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from boneage.evaluation.figures.style import to_png
from boneage.evaluation.figures.training import plot_training
from boneage.pipeline.storage.output import name_output, write_atomically, write_table
from boneage.regression.validation import EpochResult


def write_training_curve(model: Path, history: Sequence[EpochResult]) -> None:
    """Write, for ``NAME.boneage``, ``NAME.training.csv`` (pass, side, loss, validation_mad_months) and its plot.

    Parameters
    ----------
    model : Path
        The model file that they are written beside.
    history : sequence of EpochResult
        Validation errors in months.

    Raises
    ------
    UnusableOutput
        If a file cannot be written.
    """
    rows = [
        {
            "pass": number,
            "side": result.side,
            "loss": f"{result.loss:.5f}",
            "validation_mad_months": "" if result.validation_error is None else f"{result.validation_error:.3f}",
        }
        for number, result in enumerate(history, start=1)
    ]
    write_table(model.with_name(name_output(model.stem, ".training.csv")), rows)
    losses, sides, errors = zip(*history, strict=True)
    write_atomically(
        model.with_name(name_output(model.stem, ".training.png")), to_png(plot_training(losses, sides, errors))
    )
