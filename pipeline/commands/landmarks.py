"""``boneage landmarks``: train a localiser, locate landmarks, report their errors, convert annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from boneage.pipeline.commands.options import (
    LANDMARKS_HELP,
    Ages,
    Ids,
    Images,
    Jobs,
    Out,
    PresetOption,
    Reference,
    Scheme,
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
    votes: Annotated[
        bool, typer.Option("--votes", help="Write where the votes fell: votes/ID.npz and a picture, votes/ID.png.")
    ] = False,
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
    results = locate_files(paths, localiser, out, sizes=known, votes=votes, follow=follow)
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
    folds: Annotated[
        int | None,
        typer.Option("--folds", min=2, help="Test every hand once in this many folds, instead of rounds at random."),
    ] = None,
    reference: Reference = None,
    ids: Ids = None,
    ages: Ages = [],  # noqa: B006 (typer copies it)
    scheme: Scheme = None,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Put crops of the worst cases on the page.")
    ] = True,
    seed: Seed = 0,
    jobs: Jobs = 2,
) -> None:
    """Train and test localisers on random splits of annotated images, each with its vote weighting and without.

    Writes errors.csv (a row a landmark), summary.json, report.html, figures/ and rounds/. Interrupted, it goes on
    where it stopped when the same command is given again.
    """
    from boneage.evaluation import read_reference
    from boneage.pipeline.benchmark_protocols import CrossValidation, Protocol
    from boneage.pipeline.benchmark_reporting import report_benchmark
    from boneage.pipeline.gathering import describe, gather
    from boneage.pipeline.landmark_benchmark import name_variants, run_benchmark
    from boneage.pipeline.landmark_context import learn_context
    from boneage.pipeline.progress import show_stages

    variants = name_variants(_split_names(compare))
    unit = read_reference(reference) if reference else None
    collection = gather(images, landmarks=landmarks, ids=ids, ages=ages)
    remark(describe(collection))
    assert collection.landmarks is not None
    annotated = [collection.landmarks.points[id_] for id_ in collection.annotated_ids]
    context = learn_context(annotated, scheme, collection.ages)
    protocol = CrossValidation(folds, seed) if folds else Protocol(rounds, train, test, seed)
    with show_stages(err_console()) as report:
        measured = run_benchmark(
            collection, variants, protocol, out / "rounds", reference=unit, jobs=jobs, pictures=pictures, report=report
        )
    out_console().print(report_benchmark(measured, out, reference, context), soft_wrap=True)


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
    predicted: Annotated[Path, typer.Option("--predicted", help="Landmarks to judge.", show_default=False)],
    truth: Annotated[Path, typer.Option("--truth", help="Landmarks to judge by.", show_default=False)],
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
            "--images", help="Folder of the images: puts crops of the worst cases on the page. May be repeated."
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
    from boneage.pipeline.bone_age import load_localiser
    from boneage.pipeline.gathering import merge_ages
    from boneage.pipeline.landmark_reporting import report_landmarks

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


def _split_names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
