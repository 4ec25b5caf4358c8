"""Tables and sentences of landmark reports."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from boneage.evaluation.metrics import OUTLIER_PERCENT, RADII, HandOutliers, LandmarkErrors, summarise_errors
from boneage.evaluation.reports.number_format import Table, format_interval, format_number, format_rate

BEYOND_PERCENT = f"beyond_{OUTLIER_PERCENT:g}_percent"
_BEYOND = f"beyond_{RADII[-1]:g}"
_WITHIN = [f"within_{radius:g}" for radius in RADII]


def tabulate_landmarks(summary: Mapping[str, Any]) -> Table:
    """Return the errors of each landmark, a row each, and of all."""
    unit = summary["unit"]
    header = ["landmark", "n", "mean", "sd", "median", "95th", *_limits(unit), "not found", "worst"]

    def line(name: str, s: Mapping[str, float]) -> list[str]:
        numbers = [format_number(s[key]) for key in ("mean", "sd", "median", "percentile_95")]
        rates = [format_rate(s[key]) for key in (*_WITHIN, _BEYOND, BEYOND_PERCENT)]
        return [name, str(s["n"]), *numbers, *rates, str(s["n_not_found"]), format_number(s["worst"], 1)]

    rows = [line(name, s) for name, s in summary["landmarks"].items()]
    return header, [*rows, line("all", summary["overall"])]


def tabulate_variants(variants: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the errors and times of each variant of a benchmark, a row each."""
    unit = next(iter(variants.values()))["unit"]
    header = ["variant", "mean", "95 % interval", "sd", "median", *_limits(unit), "not found", "training", "an image"]
    rows = []
    for name, variant in variants.items():
        s = variant["overall"]
        rates = [format_rate(s[key]) for key in _WITHIN]
        rates += [format_rate(value, 2) for value in (s[_BEYOND], s[BEYOND_PERCENT], _part(s["n_not_found"], s["n"]))]
        spent = [f"{median(variant['training_s']):.1f} s", f"{1000 * median(variant['locating_s']):.0f} ms"]
        numbers = [
            format_number(s["mean"]),
            format_interval(s["mean_interval_95"]),
            format_number(s["sd"]),
            format_number(s["median"]),
        ]
        rows.append([name, *numbers, *rates, *spent])
    return header, rows


def tabulate_groups(groupings: Mapping[str, Mapping[str, LandmarkErrors]], unit: str) -> Table:
    """Return the errors of each group, a row each."""
    header = ["group", "images", "n", "mean", "95 % interval", "median", "95th", *_limits(unit)]
    rows = []
    for kind, groups in groupings.items():
        for name, errors in groups.items():
            s = summarise_errors(errors)
            numbers = [format_number(s["mean"]), format_interval(s["mean_interval_95"])]
            numbers += [format_number(s[key]) for key in ("median", "percentile_95")]
            rates = [format_rate(s[key]) for key in (*_WITHIN, _BEYOND, BEYOND_PERCENT)]
            rows.append([f"{kind}: {name}", str(len(set(errors.ids))), str(s["n"]), *numbers, *rates])
    return header, rows


def tabulate_outliers(hands: Sequence[HandOutliers], unit: str, most: int = 12) -> Table:
    """Return the images with most outliers, a row each; those without any are left out."""
    tested = any(hand.n_tests > 1 for hand in hands)
    header = ["image", *(["tested"] if tested else []), "landmarks", *_outlier_limits(unit), "not found"]
    rows = []
    for hand in [hand for hand in hands if hand.n_beyond or hand.n_beyond_percent][:most]:
        counts = [hand.n_landmarks, hand.n_beyond, hand.n_beyond_percent, hand.n_not_found]
        worst = f"{hand.worst:.1f} ({hand.worst_landmark})" if hand.worst_landmark else "-"
        times = [f"{hand.n_tests} x"] if tested else []
        rows.append([hand.id, *times, *map(str, counts), worst])
    return [*header, f"worst found, {unit}"], rows


def describe_scores(scores: Mapping[str, Any], unit: str) -> str:
    """Return in words how well the scores separate wrong landmarks from right ones.

    Parameters
    ----------
    scores : mapping
        From :func:`boneage.evaluation.metrics.evaluate_scores`.
    unit : str
    """
    limit = f"{scores['wrong_beyond']:g} {unit}"
    text = f"Of {scores['n_judged']} landmarks found with a score, {scores['n_wrong']} are off by more than {limit}."
    area, ends = scores["area_under_roc"], scores["area_under_roc_interval_95"]
    if math.isnan(area):
        text += " Either all are right or all are wrong, so nothing can be separated."
    else:
        doubted = format_rate(scores["doubted_at_80_percent_caught"], 0)
        text += (
            f" A wrong one scores lower than a right one with a chance of {area:.2f} (area under the ROC curve; 95 % "
            f"interval {format_interval(ends)}; 0.5 is chance)."
        )
        if ends[0] <= 0.5 <= ends[1]:
            text += " The interval includes 0.5: it is not shown that the score separates them."
        text += f" A limit that catches 80 % of the wrong ones also doubts {doubted} of the right ones."
    if scores["n_outliers"]:
        text += (
            f" Of {scores['n_outliers']} landmarks beyond {RADII[-1]:g} {unit} or not found, the localiser withheld "
            f"{scores['n_withheld']} and gave {scores['n_outliers'] - scores['n_withheld']} without a warning."
        )
    return text


def describe_overall(s: Mapping[str, Any], unit: str) -> str:
    """Return the main figures in one sentence."""
    mean, ends = format_number(s["mean"]), format_interval(s["mean_interval_95"])
    median_error, percentile = format_number(s["median"]), format_number(s["percentile_95"])
    within, beyond = format_rate(s[_WITHIN[0]]), format_rate(s[_BEYOND], 2)
    return (
        f"Mean error {mean} {unit} (95 % interval over images: {ends}), median {median_error}, 95th percentile "
        f"{percentile}; {within} within {RADII[0]:g} {unit}, {beyond} beyond {RADII[-1]:g} {unit}, "
        f"{format_rate(s[BEYOND_PERCENT], 2)} beyond {OUTLIER_PERCENT:g} % of the anatomy's length."
    )


def name_unit(unit: str, reference: str | None) -> str:
    """Return the unit of a report, and where it comes from."""
    if reference:
        return f"{unit} ({reference} in every image, by convention)"
    return f"{unit}, by the spacing in the files" if unit == "mm" else f"{unit} of the original image"


def _limits(unit: str) -> list[str]:
    return [*(f"<= {radius:g} {unit}" for radius in RADII), *_outlier_limits(unit)]


def _outlier_limits(unit: str) -> list[str]:
    return [f"> {RADII[-1]:g} {unit}", f"> {OUTLIER_PERCENT:g} % length"]


def _part(count: float, whole: float) -> float:
    return count / whole if whole else math.nan
