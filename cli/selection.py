"""What the commands that choose hands to annotate share: options, reading the pool, and the last lines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boneage.cli.options import err_console, list_some, out_console, remark

if TYPE_CHECKING:
    from boneage.imaging import Collection, Sex
    from boneage.pipeline.selection import Pool, Selection

PoolFolders = Annotated[
    list[Path],
    typer.Argument(
        help="Folder(s) of the pictures to choose from; annotated ones may be among them.", show_default=False
    ),
]
Count = Annotated[int, typer.Option("--n", min=1, help="How many hands to choose.")]
StartSize = Annotated[int, typer.Option("--start", min=2, help="Hands that are annotated at first.")]
TrainSizes = Annotated[str, typer.Option("--sizes", help="Numbers of annotated hands to train with, by commas.")]
ColdSizes = Annotated[
    str,
    typer.Option(
        "--cold", help="Numbers of hands chosen when nothing is annotated, by commas; at least 2. None if empty."
    ),
]
TestHands = Annotated[int, typer.Option("--test", min=1, help="Hands to test on in each repeat.")]
Repeats = Annotated[int, typer.Option("--repeats", min=1, help="Paired repeats; each draws hands anew.")]


def match_sexes(collection: Collection, table: Path | None) -> dict[str, Sex]:
    """Return the sexes in a table by the ids of the images; those that are not clear are left out."""
    from boneage.imaging import read_sexes
    from boneage.imaging.demographics import UnclearSex

    if table is None:
        return {}
    sexes = {id_: sex for id_, sex in read_sexes(table).items() if not isinstance(sex, UnclearSex)}
    return {id_: sexes[row] for id_, row in _match(collection, sexes, "sexes").items()}


def match_annotated(collection: Collection, ids: Iterable[str]) -> frozenset[str]:
    """Return the ids of the images that rows of a table of annotations fit."""
    return frozenset(_match(collection, ids, "annotations"))


def conclude_selection(selection: Selection, n: int, folder: Path) -> None:
    """Print what was chosen and from what, and remarks; leave with 3 if files could not be read."""
    pool = selection.pool
    how = {"random": "at random"}.get(selection.strategy, f"by {selection.strategy}")
    strata = ", stratified" if selection.strategy == "random" and pool.strata is not None else ""
    out_console().print(
        f"{len(selection.ids)} of {len(pool.candidates)} hands chosen {how}{strata}; see {folder / 'selected.txt'}, "
        "selection.csv and contact_sheet.png",
        soft_wrap=True,
    )
    if len(selection.ids) < n:
        remark([f"{n} were asked for, and there are no more to choose from"])
    remark([f"pictures are compared by {pool.described_by}; {len(pool.covered)} are annotated already"])
    faults = [f"left out {id_}: {why}" for id_, why in pool.left_out.items()]
    silent = [f"not weighed {id_}: {why}" for id_, why in selection.signals.silent.items()]
    remark(list_some((*faults, *silent), folder / "selection.csv"))
    if any(why.startswith("cannot be read") for why in pool.left_out.values()):
        raise typer.Exit(3)


def open_pool(collection: Collection, annotated: frozenset[str], sexes: dict[str, Sex], jobs: int) -> Pool:
    """Read the pool, with progress."""
    from boneage.cli.progress import show_stages
    from boneage.pipeline.selection import read_pool

    remark(collection.remarks)
    with show_stages(err_console()) as report:
        return read_pool(collection, annotated=annotated, sexes=sexes, jobs=jobs, report=report)


def _match(collection: Collection, rows: Iterable[str], table: str) -> dict[str, str]:
    """Return the row of a table that each image's id fits."""
    from boneage.imaging.matching import match_rows

    matches = match_rows(rows, collection.paths.values(), table)
    remark(matches.remarks() + ([matches.misfit()] if matches.misfit() else []))
    return {id_: matches.rows[path] for id_, path in collection.paths.items() if path in matches.rows}
