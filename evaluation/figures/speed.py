"""Figures of what a localiser costs, as SVG: engine beside engine, and cost against size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from boneage.evaluation.figures.style import COLOURS, new_figure, to_svg

if TYPE_CHECKING:
    from matplotlib.axis import Axis

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def draw_costs(engines: Mapping[str, tuple[float, float, float]], unit: str) -> str:
    """Draw the error of each engine against the seconds of its training, and against the time for one image.

    Parameters
    ----------
    engines : mapping of (training_s, locating_ms, mean error)
    unit : str
        Of the error.
    """
    figure, _ = new_figure(7.2, 3.6, 1, 2)
    for column, (axes, label) in enumerate(
        zip(figure.axes, ("training (s)", "locating in one image, one thread (ms)"), strict=True)
    ):
        for k, (name, cost) in enumerate(engines.items()):
            axes.plot(
                cost[column], cost[2], _MARKERS[k % len(_MARKERS)], color=COLOURS[k % len(COLOURS)], label=name,
                markersize=8, linestyle="none",
            )  # fmt: skip
        axes.set_xscale("log")
        _mark_decades(axes.xaxis)
        axes.margins(0.15)
        axes.set_ylim(bottom=0)
        axes.grid(color="0.92")
        axes.set_axisbelow(True)
        axes.set_xlabel(label)
        axes.set_ylabel(f"mean error ({unit})")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    return to_svg(figure)


def draw_scaling(
    axis: str, sizes: Sequence[float], costs: Mapping[str, Sequence[float]], exponents: Mapping[str, float]
) -> str:
    """Draw costs against a size, both logarithmic, a panel for each cost; dashed: what is proportional to the size.

    Parameters
    ----------
    axis : str
        Name of the size.
    sizes : sequence of float
        Increasing.
    costs : mapping of sequence of float
        By name with its unit, as many as there are sizes.
    exponents : mapping of float
        By the same names: the slope that is written into each panel.
    """
    from matplotlib.ticker import NullLocator

    figure, _ = new_figure(3.2 * len(costs), 3.0, 1, len(costs))
    for k, (axes, (name, values)) in enumerate(zip(figure.axes, costs.items(), strict=True)):
        proportional = [values[-1] * size / sizes[-1] for size in sizes]
        axes.plot(sizes, proportional, "--", color="0.6", linewidth=1, label="proportional")
        label = f"measured, slope {exponents[name]:.2f}"
        axes.plot(sizes, values, color=COLOURS[k % len(COLOURS)], marker=_MARKERS[k % len(_MARKERS)], label=label)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(min(values) / 2, max(values) * 3)
        axes.set_xticks(sizes, labels=[f"{size:g}" for size in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
        _mark_decades(axes.yaxis)
        axes.set_xlabel(axis)
        axes.set_ylabel(name)
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    return to_svg(figure)


def _mark_decades(axis: Axis) -> None:
    """Mark 1, 2, 5, 10, 20 ... on a logarithmic axis."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())
