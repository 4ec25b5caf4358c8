"""Figures of landmark errors, as SVG: colour-blind safe, axes with units, readable in print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.figures.means import FEW, MeanLine, draw_means
from boneage.evaluation.figures.style import COLOURS, new_figure, to_svg
from boneage.evaluation.metrics.confidence import WRONG_BEYOND, evaluate_scores, trace_roc
from boneage.evaluation.metrics.landmark_errors import RADII, LandmarkErrors, summarise_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

_TICKS = np.array([0.05, 0.1, 0.2, 0.5, 1, 2, 4, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000])
_STYLES = ("-", "--", ":", "-.")
_N_BINS = 10


def draw_cumulative_errors(variants: Mapping[str, LandmarkErrors]) -> str:
    """Draw which part of the landmarks lies within each error, a curve for each variant.

    What was not found never comes within any error, so that a curve may end below 100 %. Variants whose names are the
    same up to a comma share their colour.
    """
    unit = next(iter(variants.values())).unit
    figure, axes = new_figure(6.4, 4.0)
    families = list(dict.fromkeys(name.split(",")[0] for name in variants))
    members = [0] * len(families)
    ends = []
    for name, errors in variants.items():
        known = np.sort(errors.distances[~np.isnan(errors.distances)])
        part = np.arange(1, len(known) + 1) / max(len(known), 1)
        found = np.isfinite(known)
        family = families.index(name.split(",")[0])
        style = _STYLES[members[family] % len(_STYLES)]
        members[family] += 1
        distances = np.maximum(known[found], _TICKS[0] / 2)  # an error of 0 has no place on a logarithmic axis
        axes.step(distances, part[found], style, where="post", color=COLOURS[family % len(COLOURS)], label=name)
        ends += [float(np.quantile(distances, 0.01)), float(distances[-1])] if found.any() else []
    _scale_logarithmically(axes, min(ends, default=1.0), max(*ends, 2 * RADII[-1], 0))
    axes.set_ylim(0, 1.01)
    axes.yaxis.set_major_formatter(_percent)
    axes.set_xlabel(f"error ({unit})")
    axes.set_ylabel("landmarks within it")
    axes.legend(loc="lower right", frameon=False)
    return to_svg(figure)


def draw_error_boxes(errors: LandmarkErrors) -> str:
    """Draw a box of the errors of each landmark, the worst median on top; whiskers: 5th and 95th percentile.

    What was not found has no error and is in no box.
    """
    columns = [np.maximum(d[np.isfinite(d)], _TICKS[0] / 2) for d in errors.distances.T]
    order = sorted((k for k in range(len(columns)) if len(columns[k])), key=lambda k: float(np.median(columns[k])))
    figure, axes = new_figure(7.2, 0.9 + 0.19 * len(order))
    axes.boxplot(
        [columns[k] for k in order], orientation="horizontal", whis=(5, 95), widths=0.65, patch_artist=True,
        boxprops={"facecolor": "#CFE3F1", "edgecolor": COLOURS[0], "linewidth": 0.8},
        medianprops={"color": COLOURS[1], "linewidth": 1.4},
        whiskerprops={"color": COLOURS[0], "linewidth": 0.8}, capprops={"color": COLOURS[0], "linewidth": 0.8},
        flierprops={"marker": ".", "markersize": 3, "markeredgecolor": "0.35"},
    )  # fmt: skip
    axes.set_yticks(range(1, len(order) + 1), labels=[errors.names[k] for k in order], fontsize=7)
    axes.set_xlabel(f"error ({errors.unit})")
    every = np.concatenate(columns)
    _scale_logarithmically(axes, float(np.quantile(every, 0.02)), max(float(every.max()), RADII[-1]))
    return to_svg(figure)


def draw_confidence(errors: LandmarkErrors) -> str:
    """Draw the error against the score, and how well a limit on the score separates wrong landmarks from right ones.

    To the left landmarks are binned by score, equally many in each bin; median and 95th percentile of each. To the
    right is the curve whose area is the chance that a wrong landmark scores lower than a right one.
    """
    figure, _ = new_figure(8.0, 3.6, 1, 2)
    left, right = figure.axes
    left.get_gridspec().set_width_ratios((1.45, 1))  # type: ignore[union-attr]
    _draw_error_by_score(left, errors)
    _draw_roc(right, errors)
    return to_svg(figure)


def draw_groups(groupings: Mapping[str, Mapping[str, LandmarkErrors]]) -> str:
    """Draw the mean error of each group with its 95 % interval over patients, and the median.

    Groups of fewer than ``FEW`` images are hollow: their intervals are too narrow to be trusted.

    Parameters
    ----------
    groupings : mapping of mapping of LandmarkErrors
        Groups by what they are grouped by.
    """
    lines = [(name, errors) for groups in groupings.values() for name, errors in groups.items()]
    figure, axes = new_figure(6.4, 0.9 + 0.24 * (len(lines) + len(groupings)))
    blocks = []
    for groups in groupings.values():
        block = []
        for name, errors in groups.items():
            s, n = summarise_errors(errors), len(set(errors.ids))
            block.append(MeanLine(f"{name} ({n} images)", s["mean"], s["mean_interval_95"], s["median"], n < FEW))
        blocks.append(block)
    draw_means(axes, blocks, "mean")
    axes.invert_yaxis()
    axes.set_xlabel(f"error ({lines[0][1].unit})")
    return to_svg(figure)


def _draw_error_by_score(axes: Axes, errors: LandmarkErrors) -> None:
    use = np.isfinite(errors.distances) & np.isfinite(errors.scores)
    scores, distances = errors.scores[use], errors.distances[use]
    axes.plot(scores, distances, ".", color="0.7", markersize=1.5, zorder=0, rasterized=len(scores) > 5000)
    if len(scores) >= 2 * _N_BINS:
        bins = np.array_split(np.argsort(scores), _N_BINS)
        middles = [float(np.median(scores[b])) for b in bins]
        for percentile, colour, marker in ((50, COLOURS[0], "o"), (95, COLOURS[1], "s")):
            values = [float(np.percentile(distances[b], percentile)) for b in bins]
            label = "median" if percentile == 50 else f"{percentile}th percentile"
            axes.plot(middles, values, marker=marker, color=colour, label=label, markersize=4)
        axes.legend(frameon=False, loc="lower left")
    axes.axhline(WRONG_BEYOND, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
    positive = distances[distances > 0]
    low, high = (float(np.quantile(positive, 0.01)), float(positive.max())) if len(positive) else (1.0, 10.0)
    axes.set_yscale("log")
    axes.set_ylim(low / 1.2, max(high, WRONG_BEYOND) * 1.4)
    bottom, top = axes.get_ylim()
    ticks = [tick for tick in _TICKS if bottom <= tick <= top]
    axes.set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("score (0: the votes disagree, 1: they agree)")
    axes.set_ylabel(f"error ({errors.unit})")


def _draw_roc(axes: Axes, errors: LandmarkErrors) -> None:
    caught, doubted = trace_roc(errors)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, linestyle=":")
    axes.step(doubted, caught, where="post", color=COLOURS[0])
    area = evaluate_scores(errors)["area_under_roc"]
    text = "no right and wrong ones" if np.isnan(area) else f"area {area:.2f}"
    axes.text(0.97, 0.06, text, ha="right", transform=axes.transAxes)
    axes.set(xlim=(0, 1), ylim=(0, 1.01), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_percent)
        axis.set_ticks([0, 0.5, 1])
    axes.set_xlabel("right ones that a limit doubts")
    axes.set_ylabel(f"wrong ones (> {WRONG_BEYOND:g} {errors.unit}) caught")


def _percent(part: float, _position: object) -> str:
    return f"{100 * part:.0f} %"


def _scale_logarithmically(axes: Axes, lowest: float, highest: float) -> None:
    """Let the horizontal axis run over round numbers that hold two values; the radii are marked."""
    low = max(int(np.searchsorted(_TICKS, lowest, side="right")) - 1, 0)
    high = min(int(np.searchsorted(_TICKS, highest)), len(_TICKS) - 1)
    ticks = _TICKS[low : high + 1]
    for radius in RADII:
        axes.axvline(radius, color="0.85", linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    axes.set_xlim(ticks[0], ticks[-1])
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
