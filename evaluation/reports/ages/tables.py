"""Tables of age errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boneage.evaluation.metrics import SEX_NAMES, WITHIN_MONTHS, AgeErrors
from boneage.evaluation.reports.number_format import Table, format_interval, format_number, format_rate

ERROR_HEADER = ("hands", "MAD", "95 % interval", "RMSE", "bias", "95 % interval", *(f"<= {m}" for m in WITHIN_MONTHS))


def tabulate_ages(summaries: Mapping[str, Mapping[str, Any]], first: str = "") -> Table:
    """Return the errors of each summary, a row each; ``first`` heads the column of their names."""
    return [first, *ERROR_HEADER], [[name, *describe_errors(s)] for name, s in summaries.items()]


def tabulate_age_groups(groups: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Table:
    """Return the errors of each group, a row each."""
    named = {f"{kind}: {name}": s for kind, parts in groups.items() for name, s in parts.items()}
    return tabulate_ages(named, "group")


def tabulate_side_by_side(variants: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the errors of variants on the same hands, a row each, and how much larger each MAD is than the best."""
    header = ["variant", "MAD", "95 % interval", "RMSE", "bias", "more than the best", "95 % interval"]
    rows = []
    for name, s in variants.items():
        worse = s["against_best"]
        best = worse["difference"] == 0
        more = ["-", "-"] if best else [f"{worse['difference']:+.2f}", format_interval(worse["interval_95"], 1)]
        numbers = [
            format_number(s["mad"]),
            format_interval(s["mad_interval_95"], 1),
            format_number(s["rmse"]),
            f"{s['bias']:+.2f}",
        ]
        rows.append([name, *numbers, *more])
    return header, rows


def tabulate_costs(variants: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return what each variant costs, a row each."""
    header = ["variant", "parameters", "epochs", "an epoch", "preparing a hand", "predicting a hand", "peak memory"]
    rows = [
        [
            name, f"{v['n_parameters']:,}", str(v["epochs"]), f"{v['epoch_s']:.1f} s",
            f"{1000 * v['preparing_s']:.0f} ms", f"{1000 * v['predicting_s']:.1f} ms", f"{v['peak_mb']:.0f} MB",
        ]
        for name, v in variants.items()
    ]  # fmt: skip
    return header, rows


def tabulate_worst(ages: AgeErrors, n: int = 12) -> Table:
    """Return the hands that were read worst, a row each."""
    rows = [
        [
            ages.ids[place],
            SEX_NAMES[ages.sexes[place]],
            *(format_number(value, 1) for value in (ages.true_months[place], ages.predicted_months[place])),
            f"{ages.errors[place]:+.1f}",
        ]
        for place in order_by_error(ages)[:n]
    ]
    return ["hand", "sex", "true", "predicted", "error"], rows


def order_by_error(ages: AgeErrors) -> list[int]:
    """Return the places of the hands, those read worst first."""
    return [int(place) for place in np.argsort(-np.abs(ages.errors), kind="stable")]


def describe_errors(s: Mapping[str, Any]) -> list[str]:
    """Return the cells under ``ERROR_HEADER`` of a summary."""
    return [
        str(s["n_hands"]),
        format_number(s["mad"]),
        format_interval(s["mad_interval_95"], 1),
        format_number(s["rmse"]),
        f"{s['bias']:+.2f}",
        format_interval(s["bias_interval_95"], 1),
        *(format_rate(s[f"within_{months}"], 0) for months in WITHIN_MONTHS),
    ]
