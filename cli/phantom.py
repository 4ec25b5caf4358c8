"""``boneage phantom``: synthetic hands, or what is no hand, to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from boneage.cli.options import Jobs, Seed, err_console, out_console

Anatomy = Literal[
    "hand", "spine", "chest", "limb", "foot", "skull", "text", "noise", "gradient",
    "finger-missing", "half-hand", "two-hands",
]  # fmt: skip


def phantom(
    out: Annotated[Path, typer.Argument(help="Folder to write images/ into, and landmarks.csv and ages.csv of hands.")],
    count: Annotated[int, typer.Option("--count", min=1, help="Number of pictures.")] = 60,
    seed: Seed = 0,
    modality: Annotated[
        Literal["xray", "mri"], typer.Option("--modality", help="Radiographs, or T1-like MR volumes (.nii.gz).")
    ] = "xray",
    anatomy: Annotated[
        Anatomy,
        typer.Option(
            "--anatomy", help="What the radiographs show: hands, or what a model must refuse or tell (images alone)."
        ),
    ] = "hand",
    coarse: Annotated[
        bool, typer.Option("--coarse", help="Volumes of 0.9 x 0.9 x 2.0 mm a voxel, not 0.5 x 0.5 x 0.9.")
    ] = False,
    masks: Annotated[
        bool,
        typer.Option("--masks", help="Write masks of ossification centres and joints too, of radiographs of hands."),
    ] = False,
    jobs: Jobs = 1,
) -> None:
    """Make synthetic left hands with exact landmarks and ages, or what is no hand: a test instrument, not evidence."""
    from boneage.cli.progress import show_stages
    from boneage.imaging.phantoms import COARSE_MM, FINE_MM, write_other_phantoms, write_phantom_set
    from boneage.pipeline.storage.output import prepare_folder

    if coarse and modality != "mri":
        raise typer.BadParameter("--coarse goes with --modality mri")
    if anatomy != "hand" and modality != "xray":
        raise typer.BadParameter("--anatomy goes with radiographs")
    if masks and (anatomy != "hand" or modality != "xray"):
        raise typer.BadParameter("--masks goes with radiographs of hands")
    prepare_folder(out)
    with show_stages(err_console()) as report:
        if anatomy != "hand":
            write_other_phantoms(out, anatomy, count, seed, n_jobs=jobs, progress=report)
            out_console().print(f"{count} phantoms ({anatomy}) in {out} (synthetic)")
            return
        write_phantom_set(
            out, count, seed, modality=modality, spacing_mm=COARSE_MM if coarse else FINE_MM, masks=masks,
            n_jobs=jobs, progress=report,
        )  # fmt: skip
    out_console().print(f"{count} phantom hands in {out} (synthetic: no evidence about real hands)")
