"""``boneage landmarks report``: how far off landmarks are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boneage.cli.options import (
    Ages,
    Reference,
    Scheme,
    out_console,
)


def report(
    predicted: Annotated[
        Path, typer.Option("--predicted", help="Predicted landmarks, in any format.", show_default=False)
    ],
    truth: Annotated[Path, typer.Option("--truth", help="True landmarks.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tables, the page and its figures.")] = None,
    reference: Reference = None,
    scores: Annotated[
        Path | None,
        typer.Option("--scores", help="CSV of id, landmark, score; else scores.csv beside the predicted table."),
    ] = None,
    ages: Ages = [],  # noqa: B006 (typer copies it)
    scheme: Scheme = None,
    images: Annotated[
        list[Path],
        typer.Option(
            "--images",
            help="Folder of the images: puts crops of the worst cases on the page, and gives the length of a pixel "
            "where a file counts in millimetres. May be repeated.",
        ),
    ] = [],  # noqa: B006 (typer copies it)
    model: Annotated[
        Path | None, typer.Option("--model", help="The localiser that made the table: adds its vote maps to them.")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Whether to draw the worst cases, given the images.")
    ] = True,
) -> None:
    """Print the error of each landmark; with --out, write tables, a page and its figures.

    The files are landmark_errors.csv, landmark_summary.json, landmark_report.html and figures/.
    """
    from boneage.evaluation.reports.landmarks.report import report_landmarks
    from boneage.pipeline.data import merge_ages
    from boneage.pipeline.pipeline import load_localiser

    if model is not None and not images:
        raise typer.BadParameter("--model draws vote maps over the pictures of --images: give both")
    text = report_landmarks(
        predicted,
        truth,
        out,
        reference,
        scores=scores,
        scheme=scheme,
        ages=merge_ages(ages),
        images=images,
        pictures=pictures,
        localiser=load_localiser(model)[0] if model and pictures else None,
    )
    out_console().print(text, soft_wrap=True)
