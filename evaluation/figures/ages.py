"""Figures of age errors, as SVG: colour-blind safe, axes with units, readable in print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.figures.means import FEW, MeanLine, draw_means
from boneage.evaluation.figures.style import COLOURS, new_figure, to_svg
from boneage.evaluation.metrics.age_bands import list_age_bands, name_age_band
from boneage.evaluation.metrics.age_errors import WITHIN_MONTHS, AgeErrors, summarise_ages
from boneage.evaluation.metrics.age_groups import SEX_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

Array = NDArray[np.float64]

_SEXES = (("F", COLOURS[1], "o"), ("M", COLOURS[0], "^"), (None, "0.4", "s"))
_STYLES = ("-", "--", ":", "-.")
_MANY = 3000  # dots; more are drawn as one picture


def draw_predicted(ages: AgeErrors) -> str:
    """Draw the predicted against the true age of each hand; grey: within a year."""
    figure, axes = new_figure(5.2, 4.8)
    true, predicted = ages.true_months / 12, ages.predicted_months / 12
    high = float(max(true.max(), predicted.max())) + 0.7
    low = max(float(min(true.min(), predicted.min())) - 0.7, -0.3)
    axes.fill_between([low, high], [low - 1, high - 1], [low + 1, high + 1], color="0.93", linewidth=0, zorder=0)
    axes.plot([low, high], [low, high], color="0.5", linewidth=0.8, zorder=1)
    _scatter_by_sex(axes, ages, true, predicted)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    _mark_multiples(axes.xaxis, 2)
    _mark_multiples(axes.yaxis, 2)
    axes.set_xlabel("true bone age (years)")
    axes.set_ylabel("predicted bone age (years)")
    return to_svg(figure)


def draw_agreement(ages: AgeErrors) -> str:
    """Draw the error against the mean of predicted and true age (Bland and Altman).

    Lines: the mean error, and the limits between which 95 % of the errors lie if they are normal.
    """
    figure, axes = new_figure(6.8, 4.0)
    middle = (ages.true_months + ages.predicted_months) / 24
    _scatter_by_sex(axes, ages, middle, ages.errors)
    axes.axhline(0, color="0.75", linewidth=0.8, zorder=0)
    s = summarise_ages(ages)
    lines = [(s["bias"], "-", "mean")]
    if len(ages.ids) > 1:
        low, high = s["limits_95"]
        lines += [(low, "--", "-1.96 sd"), (high, "--", "+1.96 sd")]
    for value, style, name in lines:
        axes.axhline(value, color="0.15", linewidth=1.0, linestyle=style, zorder=3)
        axes.annotate(
            f"{name}\n{value:+.1f}", (1.01, value), xycoords=("axes fraction", "data"), va="center", fontsize=8
        )
    limit = 1.1 * max(float(np.abs(ages.errors).max()), abs(lines[-1][0]), WITHIN_MONTHS[0])
    axes.set_ylim(-limit, limit)
    _mark_multiples(axes.xaxis, 2)
    _mark_multiples(axes.yaxis, 12)
    axes.set_xlabel("mean of predicted and true bone age (years)")
    axes.set_ylabel("predicted - true (months)")
    return to_svg(figure)


def draw_age_boxes(ages: AgeErrors) -> str:
    """Draw a box of the errors in each band of true age, girls beside boys; whiskers: 5th and 95th percentile."""
    figure, axes = new_figure(6.8, 4.0)
    bands = [name_age_band(months) for months in ages.true_months]
    shown = [band for band in list_age_bands() if band in bands]
    sexes = [sex for sex in _SEXES if sex[0] in ages.sexes]
    axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    for k, (sex, colour, _) in enumerate(sexes):
        own = [ages.errors[[b == band and s == sex for b, s in zip(bands, ages.sexes, strict=True)]] for band in shown]
        place = np.arange(len(shown)) + (k - (len(sexes) - 1) / 2) * 0.8 / len(sexes)
        there = [n for n, errors in enumerate(own) if len(errors)]
        axes.boxplot(
            [own[n] for n in there], positions=place[there], whis=(5, 95), widths=0.62 / len(sexes), patch_artist=True,
            boxprops={"facecolor": colour, "alpha": 0.25, "edgecolor": colour, "linewidth": 0.8},
            medianprops={"color": colour, "linewidth": 1.8},
            whiskerprops={"color": colour, "linewidth": 0.8}, capprops={"color": colour, "linewidth": 0.8},
            flierprops={"marker": ".", "markersize": 3, "markeredgecolor": colour, "alpha": 0.6},
        )  # fmt: skip
        axes.plot([], [], "s", color=colour, alpha=0.5, markersize=8, label=SEX_NAMES[sex])
    axes.set_xticks(range(len(shown)), labels=[f"{band}\n({bands.count(band)} hands)" for band in shown])
    axes.set_xlim(-0.6, len(shown) - 0.4)
    _mark_multiples(axes.yaxis, 12)
    axes.set_xlabel("true bone age")
    axes.set_ylabel("predicted - true (months)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=8)
    return to_svg(figure)


def draw_cumulative_ages(variants: Mapping[str, AgeErrors]) -> str:
    """Draw which part of the hands is read to within each error, a curve for each variant."""
    figure, axes = new_figure(6.4, 4.0)
    ends = [WITHIN_MONTHS[-1] * 1.05]
    for k, (name, ages) in enumerate(variants.items()):
        errors = np.sort(np.abs(ages.errors))
        part = np.arange(1, len(errors) + 1) / len(errors)
        style = _STYLES[k // len(COLOURS) % len(_STYLES)]
        axes.step(
            np.append(0, errors), np.append(0, part), style, where="post", color=COLOURS[k % len(COLOURS)], label=name
        )
        ends.append(float(np.quantile(errors, 0.98)))
    for months in WITHIN_MONTHS:
        axes.axvline(months, color="0.85", linewidth=0.8, zorder=0)
    axes.set(xlim=(0, max(ends)), ylim=(0, 1.01))
    axes.set_xticks(np.arange(0, max(ends), 12 if max(ends) > 40 else 6))
    axes.yaxis.set_major_formatter(lambda part, _: f"{100 * part:.0f} %")
    axes.set_xlabel("absolute error (months)")
    axes.set_ylabel("hands within it")
    if len(variants) > 1:
        axes.legend(loc="lower right", frameon=False, fontsize=8)
    return to_svg(figure)


def draw_mads(groupings: Mapping[str, Mapping[str, AgeErrors]]) -> str:
    """Draw the mean absolute difference of each group, or variant, with its 95 % interval, and the median.

    Groups of fewer than ``FEW`` hands are hollow: their intervals are too narrow to be trusted.

    Parameters
    ----------
    groupings : mapping of mapping of AgeErrors
        Groups by what they are grouped by.
    """
    n_lines = sum(len(groups) for groups in groupings.values())
    figure, axes = new_figure(6.4, 0.95 + 0.26 * (n_lines + len(groupings)))
    blocks = []
    for groups in groupings.values():
        block = []
        for name, ages in groups.items():
            s, n = summarise_ages(ages), len(ages.ids)
            median = float(np.median(np.abs(ages.errors)))
            block.append(MeanLine(f"{name} ({n} hands)", s["mad"], s["mad_interval_95"], median, n < FEW))
        blocks.append(block)
    last = draw_means(axes, blocks, "MAD")
    axes.set_ylim(last + 0.6, -0.6)
    axes.set_xlabel("absolute error (months)")
    return to_svg(figure)


def _mark_multiples(axis: Axis, step: int) -> None:
    """Mark every multiple of a step, or of a multiple of it where these would be too many."""
    from matplotlib.ticker import MultipleLocator

    low, high = axis.get_view_interval()
    axis.set_major_locator(MultipleLocator(step * max(1, -(-int(high - low) // (12 * step)))))
    axis.set_major_formatter("{x:g}")


def _scatter_by_sex(axes: Axes, ages: AgeErrors, x: Array, y: Array) -> None:
    many = len(ages.ids) > _MANY
    for sex, colour, marker in _SEXES:
        own = np.array([s == sex for s in ages.sexes])
        if own.any():
            axes.plot(
                x[own], y[own], marker, color=colour, label=f"{SEX_NAMES[sex]} ({own.sum()})", linestyle="none",
                markersize=2 if many else 4, alpha=0.35 if many else 0.6, markeredgewidth=0, rasterized=many,
            )  # fmt: skip
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=8)
