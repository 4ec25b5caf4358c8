"""``boneage age select``: which hands to have read next by an expert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from boneage.cli.options import Jobs, Out, Recursive, Seed, err_console
from boneage.cli.selection import BoneAges, Count, PeopleCsv, PoolFolders, conclude_selection, open_pool

Strategy = Literal["random", "medoid", "k-centre", "typiclust", "disagreement", "age", "combined"]


def select(
    pool: PoolFolders,
    out: Out,
    n: Count = 20,
    strategy: Annotated[
        Strategy,
        typer.Option(
            "--strategy",
            help="By chance: random (stratified with --ages or --sex-csv). By pictures: medoid, k-centre, typiclust."
            " By the --model: disagreement of a hand's views, even cover of ages, or of ages and pictures (combined).",
        ),
    ] = "random",
    model: Annotated[Path | None, typer.Option("--model", help="A trained pipeline (.boneage).")] = None,
    annotated: Annotated[
        Path | None, typer.Option("--annotated", help="The hands that are read already: a table with ids, or a list.")
    ] = None,
    ages: BoneAges = [],  # noqa: B006 (typer copies it)
    sex_csv: PeopleCsv = None,
    recursive: Recursive = False,
    seed: Seed = 0,
    jobs: Jobs = 1,
) -> None:
    """Choose which hands' bone ages to have read next: a list of ids, a table with reasons, a contact sheet.

    Hands in --ages are chosen like others unless --annotated names them. Copies of a picture are left out first,
    whatever the strategy. No strategy has been shown to need clearly fewer readings than chance, stratified by sex and
    age where tables tell them, which is the default.
    """
    from boneage.cli.progress import show_stages
    from boneage.imaging import read_ids
    from boneage.pipeline.selection import PICTURE_STRATEGIES, ask_age_models, choose, open_age_models, write_selection

    if strategy not in PICTURE_STRATEGIES and model is None:
        raise typer.BadParameter(f"--strategy {strategy} goes with --model")
    age_models = open_age_models(model) if model is not None else None
    known = read_ids(annotated) if annotated is not None else []
    collection, hands, sexes = open_pool(
        pool, out, annotated=known, ages=ages, people=sex_csv, recursive=recursive, jobs=jobs
    )
    signals = None
    if age_models is not None:
        with show_stages(err_console()) as report:
            signals = ask_age_models(age_models, collection, hands, sexes=sexes, jobs=jobs, report=report)
    selection = choose(hands, strategy, n, seed, signals)
    write_selection(selection, collection, out)
    conclude_selection(selection, n, out)
