"""Reports: what was measured, on how many hands of which kind, as text and as files."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from boneage.evaluation import (
    WITHIN_MONTHS,
    draw_table,
    measure_landmarks,
    read_reference,
    summarise_ages,
    summarise_distances,
    summarise_landmarks,
)
from boneage.imaging import InvalidTable, read_ages, read_landmarks
from boneage.imaging.phantom import PHANTOM_PREFIX
from boneage.imaging.tables import read_table
from boneage.pipeline.age_training import HeldOutAge
from boneage.pipeline.landmark_benchmark import ERROR_COLUMNS, Round, error_rows, join_rounds
from boneage.pipeline.outputs import prepare_folder, write_atomically, write_table
from boneage.pipeline.training import LabelledRegions

_RESEARCH = "Research use only; not a medical device."


def report_landmarks(predicted: Path, truth: Path, out: Path | None, reference: str | None) -> str:
    """Compare two landmark tables.

    Parameters
    ----------
    predicted, truth : Path
        Landmark CSV files in original pixels.
    out : Path or None
        Folder for ``landmark_errors.csv`` (a row for each annotated landmark of each hand; the error is empty where
        it was not found) and ``landmark_summary.json``.
    reference : str or None
        Sets the unit, e.g. ``ulna_styloid_tip:radius_styloid_tip=50mm``; pixels if not given.

    Returns
    -------
    str
        The report as text.
    """
    unit = read_reference(reference) if reference else None
    found, known = read_landmarks(predicted), read_landmarks(truth)
    errors = measure_landmarks(found.points, known.points, unit)
    summary = {**_provenance(errors.ids), "reference": reference, **summarise_landmarks(errors)}
    # A truth of a whole atlas has hands that were never asked for: they are no failures, so only counted.
    summary["hands_without_prediction"] = len(errors.without_prediction)
    if out is not None:
        rows = [
            {"id": id_, "landmark": name, f"error_{errors.unit.replace('%', 'percent')}": _cell(errors.distances[i, k])}
            for i, id_ in enumerate(errors.ids)
            for k, name in enumerate(errors.names)
            if not math.isnan(errors.distances[i, k])
        ]
        folder = prepare_folder(out)
        write_table(folder / "landmark_errors.csv", rows)
        _write_json(folder / "landmark_summary.json", summary)
    overall = summary["overall"]
    low, high = overall["mean_interval_95"]
    convention = f" ({reference} in every hand, by convention)" if reference else " of the original image"
    return "\n".join(
        [
            f"Landmark errors in {errors.unit}{convention}",
            f"{len(errors.ids)} hands x {len(errors.names)} landmarks{_phantom_note(summary)}; "
            f"{overall['n_not_found']} of {overall['n']} not found",
            "",
            _landmark_table(summary),
            "",
            f"95 % interval of the mean over hands: {low:.2f} to {high:.2f} {errors.unit} (bootstrap)",
        ]
    )


def report_benchmark(rounds: Sequence[Round], folder: Path, reference: str | None) -> str:
    """Report a localisation benchmark; write ``errors.csv`` and ``summary.json`` into ``folder``.

    Parameters
    ----------
    rounds : sequence of Round
        Of all variants.
    folder : Path
    reference : str or None
        The unit, as the user gave it.
    """
    variants = list(dict.fromkeys(measure.variant for measure in rounds))
    of_variant = {name: [measure for measure in rounds if measure.variant == name] for name in variants}
    write_table(folder / "errors.csv", list(error_rows(rounds)), ERROR_COLUMNS)
    summary: dict[str, Any] = {
        **_provenance({id_ for measure in rounds for id_ in measure.errors.ids}),
        "reference": reference,
        "variants": {
            name: {
                **summarise_landmarks(join_rounds(of_variant[name])),
                "rounds": [summarise_distances(measure.errors.distances) for measure in of_variant[name]],
                "training_s": [measure.training_s for measure in of_variant[name]],
                "locating_s": [measure.locating_s for measure in of_variant[name]],
            }
            for name in variants
        },
    }
    _write_json(folder / "summary.json", summary)
    n_rounds = len(of_variant[variants[0]])
    unit = rounds[0].errors.unit
    convention = f" ({reference} in every hand, by convention)" if reference else " of the original image"
    return "\n".join(
        [
            f"Localisation errors in {unit}{convention}",
            f"{n_rounds} rounds, {len(rounds[0].errors.ids)} test hands each; {summary['n_hands']} different hands"
            f"{_phantom_note(summary)}",
            "",
            _benchmark_table(summary["variants"]),
            "",
            "not found: counted as beyond every limit, in no mean. 95 % interval: bootstrap over patients.",
            "training: seconds for one round. a hand: milliseconds to locate its landmarks, reading the file apart.",
        ]
    )


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
        **_provenance(read),
        "n_without_age": len(common) - len(read),
        **{
            label: summarise_ages([answers[id_] for id_ in ids], [ages[id_].boneage_months for id_ in ids])
            for label, ids in of_sex.items()
            if ids
        },
    }
    if out is not None:
        _write_json(prepare_folder(out) / "age_summary.json", summary)
    return "\n".join(
        [
            "Bone age errors in months",
            f"{len(read)} hands{_phantom_note(summary)}; {len(common) - len(read)} more have no age (refused)",
            "",
            _age_table({label: summary[label] for label in of_sex if label in summary}),
            "",
            _RESEARCH,
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
    _write_json(folder / "summary.json", summary)
    return "\n".join(
        [
            f"Bone age errors in months, {n_folds}-fold cross-validation",
            f"{len(rows)} hands{_phantom_note(summary)}; {len(regions.refused)} left out",
            "",
            _age_table({label: summary[label] for label in ("model", "constant by sex")}),
            "",
            _RESEARCH,
        ]
    )


def _landmark_table(summary: Mapping[str, Any]) -> str:
    header = ["landmark", "n", "mean", "sd", "median", "<= 2", "<= 4", "<= 10", "> 10", "worst"]

    def line(name: str, s: Mapping[str, float]) -> list[str]:
        numbers = [f"{s[key]:.2f}" for key in ("mean", "sd", "median")]
        rates = [f"{100 * s[key]:.1f} %" for key in ("within_2", "within_4", "within_10", "beyond_10")]
        return [name, str(s["n"]), *numbers, *rates, f"{s['worst']:.1f}"]

    rows = [line(name, s) for name, s in summary["landmarks"].items()]
    return draw_table(header, [*rows, line("all", summary["overall"])])


def _benchmark_table(variants: Mapping[str, Mapping[str, Any]]) -> str:
    header = ["variant", "mean", "95 % interval", "sd", "median", "<= 2", "<= 4", "<= 10", "> 10", "not found",
              "training", "a hand"]  # fmt: skip
    rows = []
    for name, variant in variants.items():
        s = variant["overall"]
        low, high = s["mean_interval_95"]
        rates = [f"{100 * s[key]:.1f} %" for key in ("within_2", "within_4", "within_10")]
        rates += [f"{100 * s['beyond_10']:.2f} %", f"{100 * s['n_not_found'] / s['n']:.2f} %"]
        spent = [f"{median(variant['training_s']):.1f} s", f"{1000 * median(variant['locating_s']):.0f} ms"]
        rows.append(
            [
                name,
                f"{s['mean']:.2f}",
                f"{low:.2f} to {high:.2f}",
                f"{s['sd']:.2f}",
                f"{s['median']:.2f}",
                *rates,
                *spent,
            ]
        )
    return draw_table(header, rows)


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


def _provenance(ids: Collection[str]) -> dict[str, Any]:
    return {"n_hands": len(ids), "n_phantoms": sum(id_.startswith(PHANTOM_PREFIX) for id_ in ids)}


def _phantom_note(summary: Mapping[str, Any]) -> str:
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


def _cell(distance: float) -> str:
    return f"{distance:.4f}" if math.isfinite(distance) else ""


def _write_json(path: Path, summary: Mapping[str, Any]) -> None:
    write_atomically(path, json.dumps(_plain(summary), indent=1) + "\n")


def _plain(value: Any) -> Any:
    """Return JSON data: what is not a finite number becomes null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
