"""``boneage landmarks convert``: annotations from one file format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from boneage.cli.options import (
    out_console,
    remark,
)

FormatName = Literal["csv", "coco", "slicer", "voc", "label-studio", "boxes"]
SourceFormatName = Literal["csv", "coco", "slicer", "voc", "label-studio", "boxes", "masks"]


def convert(
    source: Annotated[Path, typer.Argument(help="Annotations: a file, or a folder of them.", show_default=False)],
    to: Annotated[FormatName, typer.Option("--to", help="Format to write.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", help="File to write; an empty folder for slicer and voc.", show_default=False)
    ],
    from_: Annotated[
        SourceFormatName | None, typer.Option("--from", help="Format to read; found from the content if not given.")
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option("--images", help="Folder of the images, for their names, sizes and spacing. May be repeated."),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(
            "--names",
            help="CSV of from, to: landmarks to keep and their new names; or hand37_to_hand21, hand18_to_hand21.",
        ),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option("--order", help="Two labels, FIRST:SECOND, by which repeated labels are numbered."),
    ] = None,
    box_side: Annotated[
        float,
        typer.Option("--box-side", min=0.01, help="Side in pixels of the box around a landmark, in boxes and voc."),
    ] = 10.0,
) -> None:
    """Convert landmark annotations between file formats; docs/formats.md says what each one holds."""
    from boneage.imaging import read_landmarks
    from boneage.pipeline.conversion import convert_landmarks

    first, _, second = (order or "").partition(":")
    if order is not None and not (first and second):
        raise typer.BadParameter(f"must be two labels, FIRST:SECOND, got {order!r}", param_hint="--order")
    table = read_landmarks(source, from_, (first, second) if order else None)
    done = convert_landmarks(table, to, out, images=images or (), names=names, box_side=box_side)
    remark(done.table.remarks)
    absent = sum(int((~points.present).sum()) for points in done.table.points.values())
    out_console().print(
        f"{len(done.table.points)} images x {len(done.table.names)} landmarks ({absent} absent) written to {out}"
    )
    if done.left_out:
        remark([f"{len(done.left_out)} images left out, {done.left_out[0]} first: {done.reason}"])
        raise typer.Exit(3)
