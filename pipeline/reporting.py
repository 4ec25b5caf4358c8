"""Reports of age errors, and what all reports share: what they rest on, as text and as files."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from boneage.evaluation import (
    WITHIN_MONTHS,
    draw_table,
    summarise_ages,
)
from boneage.imaging import InvalidTable, read_ages
from boneage.imaging.phantom import PHANTOM_PREFIX
from boneage.imaging.tables import read_table
from boneage.pipeline.age_training import HeldOutAge
from boneage.pipeline.outputs import prepare_folder, write_atomically, write_table
from boneage.pipeline.training import LabelledRegions

RESEARCH = "Research use only; not a medical device."


def report_ages(predicted: Path, truth: Path, out: Path | None) -> str:
    """Compare the ``ages.csv`` of a prediction with known ages; write ``age_summary.json`` into ``out``.

    Raises
    ------
    InvalidTable
        If a table cannot be read, lacks its columns, or no hand is in both.
    """
    table = read_table(predicted, needs=("bone_age_months",))
    ages = read_ages(truth)
    common = [id_ for id_ in table.rows if id_ in ages]
    answers = {id_: _read_months(table.path, id_, table.rows[id_]["bone_age_months"]) for id_ in common}
    read = [id_ for id_ in common if not math.isnan(answers[id_])]
    if not read:
        raise InvalidTable(predicted, f"has an age for no hand that {truth} knows")
    of_sex = {
        label: [id_ for id_ in read if sex is None or ages[id_].sex == sex]
        for label, sex in (("all", None), ("girls", "F"), ("boys", "M"))
    }
    summary: dict[str, Any] = {
        **provenance(read),
        "n_without_age": len(common) - len(read),
        **{
            label: summarise_ages([answers[id_] for id_ in ids], [ages[id_].boneage_months for id_ in ids])
            for label, ids in of_sex.items()
            if ids
        },
    }
    if out is not None:
        write_json(prepare_folder(out) / "age_summary.json", summary)
    return "\n".join(
        [
            "Bone age errors in months",
            f"{len(read)} hands{phantom_note(summary)}; {len(common) - len(read)} more have no age (refused)",
            "",
            _age_table({label: summary[label] for label in of_sex if label in summary}),
            "",
            RESEARCH,
        ]
    )


def report_cross_validation(rows: Sequence[HeldOutAge], regions: LabelledRegions, folder: Path) -> str:
    """Report held-out ages beside the constant-by-sex baseline; write ``predictions.csv`` and ``summary.json``."""
    write_table(
        folder / "predictions.csv",
        [
            {
                "id": row.id,
                "fold": row.fold,
                "sex": row.sex or "",
                "boneage_months": f"{row.truth:.2f}",
                "bone_age_months": f"{row.predicted:.2f}",
                "constant_by_sex_months": f"{row.constant:.2f}",
            }
            for row in rows
        ],
    )
    truth = [row.truth for row in rows]
    n_folds = len({row.fold for row in rows})
    summary: dict[str, Any] = {
        "n_hands": len(rows),
        "n_phantoms": regions.n_phantoms,
        "n_left_out": len(regions.refused),
        "n_folds": n_folds,
        "model": summarise_ages([row.predicted for row in rows], truth),
        "constant by sex": summarise_ages([row.constant for row in rows], truth),
    }
    write_json(folder / "summary.json", summary)
    return "\n".join(
        [
            f"Bone age errors in months, {n_folds}-fold cross-validation",
            f"{len(rows)} hands{phantom_note(summary)}; {len(regions.refused)} left out",
            "",
            _age_table({label: summary[label] for label in ("model", "constant by sex")}),
            "",
            RESEARCH,
        ]
    )


def _age_table(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    header = ["", "n", "MAD", "95 % interval", "RMSE", "bias", *(f"<= {months}" for months in WITHIN_MONTHS)]
    rows = []
    for label, s in summaries.items():
        low, high = s["mad_interval_95"]
        interval = f"{low:.1f} to {high:.1f}" if s["n_hands"] > 1 else "-"
        rates = [f"{100 * s[f'within_{months}']:.0f} %" for months in WITHIN_MONTHS]
        rows.append(
            [label, str(s["n_hands"]), f"{s['mad']:.2f}", interval, f"{s['rmse']:.2f}", f"{s['bias']:+.2f}", *rates]
        )
    return draw_table(header, rows)


def provenance(ids: Collection[str]) -> dict[str, Any]:
    """Return how many hands a summary rests on, and how many of them are synthetic."""
    return {"n_hands": len(ids), "n_phantoms": sum(id_.startswith(PHANTOM_PREFIX) for id_ in ids)}


def phantom_note(summary: Mapping[str, Any]) -> str:
    """Return the words that say how many of a summary's hands are synthetic; empty if none is."""
    n = summary["n_phantoms"]
    if not n:
        return ""
    return ", all of them phantoms (synthetic)" if n == summary["n_hands"] else f", {n} of them phantoms (synthetic)"


def _read_months(path: Path, id_: str, text: str) -> float:
    if not text:
        return math.nan
    try:
        return float(text)
    except ValueError:
        raise InvalidTable(path, f"id {id_}: bone_age_months must be a number, got {text!r}") from None


def write_json(path: Path, summary: Mapping[str, Any]) -> None:
    """Write a summary as JSON; what is not a finite number becomes null."""
    write_atomically(path, json.dumps(_plain(summary), indent=1) + "\n")


def _plain(value: Any) -> Any:
    """Return JSON data: what is not a finite number becomes null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
