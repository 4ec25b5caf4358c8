"""The figure of a training: loss and validation error by pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from boneage.evaluation.figures.style import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_training(
    losses: Sequence[float], sides: Sequence[int], validation_months: Sequence[float | None] = ()
) -> Figure:
    """Plot the loss of each pass and, where there are some, the errors on the validation hands below it.

    Dotted lines are where the side of the pictures changes.

    Parameters
    ----------
    losses : sequence of float
    sides : sequence of int
        Of the pictures in each pass, in pixels.
    validation_months : sequence of float or None
        Mean absolute differences.
    """
    from matplotlib.ticker import MaxNLocator

    validated = any(error is not None for error in validation_months)
    figure, _ = new_figure(5.6, 4.6 if validated else 2.6, 2 if validated else 1, 1)
    passes = range(1, len(losses) + 1)
    figure.axes[0].plot(passes, losses, color=COLOURS[0], marker="o", markersize=3, linewidth=1.2)
    figure.axes[0].set_yscale("log")
    figure.axes[0].set_ylabel("loss")
    if validated:
        known = [(k, error) for k, error in zip(passes, validation_months, strict=True) if error is not None]
        figure.axes[1].plot(*zip(*known, strict=True), color=COLOURS[1], marker="o", markersize=3, linewidth=1.2)
        figure.axes[1].set_ylabel("validation MAD (months)")
        figure.axes[1].set_ylim(0, 1.15 * sorted(error for _, error in known)[int(0.9 * (len(known) - 1))])
        figure.axes[1].annotate(
            f"{known[-1][1]:.1f}", known[-1], xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8
        )
    for axes in figure.axes:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for k in range(1, len(sides)):
            if sides[k] != sides[k - 1]:
                axes.axvline(k + 0.5, color="0.6", linewidth=0.8, linestyle=":")
    if len(set(sides)) > 1:
        starts = [k for k in range(len(sides)) if k == 0 or sides[k] != sides[k - 1]]
        for k in starts:
            figure.axes[0].text(
                k + 0.6, 1.0, f"{sides[k]} px", transform=figure.axes[0].get_xaxis_transform(), fontsize=8, va="bottom"
            )
    figure.axes[-1].set_xlabel("pass over the hands")
    return figure
