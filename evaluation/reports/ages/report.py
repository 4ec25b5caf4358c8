"""The report of the errors of predicted ages against known ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from boneage.evaluation.figures import draw_cumulative_ages
from boneage.evaluation.metrics import AgeErrors, list_strata, summarise_ages
from boneage.evaluation.reports.ages.coverage import COVERAGE_NOTE, summarise_coverage, tabulate_coverage
from boneage.evaluation.reports.ages.sections import (
    CONVENTIONS,
    add_age_details,
    add_overlays,
    name_age_privacy,
    summarise_age_groups,
)
from boneage.evaluation.reports.ages.tables import order_by_error, tabulate_age_groups, tabulate_ages
from boneage.evaluation.reports.basis import are_phantoms, count_hands, describe_phantoms, write_json
from boneage.evaluation.reports.page import RESEARCH, ReportPage
from boneage.evaluation.reports.text_table import draw_table
from boneage.imaging import AgeRecord, InvalidTable, read_ages
from boneage.imaging.tables import Table, read_table
from boneage.pipeline.storage.output import prepare_folder, write_table

_N_WORST = 12


def report_ages(
    predicted: Path,
    truth: Path,
    out: Path | None,
    *,
    strata: Sequence[int] = (),
    pictures: bool = False,
    model: Path | None = None,
) -> str:
    """Compare the ``ages.csv`` of a prediction with known ages.

    Parameters
    ----------
    predicted, truth : Path
    out : Path or None
        Folder for ``errors.csv`` (a row a hand; blank where it has no age), ``summary.json``, ``report.html`` and the
        page's ``figures/``.
    strata : sequence of int
        Bounds of the ids, where they are numbers, to group by.
    pictures : bool
        Whether to put on the page the overlays of the hands read worst, from ``overlays/`` beside ``predicted``.
    model : Path, optional
        The calibrated model that predicted them; see :func:`summarise_coverage`.

    Returns
    -------
    str
        The report as text.

    Raises
    ------
    InvalidTable
        If a table cannot be read, lacks its columns, or no hand is in both; or the ages are not by the model.
    ValueError
        If the strata do not increase.
    """
    if strata:
        list_strata(strata)
    table = read_table(predicted, needs=("bone_age_months",))
    known = read_ages(truth)
    common = [id_ for id_ in table.rows if id_ in known]
    answers = {id_: _read_months(table, id_) for id_ in common}
    read = [id_ for id_ in common if not math.isnan(answers[id_])]
    if not read:
        raise InvalidTable(predicted, f"has an age for no hand that {truth} knows")
    ages = AgeErrors(
        tuple(read),
        np.array([answers[id_] for id_ in read]),
        np.array([known[id_].boneage_months for id_ in read]),
        tuple(known[id_].sex for id_ in read),
    )
    groups = summarise_age_groups(ages, strata)
    summary: dict[str, Any] = {
        **count_hands(read),
        "n_without_age": len(common) - len(read),
        "all": summarise_ages(ages),
        "groups": groups,
        "coverage": summarise_coverage(table, known, read, model),
    }
    title = "Bone age errors in months"
    basis = f"{len(read)} hands{describe_phantoms(summary)}; {len(common) - len(read)} more have no age (refused)"
    if out is not None:
        folder = prepare_folder(out)
        write_table(folder / "errors.csv", [_error_cells(id_, answers[id_], known[id_]) for id_ in common])
        write_json(folder / "summary.json", summary)
        worst = [ages.ids[place] for place in order_by_error(ages)[:_N_WORST]] if pictures else []
        page = _draw_page(title, basis, ages, summary, strata, worst)
        errors, pictured = dict(zip(ages.ids, ages.errors, strict=True)), predicted.parent / "overlays"
        add_overlays(page, [(f"{id_}: {errors[id_]:+.1f} months", pictured / f"{id_}.png") for id_ in worst])
        page.write(folder / "report.html")
    header, rows = tabulate_age_groups(groups)
    table_text = draw_table(header, [*tabulate_ages({"all": summary["all"]})[1], *rows])
    coverage = (
        [draw_table(*tabulate_coverage(summary["coverage"])), "", COVERAGE_NOTE, ""] if summary["coverage"] else []
    )
    return "\n".join([title, basis, "", table_text, "", *coverage, RESEARCH])


def _draw_page(
    title: str, basis: str, ages: AgeErrors, summary: Mapping[str, Any], strata: Sequence[int], worst: Sequence[str]
) -> ReportPage:
    """Return the page and its figures, without the overlays of the worst hands."""
    page = ReportPage(title)
    if worst:
        page.add_text(name_age_privacy(worst), warning=not are_phantoms(worst))
    page.add_text(f"{basis}.")
    page.add_table(*tabulate_ages({"all": summary["all"]}))
    page.add_text(f"{CONVENTIONS} {RESEARCH}", note=True)
    page.show_figure("age-cumulative", draw_cumulative_ages({"all hands": ages}), "Grey: 6, 12 and 24 months.")
    if summary["coverage"]:
        page.add_heading("Intervals")
        page.add_table(*tabulate_coverage(summary["coverage"]))
        page.add_text(COVERAGE_NOTE, note=True)
    add_age_details(page, ages, summary["groups"], strata)
    return page


def _error_cells(id_: str, answer: float, known: AgeRecord) -> dict[str, object]:
    missing = math.isnan(answer)
    return {
        "id": id_,
        "sex": known.sex or "",
        "boneage_months": f"{known.boneage_months:.2f}",
        "bone_age_months": "" if missing else f"{answer:.2f}",
        "error_months": "" if missing else f"{answer - known.boneage_months:.2f}",
    }


def _read_months(table: Table, id_: str) -> float:
    months = table.number(id_, "bone_age_months")
    return math.nan if months is None else months
