"""The report of a localisation benchmark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from boneage.evaluation.benchmarks.landmarks.rounds import ERROR_COLUMNS, Round, error_rows, join_rounds
from boneage.evaluation.metrics import select_worst_cases, summarise_distances, summarise_landmarks
from boneage.evaluation.reports.basis import RESEARCH, Figures, phantom_note, provenance, write_json
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
from boneage.evaluation.reports.text_table import draw_table
from boneage.pipeline.pages.html import Page
from boneage.pipeline.storage.output import write_table


def report_benchmark(
    rounds: Sequence[Round], folder: Path, reference: str | None, context: LandmarkContext | None = None
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
    """
    context = context or LandmarkContext()
    names = list(dict.fromkeys(measure.variant for measure in rounds))
    of_variant = {name: [measure for measure in rounds if measure.variant == name] for name in names}
    joined = {name: join_rounds(measured) for name, measured in of_variant.items()}
    summary: dict[str, Any] = {
        **provenance({id_ for measure in rounds for id_ in measure.errors.ids}),
        "reference": reference,
        "variants": {
            name: {
                **summarise_landmarks(joined[name]),
                **context.summarise(joined[name]),
                "rounds": [summarise_distances(measure.errors.distances) for measure in measured],
                "training_s": [measure.training_s for measure in measured],
                "locating_s": [measure.locating_s for measure in measured],
            }
            for name, measured in of_variant.items()
        },
    }
    write_table(folder / "errors.csv", list(error_rows(rounds)), ERROR_COLUMNS)
    write_json(folder / "summary.json", summary)
    unit = rounds[0].errors.unit
    title = f"Localisation errors in {name_unit(unit, reference)}"
    basis = f"{_describe_rounds(of_variant[names[0]])}{phantom_note(summary)}"
    times = "training: seconds for one round. an image: milliseconds to locate its landmarks, reading the file apart."
    table = tabulate_variants(summary["variants"])
    pictures = {name: _read_pictures(measured) for name, measured in of_variant.items()}
    figures = Figures(Page(title))
    add_privacy(figures.page, [shown for of_one in pictures.values() for shown in of_one])
    figures.page.add_text(f"{basis}.")
    figures.page.add_table(*table)
    figures.page.add_text(f"{CONVENTIONS} {times} {RESEARCH}", note=True)
    add_curves(figures, "cumulative", joined)
    for name in names:
        with figures.page.folded(name, opened=name == names[0]):
            add_details(figures, joined[name], summary["variants"][name], context, f"{_slug(name)}-")
            without = sum(not measure.pictures for measure in of_variant[name])
            missing = f"{without} of {len(of_variant[name])} rounds were run without pictures."
            shown = pictures[name]
            lost = missing if shown and without else ""
            slices = context.shape is not None and context.shape.ndim == 3
            add_worst_cases(figures.page, shown, unit, votes=True, missing=lost, slices=slices)
    figures.write(folder / "report.html")
    notes = [
        "not found: counted as beyond every limit, in no mean. 95 % interval: bootstrap over patients.",
        times,
    ]
    return "\n".join([title, basis, "", draw_table(*table), "", *notes])


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
