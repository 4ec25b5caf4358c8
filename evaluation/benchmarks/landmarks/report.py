"""The report of a localisation benchmark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boneage.evaluation.benchmarks.landmarks.rounds import ERROR_COLUMNS, Round, error_rows, join_rounds
from boneage.evaluation.metrics import LandmarkErrors, select_worst_cases, summarise_distances, summarise_landmarks
from boneage.evaluation.reports.basis import count_hands, describe_phantoms, write_json
from boneage.evaluation.reports.landmarks.context import LandmarkContext
from boneage.evaluation.reports.landmarks.sections import (
    CONVENTIONS,
    Pictures,
    add_curves,
    add_details,
    add_privacy,
    add_worst_cases,
)
from boneage.evaluation.reports.landmarks.tables import name_unit, tabulate_variants
from boneage.evaluation.reports.page import RESEARCH, ReportPage
from boneage.evaluation.reports.text_table import draw_table
from boneage.pipeline.pages.html import Page
from boneage.pipeline.storage.output import write_table

_TIMES = "training: seconds for one round. an image: milliseconds to locate its landmarks, reading the file apart."


def report_landmark_benchmark(
    rounds: Sequence[Round],
    folder: Path,
    reference: str | None,
    context: LandmarkContext | None = None,
    commits: str = "",
) -> str:
    """Report a localisation benchmark into ``folder``.

    Writes ``errors.csv``, ``summary.json``, ``report.html`` and the page's ``figures/``.

    Parameters
    ----------
    rounds : sequence of Round
        Of all variants.
    folder : Path
    reference : str or None
        The unit, as the user gave it.
    context : LandmarkContext, optional
        The mean shape, bones and ages, for what is drawn with them.
    commits : str
        At which commit the rounds were measured, in words.
    """
    context = context or LandmarkContext()
    of_variant: dict[str, list[Round]] = {}
    for measured in rounds:
        of_variant.setdefault(measured.variant, []).append(measured)
    joined = {name: join_rounds(measured) for name, measured in of_variant.items()}
    summary = _summarise(of_variant, joined, reference, context)
    write_table(folder / "errors.csv", list(error_rows(rounds)), ERROR_COLUMNS)
    write_json(folder / "summary.json", summary)
    title = f"Localisation errors in {name_unit(rounds[0].errors.unit, reference)}"
    basis = f"{_describe_rounds(next(iter(of_variant.values())))}{describe_phantoms(summary)}"
    table = tabulate_variants(summary["variants"])
    pictures = {name: _read_pictures(measured) for name, measured in of_variant.items()}
    page = ReportPage(title)
    add_privacy(page, [case for cases in pictures.values() for case in cases])
    page.add_text(f"{basis}. {commits}".strip())
    page.add_table(*table)
    page.add_text(f"{CONVENTIONS} {_TIMES} {RESEARCH}", note=True)
    add_curves(page, "cumulative", joined)
    for number, (name, errors) in enumerate(joined.items()):
        with page.folded(name, opened=number == 0):
            add_details(page, errors, summary["variants"][name], context, f"{_slug(name)}-")
            _add_pictures(page, pictures[name], of_variant[name], context)
    page.write(folder / "report.html")
    notes = [
        "not found: counted as beyond every limit, in no mean. 95 % interval: bootstrap over patients.",
        _TIMES,
        *([commits] if commits else []),
    ]
    return "\n".join([title, basis, "", draw_table(*table), "", *notes])


def _summarise(
    of_variant: Mapping[str, Sequence[Round]],
    joined: Mapping[str, LandmarkErrors],
    reference: str | None,
    context: LandmarkContext,
) -> dict[str, Any]:
    """Return what ``summary.json`` holds."""
    variants = {
        name: {
            **summarise_landmarks(joined[name]),
            **context.summarise(joined[name]),
            "rounds": [summarise_distances(measured.errors.distances) for measured in rounds],
            "training_s": [measured.training_s for measured in rounds],
            "locating_s": [measured.locating_s for measured in rounds],
        }
        for name, rounds in of_variant.items()
    }
    ids = {id_ for errors in joined.values() for id_ in errors.ids}
    return {**count_hands(ids), "reference": reference, "variants": variants}


def _add_pictures(page: Page, pictures: Pictures, rounds: Sequence[Round], context: LandmarkContext) -> None:
    """Add the worst cases of a variant's rounds."""
    n_without = sum(not measured.pictures for measured in rounds)
    missing = f"{n_without} of {len(rounds)} rounds were run without pictures." if pictures and n_without else ""
    slices = context.shape is not None and context.shape.ndim == 3
    add_worst_cases(page, pictures, rounds[0].errors.unit, votes=True, missing=missing, slices=slices)


def _read_pictures(measured: Sequence[Round]) -> Pictures:
    """Return the worst cases of all rounds, of those whose pictures are there."""
    files = {case: file for measure in measured for case, file in measure.pictures if file.is_file()}
    return [(case, files[case].read_bytes()) for case in select_worst_cases(files)]


def _describe_rounds(measured: Sequence[Round]) -> str:
    sizes = sorted({len(measure.errors.ids) for measure in measured})
    ids = [id_ for measure in measured for id_ in measure.errors.ids]
    each = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else f"{sizes[0]}"
    once = ", each tested once" if len(measured) > 1 and len(set(ids)) == len(ids) else ""
    rounds = "1 round" if len(measured) == 1 else f"{len(measured)} rounds"
    return f"{rounds}, {each} test images each; {len(set(ids))} different images{once}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
