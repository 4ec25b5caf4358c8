"""Reports of landmark errors: of one table against another, and of a benchmark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from boneage.evaluation import (
    LandmarkErrors,
    Page,
    draw_confidence,
    draw_cumulative_errors,
    draw_error_boxes,
    draw_table,
    measure_landmarks,
    read_reference,
    summarise_distances,
    summarise_landmarks,
)
from boneage.imaging import read_landmarks
from boneage.pipeline.landmark_benchmark import ERROR_COLUMNS, Round, error_rows, join_rounds
from boneage.pipeline.outputs import prepare_folder, write_atomically, write_table
from boneage.pipeline.reporting import RESEARCH, phantom_note, provenance, write_json

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def report_landmarks(predicted: Path, truth: Path, out: Path | None, reference: str | None) -> str:
    """Compare two landmark tables.

    Parameters
    ----------
    predicted, truth : Path
        Landmark CSV files in original pixels.
    out : Path or None
        Folder for ``landmark_errors.csv`` (a row for each annotated landmark of each hand; the error is empty where
        it was not found), ``landmark_summary.json`` and ``landmark_report.html``.
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
    summary = {**provenance(errors.ids), "reference": reference, **summarise_landmarks(errors)}
    # A truth of a whole atlas has hands that were never asked for: they are no failures, so only counted.
    summary["hands_without_prediction"] = len(errors.without_prediction)
    overall = summary["overall"]
    low, high = overall["mean_interval_95"]
    title = f"Landmark errors in {_name_unit(errors.unit, reference)}"
    basis = (
        f"{len(errors.ids)} hands x {len(errors.names)} landmarks{phantom_note(summary)}; "
        f"{overall['n_not_found']} of {overall['n']} not found"
    )
    interval = f"95 % interval of the mean over hands: {low:.2f} to {high:.2f} {errors.unit} (bootstrap)"
    table = _tabulate_landmarks(summary)
    if out is not None:
        folder = prepare_folder(out)
        write_table(folder / "landmark_errors.csv", _error_cells(errors))
        write_json(folder / "landmark_summary.json", summary)
        page = Page(title)
        for text in (f"{basis}.", f"{interval}."):
            page.add_text(text)
        _add_details(page, errors, table)
        write_atomically(folder / "landmark_report.html", page.render())
    return "\n".join([title, basis, "", draw_table(*table), "", interval])


def report_benchmark(rounds: Sequence[Round], folder: Path, reference: str | None) -> str:
    """Report a localisation benchmark; write ``errors.csv``, ``summary.json`` and ``report.html`` into ``folder``.

    Parameters
    ----------
    rounds : sequence of Round
        Of all variants.
    folder : Path
    reference : str or None
        The unit, as the user gave it.
    """
    names = list(dict.fromkeys(measure.variant for measure in rounds))
    of_variant = {name: [measure for measure in rounds if measure.variant == name] for name in names}
    joined = {name: join_rounds(measured) for name, measured in of_variant.items()}
    summary: dict[str, Any] = {
        **provenance({id_ for measure in rounds for id_ in measure.errors.ids}),
        "reference": reference,
        "variants": {
            name: {
                **summarise_landmarks(joined[name]),
                "rounds": [summarise_distances(measure.errors.distances) for measure in measured],
                "training_s": [measure.training_s for measure in measured],
                "locating_s": [measure.locating_s for measure in measured],
            }
            for name, measured in of_variant.items()
        },
    }
    write_table(folder / "errors.csv", list(error_rows(rounds)), ERROR_COLUMNS)
    write_json(folder / "summary.json", summary)
    title = f"Localisation errors in {_name_unit(rounds[0].errors.unit, reference)}"
    basis = (
        f"{len(of_variant[names[0]])} rounds, {len(rounds[0].errors.ids)} test hands each; "
        f"{summary['n_hands']} different hands{phantom_note(summary)}"
    )
    notes = [
        "not found: counted as beyond every limit, in no mean. 95 % interval: bootstrap over patients.",
        "training: seconds for one round. a hand: milliseconds to locate its landmarks, reading the file apart.",
    ]
    table = _tabulate_variants(summary["variants"])
    page = Page(title)
    page.add_text(f"{basis}.")
    page.add_table(*table)
    for note in notes:
        page.add_text(note, note=True)
    page.add_figure(draw_cumulative_errors(joined))
    for name in names:
        page.add_heading(name)
        _add_details(page, joined[name], _tabulate_landmarks(summary["variants"][name]))
    write_atomically(folder / "report.html", page.render())
    return "\n".join([title, basis, "", draw_table(*table), "", *notes])


def _add_details(page: Page, errors: LandmarkErrors, table: Table) -> None:
    page.add_table(*table)
    if np.isfinite(errors.distances).any():
        page.add_figure(draw_error_boxes(errors))
        if np.isfinite(errors.scores).any():
            page.add_text("Does the score know when the localiser is wrong? Each grey dot is a landmark.")
            page.add_figure(draw_confidence(errors))
    page.add_text(RESEARCH, note=True)


def _tabulate_landmarks(summary: Mapping[str, Any]) -> Table:
    header = ["landmark", "n", "mean", "sd", "median", "95th", "<= 2", "<= 4", "<= 10", "> 10", "worst"]

    def line(name: str, s: Mapping[str, float]) -> list[str]:
        numbers = [f"{s[key]:.2f}" for key in ("mean", "sd", "median", "percentile_95")]
        rates = [f"{100 * s[key]:.1f} %" for key in ("within_2", "within_4", "within_10", "beyond_10")]
        return [name, str(s["n"]), *numbers, *rates, f"{s['worst']:.1f}"]

    rows = [line(name, s) for name, s in summary["landmarks"].items()]
    return header, [*rows, line("all", summary["overall"])]


def _tabulate_variants(variants: Mapping[str, Mapping[str, Any]]) -> Table:
    header = ["variant", "mean", "95 % interval", "sd", "median", "<= 2", "<= 4", "<= 10", "> 10", "not found"]
    rows = []
    for name, variant in variants.items():
        s = variant["overall"]
        low, high = s["mean_interval_95"]
        rates = [f"{100 * s[key]:.1f} %" for key in ("within_2", "within_4", "within_10")]
        rates += [f"{100 * s['beyond_10']:.2f} %", f"{100 * s['n_not_found'] / s['n']:.2f} %"]
        spent = [f"{median(variant['training_s']):.1f} s", f"{1000 * median(variant['locating_s']):.0f} ms"]
        numbers = [f"{s['mean']:.2f}", f"{low:.2f} to {high:.2f}", f"{s['sd']:.2f}", f"{s['median']:.2f}"]
        rows.append([name, *numbers, *rates, *spent])
    return [*header, "training", "a hand"], rows


def _error_cells(errors: LandmarkErrors) -> list[dict[str, object]]:
    column = f"error_{errors.unit.replace('%', 'percent')}"
    return [
        {"id": id_, "landmark": name, column: "" if math.isnan(error) else f"{error:.4f}"}
        for id_, name, error, _ in errors.annotated()
    ]


def _name_unit(unit: str, reference: str | None) -> str:
    return f"{unit} ({reference} in every hand, by convention)" if reference else f"{unit} of the original image"
