"""The report of an age benchmark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from boneage.evaluation.benchmarks.ages.rounds import (
    PREDICTION_COLUMNS,
    AgeRound,
    describe_commits,
    join_age_rounds,
    prediction_rows,
)
from boneage.evaluation.figures import draw_cumulative_ages, draw_mads
from boneage.evaluation.metrics import AgeErrors, compare_ages, list_strata, summarise_ages
from boneage.evaluation.reports.ages.sections import CONVENTIONS, add_age_details, summarise_age_groups
from boneage.evaluation.reports.ages.tables import tabulate_ages, tabulate_costs, tabulate_side_by_side
from boneage.evaluation.reports.basis import count_hands, describe_phantoms, write_json
from boneage.evaluation.reports.page import RESEARCH, ReportPage
from boneage.evaluation.reports.text_table import draw_table
from boneage.imaging import AgeRecord
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.storage.output import prepare_folder, write_table

_TITLE = "Bone age errors in months, variant beside variant"
_COSTS = (
    "Costs: an epoch is one pass over the hands trained on, models that are no network have one; preparing is reading, "
    "locating and cropping a hand on one core, predicting is the model's own time; memory is the process's peak."
)


def report_age_benchmark(
    rounds: Sequence[AgeRound],
    known: Mapping[str, AgeRecord],
    folder: Path,
    *,
    strata: Sequence[int] = (),
    run: Mapping[str, str] | None = None,
) -> str:
    """Report an age benchmark into ``folder``.

    Writes ``predictions.csv`` (a row for each variant and hand), ``summary.json``, ``report.html`` and the page's
    ``figures/``.

    Parameters
    ----------
    rounds : sequence of AgeRound
        Of all variants.
    known : mapping of AgeRecord
        The truth by id.
    folder : Path
    strata : sequence of int
        Bounds of the ids, where they are numbers, to group by.
    run : mapping of str, optional
        When, where and by what command the benchmark was run.

    Returns
    -------
    str
        The report as text.

    Raises
    ------
    InvalidInput
        If the strata do not increase, or no variant read any hand.
    """
    if strata:
        list_strata(strata)
    names = list(dict.fromkeys(measured.variant for measured in rounds))
    of_variant = {name: [measured for measured in rounds if measured.variant == name] for name in names}
    joined = {name: join_age_rounds(measured, known)[0] for name, measured in of_variant.items()}
    errors = {name: ages for name, ages in joined.items() if ages is not None}
    if not errors:
        raise InvalidInput("no variant read any hand; predictions.csv would say nothing")
    groups = {name: summarise_age_groups(ages, strata) for name, ages in errors.items()}
    summary = _summarise_benchmark(of_variant, errors, groups, known, run or {})
    prepare_folder(folder)
    write_table(folder / "predictions.csv", list(prediction_rows(rounds, known)), PREDICTION_COLUMNS)
    write_json(folder / "summary.json", summary)
    basis = f"{_describe_rounds(of_variant[names[0]])}{describe_phantoms(summary)}; {describe_commits(rounds)}"
    tables = _tabulate(summary)
    _write_page(folder / "report.html", basis, tables, summary["run"], errors, groups, strata)
    lines = [line for heading, table in tables.items() for line in (heading, draw_table(*table), "")]
    return "\n".join([_TITLE, basis, "", *lines, RESEARCH])


def _summarise_benchmark(
    of_variant: Mapping[str, Sequence[AgeRound]],
    errors: Mapping[str, AgeErrors],
    groups: Mapping[str, Mapping[str, Any]],
    known: Mapping[str, AgeRecord],
    run: Mapping[str, str],
) -> dict[str, Any]:
    """Return the content of ``summary.json``."""
    first = next(iter(of_variant.values()))[0]
    ids = {prediction.id for prediction in first.predictions}.union(*(ages.ids for ages in errors.values()))
    validation = {name: join_age_rounds(rounds, known, "validation")[0] for name, rounds in of_variant.items()}
    return {
        **count_hands(ids),
        "run": dict(run),
        "commits": sorted({measured.commit for rounds in of_variant.values() for measured in rounds}),
        "variants": {name: _summarise(rounds, known, groups.get(name, {})) for name, rounds in of_variant.items()},
        "side_by_side": _compare_on_common_hands(errors),
        "validation": {name: summarise_ages(ages) for name, ages in validation.items() if ages is not None},
    }


def _write_page(
    path: Path,
    basis: str,
    tables: Mapping[str, Any],
    run: Mapping[str, str],
    errors: Mapping[str, AgeErrors],
    groups: Mapping[str, Mapping[str, Any]],
    strata: Sequence[int],
) -> None:
    """Write ``report.html`` with the tables, the figures of all variants, and the details of each."""
    page = ReportPage(_TITLE)
    page.add_text(f"{basis}.")
    for heading, table in tables.items():
        page.add_heading(heading, 3)
        page.add_table(*table)
    page.add_text(f"{CONVENTIONS} {_COSTS} {RESEARCH}", note=True)
    page.add_text("; ".join(f"{name}: {value}" for name, value in run.items()), note=True)
    page.show_figure("variants", draw_mads({"variant": errors}), "Each variant on the hands that it read.")
    page.show_figure("age-cumulative", draw_cumulative_ages(errors), "Grey: 6, 12 and 24 months.")
    for name, ages in errors.items():
        with page.folded(name):
            slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
            add_age_details(page, ages, groups[name], strata, f"{slug}-")
    page.write(path)


def _summarise(rounds: Sequence[AgeRound], known: Mapping[str, AgeRecord], groups: Mapping[str, Any]) -> dict[str, Any]:
    ages, unread = join_age_rounds(rounds, known)
    return {
        **(summarise_ages(ages) if ages is not None else {"n_hands": 0}),
        "n_not_read": len(unread),
        "groups": groups,
        "rounds": [
            {"n_train": m.n_train, "training_s": m.training_s, "mad": summarise_ages(own)["mad"] if own else None}
            for m in rounds
            for own in [join_age_rounds([m], known)[0]]
        ],
        "n_parameters": rounds[0].n_parameters,
        "epochs": rounds[0].epochs,
        "epoch_s": median(m.training_s / m.epochs for m in rounds),
        "preparing_s": rounds[0].preparing_s,
        "predicting_s": median(m.predicting_s for m in rounds),
        "peak_mb": max(m.peak_mb for m in rounds),
    }


def _compare_on_common_hands(errors: Mapping[str, AgeErrors]) -> dict[str, dict[str, Any]]:
    """Return the errors on the hands that all variants read, and how much worse each is than the best there."""
    common = set.intersection(*(set(ages.ids) for ages in errors.values()))
    if not common:
        return {}
    restricted = {
        name: ages.of_hands([k for k, id_ in enumerate(ages.ids) if id_ in common]) for name, ages in errors.items()
    }
    summaries = {name: summarise_ages(ages) for name, ages in restricted.items()}
    best = min(summaries, key=lambda name: float(summaries[name]["mad"]))
    return {
        name: {**s, "against_best": compare_ages(restricted[name], restricted[best])} for name, s in summaries.items()
    }


def _tabulate(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of a report by heading."""
    variants = summary["variants"]
    header, rows = tabulate_ages({name: v for name, v in variants.items() if v["n_hands"]}, "variant")
    header = [*header, "not read"]
    tables: dict[str, Any] = {"Errors": (header, [[*row, str(variants[row[0]]["n_not_read"])] for row in rows])}
    if len(summary["side_by_side"]) > 1:
        n = next(iter(summary["side_by_side"].values()))["n_hands"]
        tables[f"On the {n} hands that every variant read"] = tabulate_side_by_side(summary["side_by_side"])
    if summary["validation"]:
        tables["Validation hands: to choose by"] = tabulate_ages(summary["validation"], "variant")
    tables["Costs"] = tabulate_costs(variants)
    return tables


def _describe_rounds(rounds: Sequence[AgeRound]) -> str:
    trained = sorted({measured.n_train for measured in rounds})
    tested = sum(prediction.part == "test" for measured in rounds for prediction in measured.predictions)
    sizes = f"{trained[0]} to {trained[-1]}" if len(trained) > 1 else f"{trained[0]}"
    if len(rounds) == 1:
        return f"trained on {sizes} hands, tested on {tested} others"
    return f"{len(rounds)}-fold cross-validation: {tested} hands, each tested once by a model trained on {sizes} others"
