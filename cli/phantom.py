"""``boneage phantom``: synthetic hands to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from boneage.cli.options import Jobs, Seed, err_console, out_console


def phantom(
    out: Annotated[Path, typer.Argument(help="Folder to write images/, landmarks.csv and ages.csv into.")],
    count: Annotated[int, typer.Option("--count", min=1, help="Number of hands.")] = 60,
    seed: Seed = 0,
    modality: Annotated[
        Literal["xray", "mri"], typer.Option("--modality", help="Radiographs, or T1-like MR volumes (.nii.gz).")
    ] = "xray",
    coarse: Annotated[
        bool, typer.Option("--coarse", help="Volumes of 0.9 x 0.9 x 2.0 mm a voxel, not 0.5 x 0.5 x 0.9.")
    ] = False,
    jobs: Jobs = 1,
) -> None:
    """Make synthetic left hands with exact landmarks and ages: a test instrument, not evidence."""
    from boneage.cli.progress import show_stages
    from boneage.imaging.phantoms import COARSE_MM, FINE_MM, write_phantom_set
    from boneage.pipeline.storage.output import prepare_folder

    if coarse and modality != "mri":
        raise typer.BadParameter("--coarse goes with --modality mri")
    prepare_folder(out)
    with show_stages(err_console()) as report:
        write_phantom_set(
            out, count, seed, modality=modality, spacing_mm=COARSE_MM if coarse else FINE_MM, n_jobs=jobs,
            progress=report,
        )  # fmt: skip
    out_console().print(f"{count} phantom hands in {out} (synthetic: no evidence about real hands)")
