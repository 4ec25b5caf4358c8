"""The section of an age report on intervals: how many hands they cover, beside what chance allows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from boneage.evaluation.metrics import Coverage, measure_coverage
from boneage.evaluation.reports.number_format import Table as Cells
from boneage.evaluation.reports.number_format import format_interval, format_rate
from boneage.imaging import AgeRecord, InvalidTable
from boneage.imaging.tables import Table
from boneage.pipeline.calibration import check_models, read_sex, read_spread
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.regression.calibration import SEX_WORDS, Calibration

LEVELS = (0.8, 0.9, 0.95)
COVERAGE_NOTE = (
    "Intervals: the band is what a right interval covers in 95 of 100 such tests, with as many calibration and test "
    "hands. A cell is the hands of one sex whose intervals rest on the same calibration hands."
)

Intervals = dict[float, list[tuple[str, float, float, int, str]]]
"""By level: id, both ends in months, number of calibration hands, and cell."""


def summarise_coverage(
    table: Table, known: Mapping[str, AgeRecord], ids: Sequence[str], model: Path | None = None
) -> dict[str, Any]:
    """Return the coverage of intervals by level and cell; empty if there are none.

    Parameters
    ----------
    table : Table
        ``ages.csv``; its intervals have one level.
    known : mapping of str to AgeRecord
    ids : sequence of str
        Hands that have an age in both.
    model : Path, optional
        The calibrated model that predicted them: its intervals of 80, 90 and 95 % are tested. Hands that it was
        calibrated by are left out.

    Raises
    ------
    InvalidTable
        If the ages are not by that model, or a row has half an interval.
    InvalidModelFile
        If the model cannot be used.
    """
    if model is None:
        intervals = _read_intervals(table, ids)
    else:
        pipeline = BoneAgePipeline.load(model)
        check_models(table, ids, pipeline.name)
        if pipeline.calibration is None:
            return {}
        intervals = _make_intervals(
            table, [id_ for id_ in ids if not pipeline.calibration.used(id_)], pipeline.calibration
        )
    summary = {}
    for level, rows in sorted(intervals.items()):
        true = np.array([known[id_].boneage_months for id_, *_ in rows])
        low, high = np.array([row[1:3] for row in rows]).T
        found = measure_coverage(true, low, high, level, [row[3] for row in rows], [row[4] for row in rows])
        summary[f"{level:g}"] = {cell: _describe(coverage) for cell, coverage in found.items()}
    return summary


def tabulate_coverage(summary: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Cells:
    """Return the coverage of each level and cell, a row each."""
    header = ["interval", "hands", "calibration hands", "covered", "band", "in band", "mean width, months"]
    rows = [
        [
            f"{100 * float(level):g} %, {cell}",
            str(c["n_test"]),
            str(sum(c["n_calibration"])),
            format_rate(c["part"]),
            format_interval([100 * end for end in c["band"]], 1) + " %",
            "yes" if c["in_band"] else "NO",
            f"{c['mean_width_months']:.1f}",
        ]
        for level, cells in summary.items()
        for cell, c in cells.items()
    ]
    return header, rows


def _describe(coverage: Coverage) -> dict[str, Any]:
    return {**asdict(coverage), "part": coverage.part, "in_band": coverage.in_band}


def _read_intervals(table: Table, ids: Sequence[str]) -> Intervals:
    if "interval_level" not in table.columns:
        return {}
    intervals: Intervals = {}
    for id_ in ids:
        names = ("interval_level", "interval_low_months", "interval_high_months", "interval_n_hands")
        values = [table.number(id_, name) for name in names]
        known = [value for value in values if value is not None]
        if 0 < len(known) < len(values):
            raise InvalidTable(table.path, f"{table.place(id_)}: an interval needs all of {', '.join(names)}")
        if known:
            level, low, high, n = known
            cell = f"{SEX_WORDS[read_sex(table, id_)]} by {n:g} hands"
            intervals.setdefault(level, []).append((id_, low, high, int(n), cell))
    return intervals


def _make_intervals(table: Table, ids: Sequence[str], calibration: Calibration) -> Intervals:
    intervals: Intervals = {}
    for cell, id_ in itertools.product(calibration.cells, ids):
        months, sex = table.number(id_, "bone_age_months"), read_sex(table, id_)
        if months is None or calibration.find_cell(months, sex) is not cell:
            continue
        for level in LEVELS:
            found = calibration.find_interval(months, sex, read_spread(table, id_), level)
            if not math.isnan(found.low_months):
                row = (id_, found.low_months, found.high_months, found.n_hands, calibration.name_cell(cell))
                intervals.setdefault(level, []).append(row)
    return intervals
