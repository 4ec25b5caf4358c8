"""The figure of a selection benchmark: errors by the number of annotated hands, a line for each strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from boneage.evaluation.figures.style import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLES = ("-", "--", ":")
_N_TICKS = 8


def plot_learning_curves(sizes: Sequence[int], errors: Mapping[str, Sequence[float]], unit: str) -> Figure:
    """Plot the mean error of strategies by the number of hands, on logarithmic axes.

    Parameters
    ----------
    sizes : sequence of int
    errors : mapping of sequence of float
        By strategy, one for each size.
    unit : str
        Of the errors, in words.
    """
    from matplotlib.ticker import MaxNLocator, NullLocator, ScalarFormatter

    figure, axes = new_figure(6.8, 4.0)
    for number, (name, values) in enumerate(errors.items()):
        colour, style = COLOURS[number % len(COLOURS)], _STYLES[number // len(COLOURS) % len(_STYLES)]
        axes.plot(sizes, values, style, color=colour, marker="o", markersize=3, linewidth=1.3, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes)
    axes.yaxis.set_major_locator(MaxNLocator(_N_TICKS))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel("annotated hands")
    axes.set_ylabel(f"mean error ({unit})")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
