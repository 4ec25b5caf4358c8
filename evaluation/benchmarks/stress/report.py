"""The report of the stress benchmark: two tables, a plot, a page."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from boneage.evaluation.benchmarks.stress.changes import UNCHANGED
from boneage.evaluation.benchmarks.stress.run import StressResult
from boneage.evaluation.benchmarks.stress.summary import ChangeSummary, summarise_stress
from boneage.evaluation.figures import Panel, plot_stress
from boneage.evaluation.figures.style import to_png, to_svg
from boneage.evaluation.reports.basis import count_hands, describe_phantoms
from boneage.evaluation.reports.number_format import Table, format_number, format_rate
from boneage.evaluation.reports.page import RESEARCH, ReportPage
from boneage.evaluation.reports.text_table import draw_table
from boneage.pipeline.storage.output import prepare_folder, write_atomically, write_table

TITLE = "Changed pictures: landmarks, ages, refusals"
_WORST = 15

_NOTES = (
    "Landmarks: of the hands that were not refused; those that a crop took away are not counted. Not found counts as "
    "beyond 10 % of the hand's length, and in no mean. Months: by how many the age differs from that of the unchanged "
    "picture. Seconds: on one thread, the file read before."
)


def report_stress(
    results: Sequence[StressResult], folder: Path, *, unit: str, truth: str, run: Mapping[str, str]
) -> str:
    """Write the results of the stress benchmark into a folder; return the table as text.

    Writes ``stress.csv`` (a row a hand and change), ``stress_summary.csv`` (a row a change), ``stress.png`` (the plot)
    and ``report.html`` with its ``figures/``.

    Parameters
    ----------
    results : sequence of StressResult
    folder : Path
    unit : str
        Of the landmark errors.
    truth : str
        What landmarks are measured against, in words.
    run : mapping of str
        When, where and how it was measured.

    Raises
    ------
    UnusableOutput
        If a file cannot be written.
    """
    folder = prepare_folder(folder)
    summaries = summarise_stress(results)
    hands = list(dict.fromkeys(result.id for result in results))
    basis = f"{len(hands)} hands{describe_phantoms(count_hands(hands))}; landmarks against {truth}"
    write_table(folder / "stress.csv", [_row(result) for result in results])
    write_table(folder / "stress_summary.csv", [_summary_row(summary) for summary in summaries])
    figure = plot_stress([summary.change for summary in summaries], _choose_panels(summaries, unit))
    write_atomically(folder / "stress.png", to_png(figure))
    header, rows = _tabulate(summaries, unit)
    page = ReportPage(TITLE)
    page.add_text(f"{basis}.")
    page.show_figure(
        "stress", to_svg(figure), "Dotted: the unchanged picture. An arrow: not found. Scales are linear below 1."
    )
    page.add_table(header, rows)
    page.add_text(f"{_NOTES} {RESEARCH}", note=True)
    _add_largest_changes(page, results)
    _add_refusals(page, results)
    page.add_text("; ".join(f"{key}: {value}" for key, value in run.items()), note=True)
    page.write(folder / "report.html")
    return "\n".join([TITLE, basis, "", draw_table(header, rows), "", _NOTES, RESEARCH])


def _row(result: StressResult) -> dict[str, object]:
    asked = result.distances[~np.isnan(result.distances)]
    found = asked[np.isfinite(asked)]
    return {
        "id": result.id,
        "change": result.change,
        "status": result.status,
        "reason": result.reason,
        "n_landmarks": len(asked),
        "n_not_found": len(asked) - len(found),
        "landmark_mean": _cell(float(found.mean()) if len(found) else math.nan),
        "landmark_worst": _cell(float(asked.max()) if len(asked) else math.nan),
        "age_months": _cell(result.age_months),
        "age_change_months": _cell(result.age_change_months),
        "seconds": _cell(result.seconds),
    }


def _summary_row(summary: ChangeSummary) -> dict[str, object]:
    cells = dataclasses.asdict(summary)
    return {key: _cell(value, 4) if isinstance(value, float) else value for key, value in cells.items()}


def _cell(value: float, digits: int = 3) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def _choose_panels(summaries: Sequence[ChangeSummary], unit: str) -> list[Panel]:
    def column(name: str, factor: float = 1.0) -> list[float]:
        return [factor * getattr(summary, name) for summary in summaries]

    panels = [
        Panel("hands (%)", {"refused": column("refused", 100), "flagged": column("flagged", 100)}, bars=True),
        Panel(
            f"landmark error ({unit})",
            {"median": column("landmark_median"), "95th percentile": column("landmark_percentile_95")},
        ),
        Panel("landmarks > 10 % or not found (%)", {"landmarks": column("landmark_beyond", 100)}),
    ]
    if any(not math.isnan(summary.age_change_mean) for summary in summaries):
        ages = {"mean": column("age_change_mean"), "95th": column("age_change_percentile_95")}
        panels.append(Panel("age change (months)", ages | {"worst": column("age_change_worst")}))
    seconds = {"median": column("seconds_median"), "worst": column("seconds_worst")}
    return [*panels, Panel("seconds a hand", seconds)]


def _tabulate(summaries: Sequence[ChangeSummary], unit: str) -> Table:
    header = ["change", "hands", "refused", "flagged", f"mean {unit}", "median", "95th", "> 10 %"]
    header += ["months: mean", "95th", "worst", "seconds: median", "worst"]
    rows = [
        [
            s.change,
            str(s.n),
            *(format_rate(value) for value in (s.refused, s.flagged)),
            *(format_number(value) for value in (s.landmark_mean, s.landmark_median, s.landmark_percentile_95)),
            format_rate(s.landmark_beyond, 2),
            *(format_number(v, 1) for v in (s.age_change_mean, s.age_change_percentile_95, s.age_change_worst)),
            *(format_number(value) for value in (s.seconds_median, s.seconds_worst)),
        ]
        for s in summaries
    ]
    return header, rows


def _add_largest_changes(page: ReportPage, results: Sequence[StressResult]) -> None:
    changed = [r for r in results if r.change != UNCHANGED and not math.isnan(r.age_change_months)]
    if not changed:
        return
    worst = sorted(changed, key=lambda r: -abs(r.age_change_months))[:_WORST]
    page.add_heading("Largest changes of age")
    rows = [
        [r.id, r.change, f"{r.age_months - r.age_change_months:.1f}", f"{r.age_change_months:+.1f}", r.status, r.reason]
        for r in worst
    ]
    page.add_table(["hand", "change", "age before, months", "change", "status", "reason"], rows, text=True)


def _add_refusals(page: ReportPage, results: Sequence[StressResult]) -> None:
    refused = [result for result in results if result.status == "refused"]
    if refused:
        with page.folded(f"Refusals ({len(refused)})"):
            page.add_table(["hand", "change", "reason"], [[r.id, r.change, r.reason] for r in refused], text=True)
