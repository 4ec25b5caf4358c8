"""``boneage age report``: how far off predicted ages are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import Strata, out_console, read_bounds


def report(
    predicted: Annotated[Path, typer.Option("--predicted", help="ages.csv written by predict.", show_default=False)],
    truth: Annotated[Path, typer.Option("--truth", help="Age CSV with the true ages.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tables, the page and its figures.")] = None,
    strata: Strata = "",
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures",
            help="Put the overlays of the hands with the largest errors on the page: it then holds pixels.",
        ),
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="The calibrated model that predicted: tests its intervals of 80, 90 and 95 %."),
    ] = None,
) -> None:
    """Print the errors of predicted ages, of all hands, by sex and by age; with --out, write tables and a page.

    Where hands have intervals, also how many of them these cover, beside the band of what chance allows.
    The files are errors.csv, summary.json, report.html and figures/.
    """
    from boneage.evaluation.reports.ages.report import report_ages

    text = report_ages(predicted, truth, out, strata=read_bounds(strata), pictures=pictures, model=model)
    out_console().print(text, soft_wrap=True)
