"""``boneage landmarks select``: which hands to annotate next with landmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from boneage.cli.options import Jobs, Out, Recursive, Seed, err_console
from boneage.cli.selection import BoneAges, Count, PeopleCsv, PoolFolders, conclude_selection, open_pool

Strategy = Literal[
    "random", "medoid", "k-centre", "typiclust", "disagreement", "spread", "implausibility", "combined", "pose"
]


def select(
    pool: PoolFolders,
    out: Out,
    n: Count = 20,
    strategy: Annotated[
        Strategy | None,
        typer.Option(
            "--strategy",
            help="By chance: random (stratified with --ages or --sex-csv). By pictures: medoid, k-centre, typiclust."
            " By what the --model doubts: the others. If not given: combined with a --model, else random.",
        ),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="A localiser trained on what is annotated so far (.boneage).")
    ] = None,
    annotated: Annotated[
        Path | None,
        typer.Option("--annotated", help="Landmarks of the hands that are annotated already, in any format."),
    ] = None,
    ages: BoneAges = [],  # noqa: B006 (typer copies it)
    sex_csv: PeopleCsv = None,
    recursive: Recursive = False,
    seed: Seed = 0,
    jobs: Jobs = 1,
) -> None:
    """Choose which hands to annotate next: a list of ids, a table with reasons, a contact sheet.

    Copies of a picture are left out first, whatever the strategy. Without a model the default is chance, stratified by
    sex and age where tables tell them: pictures alone have not been shown to need fewer hands. With one it is combined,
    which needed fewer than chance up to twenty hands, and as many with forty.
    """
    from boneage.cli.progress import show_stages
    from boneage.imaging import read_landmarks
    from boneage.pipeline.selection import PICTURE_STRATEGIES, ask_localiser, choose, open_localiser, write_selection

    if strategy is None:
        strategy = "random" if model is None else "combined"
    if strategy not in PICTURE_STRATEGIES and model is None:
        raise typer.BadParameter(f"--strategy {strategy} goes with --model")
    table = read_landmarks(annotated) if annotated is not None else None
    localiser = open_localiser(model, table) if model is not None else None
    known = [id_ for id_, points in table.points.items() if points.present.any()] if table is not None else []
    collection, hands, _ = open_pool(
        pool, out, annotated=known, ages=ages, people=sex_csv, recursive=recursive, jobs=jobs
    )
    signals = None
    if localiser is not None:
        with show_stages(err_console()) as report:
            signals = ask_localiser(localiser, collection, hands, jobs=jobs, report=report)
    selection = choose(hands, strategy, n, seed, signals)
    write_selection(selection, collection, out)
    conclude_selection(selection, n, out)
