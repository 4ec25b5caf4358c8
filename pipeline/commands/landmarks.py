"""``boneage landmarks``: train a localiser, locate landmarks, report their errors, convert annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from boneage.pipeline.commands.options import (
    LANDMARKS_HELP,
    Ids,
    Images,
    Jobs,
    Out,
    PresetOption,
    Reference,
    Seed,
    Sizes,
    conclude,
    err_console,
    out_console,
    remark,
)

if TYPE_CHECKING:
    from boneage.pipeline.locating import Located

app = typer.Typer(
    help="Train a landmark localiser, locate landmarks, report errors, convert annotations.", no_args_is_help=True
)

LandmarkTable = Annotated[Path, typer.Option("--landmarks", help=LANDMARKS_HELP, show_default=False)]
FormatName = Literal["csv", "coco", "slicer", "voc", "label-studio", "boxes"]
ModelOut = Annotated[Path, typer.Option("--model", help="Model file to write (.boneage).", show_default=False)]


@app.command()
def train(
    images: Images,
    landmarks: LandmarkTable,
    model: ModelOut,
    preset: PresetOption = "accurate",
    ids: Ids = None,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train a random-forest regression-voting localiser on annotated images."""
    from boneage.landmarks import PRESETS
    from boneage.pipeline.bone_age import save_localiser
    from boneage.pipeline.gathering import describe, gather
    from boneage.pipeline.outputs import prepare_folder
    from boneage.pipeline.progress import show_stages
    from boneage.pipeline.training import train_localiser

    collection = gather(images, landmarks=landmarks, ids=ids)
    remark(describe(collection))
    prepare_folder(model.parent)
    with show_stages(err_console()) as report:
        localiser, summary, refused = train_localiser(
            collection, PRESETS[preset](), seed=seed, jobs=jobs, report=report
        )
    remark(f"left out {refusal.path}: {refusal.reason}" for refusal in refused)
    save_localiser(model, localiser, {**summary, "preset": preset})
    size = model.stat().st_size / 1e6
    out_console().print(
        f"{summary['n_landmarks']} landmarks learnt from {summary['n_hands']} images; {model} ({size:.1f} MB)"
    )


@app.command()
def locate(
    images: Images,
    model: Annotated[Path, typer.Option("--model", help="A trained localiser (.boneage).", show_default=False)],
    out: Out,
    sizes: Sizes = None,
    ids: Ids = None,
) -> None:
    """Locate landmarks in every image of a folder: landmarks.csv in original pixels, scores, overlays."""
    from boneage.imaging import read_sizes
    from boneage.pipeline.bone_age import load_localiser
    from boneage.pipeline.gathering import find_files
    from boneage.pipeline.locating import locate_files
    from boneage.pipeline.progress import track

    localiser, _ = load_localiser(model)
    paths = find_files(images, ids)

    def follow(results: Iterator[Located]) -> Iterable[Located]:
        return track(results, total=len(paths), label="locating landmarks", console=err_console())

    known = read_sizes(sizes) if sizes else {}
    results = locate_files(paths, localiser, out, sizes=known, follow=follow)
    reasons = (f"{result.status} {result.path}: {result.reason}" for result in results if result.reason)
    conclude(results, out / "files.csv", reasons)


@app.command()
def benchmark(
    images: Images,
    landmarks: LandmarkTable,
    out: Out,
    compare: Annotated[
        str, typer.Option("--compare", help="Variants, by commas: uniform, paper, accurate, fast.")
    ] = "paper,accurate,fast",
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds; each draws hands anew.")] = 10,
    train: Annotated[int, typer.Option("--train", min=2, help="Hands to train on in a round.")] = 43,
    test: Annotated[int, typer.Option("--test", min=1, help="Other hands to test on.")] = 17,
    reference: Reference = None,
    ids: Ids = None,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train and test localisers on random splits of annotated images, each with its vote weighting and without.

    Writes errors.csv (a row a landmark), summary.json, report.html and rounds/. Interrupted, it goes on where it
    stopped when the same command is given again.
    """
    from boneage.evaluation import read_reference
    from boneage.pipeline.gathering import describe, gather
    from boneage.pipeline.landmark_benchmark import Protocol, name_variants, run_benchmark
    from boneage.pipeline.landmark_reporting import report_benchmark
    from boneage.pipeline.progress import show_stages

    variants = name_variants([name.strip() for name in compare.split(",") if name.strip()])
    unit = read_reference(reference) if reference else None
    collection = gather(images, landmarks=landmarks, ids=ids)
    remark(describe(collection))
    protocol = Protocol(rounds, train, test, seed)
    with show_stages(err_console()) as report:
        measured = run_benchmark(
            collection, variants, protocol, out / "rounds", reference=unit, jobs=jobs, report=report
        )
    out_console().print(report_benchmark(measured, out, reference), soft_wrap=True)


@app.command()
def report(
    predicted: Annotated[Path, typer.Option("--predicted", help="Landmarks to judge.", show_default=False)],
    truth: Annotated[Path, typer.Option("--truth", help="Landmarks to judge by.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tables and the page.")] = None,
    reference: Reference = None,
) -> None:
    """Print the error of each landmark; write landmark_errors.csv, landmark_summary.json and a page with --out."""
    from boneage.pipeline.landmark_reporting import report_landmarks

    out_console().print(report_landmarks(predicted, truth, out, reference), soft_wrap=True)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="Annotations: a file, or a folder of them.", show_default=False)],
    to: Annotated[FormatName, typer.Option("--to", help="Format to write.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", help="File to write; an empty folder for slicer and voc.", show_default=False)
    ],
    from_: Annotated[
        FormatName | None, typer.Option("--from", help="Format to read; told by the content if not given.")
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option("--images", help="Folder of the images, for their names, sizes and spacing. May be repeated."),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option("--names", help="CSV of from, to: landmarks to keep and their new names; or hand37_to_hand21."),
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
    from boneage.pipeline.converting import convert_landmarks

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
