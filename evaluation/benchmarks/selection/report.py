"""The report of a selection benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boneage.evaluation.benchmarks.selection.measurement import ErrorScale, StrategyRun
from boneage.evaluation.benchmarks.selection.plan import ORACLE, STRATIFIED, Part, SelectionPlan
from boneage.evaluation.benchmarks.selection.summary import (
    Comparison,
    StrategyCurve,
    compare_strategies,
    judge,
    tabulate_curves,
    tabulate_needed,
)
from boneage.evaluation.figures.selection import plot_learning_curves
from boneage.evaluation.figures.style import to_svg
from boneage.evaluation.metrics.learning_curves import FEWEST_REPEATS
from boneage.evaluation.reports.basis import count_hands, describe_phantoms, write_json
from boneage.evaluation.reports.page import RESEARCH, ReportPage
from boneage.evaluation.reports.text_table import draw_table
from boneage.pipeline.selection import Pool

_HEADINGS: dict[Part, str] = {
    "growing": "Choosing more hands, step by step",
    "cold": "The first hands, chosen at once when nothing is annotated",
}


def report_selection(
    plan: SelectionPlan,
    runs: Mapping[Part, Sequence[StrategyRun]],
    folder: Path,
    pool: Pool,
    commits: str,
    *,
    unit: str,
    scale: ErrorScale,
) -> str:
    """Report a selection benchmark into ``folder``: ``summary.json``, ``report.html`` and ``figures/``.

    Parameters
    ----------
    plan : SelectionPlan
    runs : mapping
        Of both parts.
    folder : Path
    pool : Pool
        All hands.
    commits : str
        At which commit the rounds were measured, in words.
    unit : str
        Of the errors, in words.
    scale : ErrorScale

    Returns
    -------
    str
        The report as text.
    """
    hands = count_hands(pool.ids)
    title = f"Which hands to annotate: errors in {unit}"
    basis = (
        f"{plan.repeats} paired repeats of {hands['n_hands']} hands{describe_phantoms(hands)}, in each {plan.n_test} "
        f"to test on; pictures compared by {pool.described_by}. {commits}"
    )
    notes = _describe_terms(plan, scale)
    page, text = ReportPage(title), [title, basis]
    page.add_text(basis)
    summary: dict[str, Any] = {**hands, "unit": unit, "repeats": plan.repeats}
    for part, of_part in runs.items():
        names = plan.strategies_of(part)
        sizes = plan.sizes_of(part)
        if not names:
            continue
        curves = {name: StrategyCurve.join(name, sizes, of_part, scale) for name in names}
        baseline = _choose_baseline(names)
        comparisons = compare_strategies(curves, baseline)
        summary[part] = {name: curve.summarise(comparisons.get(name)) for name, curve in curves.items()}
        tables = [tabulate_curves(curves, comparisons, baseline, scale)]
        if part == "growing":
            tables.append(tabulate_needed(comparisons, sizes))
        page.add_heading(_HEADINGS[part])
        means = {name: curve.errors.mean(axis=0).tolist() for name, curve in curves.items()}
        page.show_figure(part, to_svg(plot_learning_curves(sizes, means, unit)), "Mean over repeats.")
        text += ["", _HEADINGS[part]]
        for table in tables:
            page.add_table(*table)
            text += ["", draw_table(*table)]
        if part == "growing":
            verdict = _conclude(comparisons, baseline)
            page.add_text(verdict)
            text += ["", verdict]
    page.add_text(f"{notes} {RESEARCH}", note=True)
    page.write(folder / "report.html")
    write_json(folder / "summary.json", summary)
    return "\n".join([*text, "", notes])


def _choose_baseline(names: Sequence[str]) -> str:
    """Return what strategies are compared with: stratified chance, else chance, else the first."""
    return next((name for name in (STRATIFIED, "random") if name in names), names[0])


def _conclude(comparisons: Mapping[str, Comparison], baseline: str) -> str:
    """Return which strategies are better than the baseline, in a sentence."""
    differences = {name: comparison.area_difference for name, comparison in comparisons.items() if name != ORACLE}
    if not differences:
        return f"Nothing is compared with {baseline}: name more strategies."
    if not all(difference.has_interval for difference in differences.values()):
        return f"Fewer than {FEWEST_REPEATS} repeats do not tell strategies apart."
    better = [name for name, difference in differences.items() if judge(difference) == "lower"]
    if not better:
        return f"No strategy is shown to need fewer hands than {baseline}: the interval of none leaves out 0."
    return f"Lower errors than {baseline}, with an interval that leaves out 0: {', '.join(better)}."


def _describe_terms(plan: SelectionPlan, scale: ErrorScale) -> str:
    return (
        f"An error beyond {scale.cap:g}, or what was not found, counts as {scale.cap:g} in the mean. area: mean error "
        f"over the range of sizes. Intervals: expanded percentile bootstrap over repeats, at least {FEWEST_REPEATS}; "
        "repeats share hands, so that they tell how sure this is for these hands, not for others. Several strategies "
        f"are compared: one of twenty intervals leaves out 0 by chance. {ORACLE} chooses by the true errors, which "
        f"nobody knows. Seed {plan.seed}."
    )
