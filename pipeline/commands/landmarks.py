"""``boneage landmarks``: train a localiser, locate landmarks, report their errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boneage.pipeline.commands.options import (
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

app = typer.Typer(help="Train a landmark localiser, locate landmarks, report errors.", no_args_is_help=True)

LandmarkTable = Annotated[
    Path,
    typer.Option("--landmarks", help="Landmark CSV: id, NAME_x, NAME_y … in original pixels.", show_default=False),
]
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

    variants = name_variants(_split_names(compare))
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
def speed(
    images: Images,
    landmarks: LandmarkTable,
    out: Out,
    presets: Annotated[str, typer.Option("--presets", help="Our presets, by commas.")] = "accurate,fast,paper",
    peers: Annotated[
        str, typer.Option("--peers", help="Peers, by commas: sklearn, sklearn-quick, dlib (if installed).")
    ] = "sklearn,sklearn-quick",
    train: Annotated[int, typer.Option("--train", min=2, help="Hands to train on.")] = 43,
    test: Annotated[int, typer.Option("--test", min=1, help="Other hands to locate in.")] = 17,
    passes: Annotated[int, typer.Option("--passes", min=1, help="How often each of these is located.")] = 3,
    reference: Reference = None,
    ids: Ids = None,
    seed: Seed = 1,
    jobs: Jobs = 2,
) -> None:
    """Measure what training and locating cost, beside peers, in one run on the same machine and images.

    Every task has a fresh process: first calls, training on one thread and on all, locating on one thread, peak
    memory, errors. Writes speed.json, speed.html and speed.svg. Let nothing else run meanwhile.
    """
    from boneage.evaluation import read_reference
    from boneage.pipeline.gathering import describe, gather
    from boneage.pipeline.outputs import prepare_folder
    from boneage.pipeline.progress import show_stages
    from boneage.pipeline.provenance import describe_run
    from boneage.pipeline.speed_benchmark import SpeedProtocol, check_engines, run_speed_benchmark
    from boneage.pipeline.speed_reporting import report_speed

    ours, theirs = _split_names(presets), _split_names(peers)
    check_engines(ours, theirs)
    unit = read_reference(reference) if reference else None
    collection = gather(images, landmarks=landmarks, ids=ids)
    remark(describe(collection))
    prepare_folder(out)
    run = describe_run()
    protocol = SpeedProtocol(train, test, seed, jobs, passes)
    with show_stages(err_console()) as report:
        result = run_speed_benchmark(collection, ours, theirs, protocol, reference=unit, report=report)
    out_console().print(report_speed(result, run, out, reference), soft_wrap=True)


@app.command()
def scaling(out: Out, preset: PresetOption = "fast", seed: Seed = 0, jobs: Jobs = 2) -> None:
    """Measure how cost grows with the number of images, of landmarks and the size of an image, on phantom hands.

    Writes scaling.json, scaling.html and a figure for each. About ten minutes with the preset fast on two cores.
    """
    from boneage.pipeline.outputs import prepare_folder
    from boneage.pipeline.progress import show_stages
    from boneage.pipeline.provenance import describe_run
    from boneage.pipeline.scaling import SWEEPS, run_scaling
    from boneage.pipeline.speed_reporting import report_scaling

    prepare_folder(out)
    run = describe_run()
    with show_stages(err_console()) as report:
        costs = run_scaling(preset, SWEEPS, seed=seed, jobs=jobs, report=report)
    out_console().print(report_scaling(costs, preset, run, out), soft_wrap=True)


@app.command()
def report(
    predicted: Annotated[Path, typer.Option("--predicted", help="Landmark CSV to judge.", show_default=False)],
    truth: Annotated[Path, typer.Option("--truth", help="Landmark CSV to judge by.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tables and the page.")] = None,
    reference: Reference = None,
) -> None:
    """Print the error of each landmark; write landmark_errors.csv, landmark_summary.json and a page with --out."""
    from boneage.pipeline.landmark_reporting import report_landmarks

    out_console().print(report_landmarks(predicted, truth, out, reference), soft_wrap=True)


def _split_names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
