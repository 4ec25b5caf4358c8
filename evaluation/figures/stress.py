"""The figure of the stress benchmark: a row for each change of the picture, a panel for each measure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boneage.evaluation.figures.style import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = ("o", "|", "x")
_ROW = 0.17  # inches


@dataclass(frozen=True)
class Panel:
    """One measure of all changes.

    Parameters
    ----------
    label : str
        With its unit.
    values : mapping of sequence of float
        By the name of each statistic, in the order of the changes. NaN is not drawn; what is infinite lies at the
        edge, as an arrow.
    bars : bool
        Whether the statistics are stacked bars (parts of 100), else marks on a scale that is linear near 0 and
        logarithmic beyond 1.
    """

    label: str
    values: Mapping[str, Sequence[float]]
    bars: bool = False


def plot_stress(changes: Sequence[str], panels: Sequence[Panel]) -> Figure:
    """Plot the measures of each change, the first change on top; the dotted lines are where that one lies.

    Parameters
    ----------
    changes : sequence of str
    panels : sequence of Panel
    """
    figure, _ = new_figure(2.2 + 2.5 * len(panels), 1.2 + _ROW * len(changes), 1, len(panels))
    places = [float(place) for place in range(len(changes))]
    for axes, panel in zip(figure.axes, panels, strict=True):
        (_draw_bars if panel.bars else _draw_marks)(axes, places, panel)
        axes.set_ylim(len(changes) - 0.4, -0.6)
        axes.set_yticks(places, labels=changes if axes is figure.axes[0] else [""] * len(changes), fontsize=8)
        axes.tick_params(axis="y", length=0)
        for place in places[::2]:
            axes.axhspan(place - 0.5, place + 0.5, color="0.96", zorder=0)
        axes.set_xlabel(panel.label, fontsize=9)
        axes.tick_params(axis="x", labelsize=8)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=8, handletextpad=0.2)
    return figure


def _draw_bars(axes: Axes, places: Sequence[float], panel: Panel) -> None:
    ends = [0.0] * len(places)
    for k, (name, values) in enumerate(panel.values.items()):
        widths = [0.0 if math.isnan(value) else value for value in values]
        axes.barh(places, widths, left=ends, height=0.7, color=COLOURS[1 if k == 0 else 4], label=name, zorder=2)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    axes.set_xlim(0, 100)


def _draw_marks(axes: Axes, places: Sequence[float], panel: Panel) -> None:
    known = [value for values in panel.values.values() for value in values if math.isfinite(value)]
    edge = 1.3 * max([1.0, *known])
    for k, (name, values) in enumerate(panel.values.items()):
        finite = [value if math.isfinite(value) else math.nan for value in values]
        infinite = [edge if math.isinf(value) else math.nan for value in values]
        for marks, marker, label in ((finite, _MARKERS[k % len(_MARKERS)], name), (infinite, ">", None)):
            axes.plot(marks, places, marker, color=COLOURS[k], markersize=5, markeredgewidth=1.6, label=label, zorder=3)
        if values and math.isfinite(values[0]):
            axes.axvline(values[0], color=COLOURS[k], linestyle=":", linewidth=0.8, zorder=1)
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set_xlim(-0.06, 1.15 * edge)
    axes.xaxis.set_major_formatter("{x:g}")
    ticks = [tick for tick in (0, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if tick <= edge]
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
