"""Figures of landmark errors, as SVG: colour-blind safe, axes with units, readable in print."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.drawing import COLOURS, new_figure, to_svg
from boneage.evaluation.landmark_errors import RADII, LandmarkErrors

Array = NDArray[np.float64]

_STYLES = ("-", "--", ":", "-.")
_N_BINS = 10


def draw_cumulative_errors(variants: Mapping[str, LandmarkErrors]) -> str:
    """Draw which part of the landmarks lies within each error, a curve for each variant.

    What was not found never comes within any error, so that a curve may end below 100 %.
    """
    unit = next(iter(variants.values())).unit
    figure, axes = new_figure(6.4, 4.0)
    for k, (name, errors) in enumerate(variants.items()):
        known = np.sort(errors.distances[~np.isnan(errors.distances)])
        part = 100 * np.arange(1, len(known) + 1) / len(known)
        found = np.isfinite(known) & (known > 0)
        style = _STYLES[k % len(_STYLES)]
        axes.step(known[found], part[found], style, where="post", color=COLOURS[k % len(COLOURS)], label=name)
    for radius in RADII:
        axes.axvline(radius, color="0.8", linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    ticks = (0.2, 0.5, 1, *RADII, 20, 50)
    axes.set_xlim(ticks[0], ticks[-1])
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(0, 101)
    axes.set_xlabel(f"error ({unit})")
    axes.set_ylabel("landmarks within it (%)")
    axes.legend(loc="lower right", frameon=False)
    return to_svg(figure)


def draw_error_boxes(errors: LandmarkErrors) -> str:
    """Draw a box of the errors of each landmark, sorted by median; whiskers reach to the 5th and 95th percentile."""
    columns = [d[np.isfinite(d)] for d in errors.distances.T]
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
    axes.set_xlabel(f"error ({errors.unit}); box: quartiles, whiskers: 5th to 95th percentile")
    axes.set_xlim(left=0)
    axes.grid(axis="x", color="0.9", zorder=0)
    axes.set_axisbelow(True)
    return to_svg(figure)


def draw_confidence(errors: LandmarkErrors) -> str:
    """Draw the error against the score, which tells whether the localiser knows when it is wrong.

    Landmarks are binned by score, equally many in each bin; median and 95th percentile of each.
    """
    use = np.isfinite(errors.distances) & np.isfinite(errors.scores)
    scores, distances = errors.scores[use], errors.distances[use]
    figure, axes = new_figure(6.4, 3.6)
    if len(scores) >= 2 * _N_BINS:
        bins = np.array_split(np.argsort(scores), _N_BINS)
        middles = [float(np.median(scores[b])) for b in bins]
        for percentile, colour, marker in ((50, COLOURS[0], "o"), (95, COLOURS[1], "s")):
            values = [float(np.percentile(distances[b], percentile)) for b in bins]
            label = "median" if percentile == 50 else f"{percentile}th percentile"
            axes.plot(middles, values, marker=marker, color=colour, label=label, markersize=4)
        axes.legend(frameon=False)
    axes.plot(scores, distances, ".", color="0.7", markersize=1.5, zorder=0, rasterized=len(scores) > 5000)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("score of the landmark (0: the votes disagree, 1: they are one)")
    axes.set_ylabel(f"error ({errors.unit})")
    return to_svg(figure)
