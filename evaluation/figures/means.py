"""Means of groups with their intervals, drawn as lines below each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boneage.evaluation.figures.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 10
"""Fewer images than this give no interval to rely on."""


@dataclass(frozen=True)
class MeanLine:
    """What is drawn of a group.

    Parameters
    ----------
    label : str
    mean : float
    interval : sequence of float
        The ends of its 95 % interval.
    median : float
    few : bool
        Whether the mark is hollow: the interval of so few is too narrow to be trusted.
    """

    label: str
    mean: float
    interval: Sequence[float]
    median: float
    few: bool


def draw_means(axes: Axes, blocks: Sequence[Sequence[MeanLine]], mean: str) -> float:
    """Draw the lines of some blocks, with a gap between one and the next, and return the last one's place.

    Parameters
    ----------
    axes : Axes
        Places grow from 0, a line at each whole number but for the gaps.
    blocks : sequence of sequence of MeanLine
    mean : str
        What the legend is to call the mean.
    """
    ticks: list[float] = []
    place = 0.0
    for block in blocks:
        for line in block:
            labels = (f"{mean}, 95 % interval", "median") if not ticks else (None, None)
            face = "white" if line.few else COLOURS[0]
            axes.plot(line.interval, [place, place], color=COLOURS[0], linewidth=1.4, zorder=2)
            axes.plot(line.mean, place, "o", color=COLOURS[0], markerfacecolor=face, markersize=5, label=labels[0])
            axes.plot(line.median, place, "|", color=COLOURS[1], markersize=9, markeredgewidth=2, label=labels[1])
            ticks.append(place)
            place += 1
        place += 0.6
    axes.set_yticks(ticks, labels=[line.label for block in blocks for line in block], fontsize=8)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color="0.9", zorder=0)
    axes.set_axisbelow(True)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False, fontsize=8)
    return ticks[-1]
