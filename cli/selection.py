"""What the commands that choose hands to annotate share: options, reading the pool, and the last lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
BoneAges = Annotated[
    list[Path], typer.Option("--ages", help="Age CSV: id, boneage_months, sex. They give strata. May be repeated.")
]
PeopleCsv = Annotated[
    Path | None,
    typer.Option(
        "--sex-csv",
        help="CSV of id, sex (or male), and chronological_age_months (or _years) if known. They give strata, before"
        " those of --ages.",
    ),
]
StartSize = Annotated[int, typer.Option("--start", min=2, help="Hands that are annotated at first.")]
TrainSizes = Annotated[
    str, typer.Option("--sizes", help="Numbers of annotated hands to train with, by commas. None if empty.")
]
ColdSizes = Annotated[
    str,
    typer.Option(
        "--cold", help="Numbers of hands chosen when nothing is annotated, by commas; at least 2. None if empty."
    ),
]
TestHands = Annotated[int, typer.Option("--test", min=1, help="Hands to test on in each repeat.")]
Repeats = Annotated[int, typer.Option("--repeats", min=1, help="Paired repeats; each draws hands anew.")]


def open_pool(
    folders: list[Path],
    out: Path,
    *,
    annotated: Iterable[str],
    ages: list[Path],
    people: Path | None,
    recursive: bool,
    jobs: int,
) -> tuple[Collection, Pool, Mapping[str, Sex]]:
    """Read the pool, with progress; return its collection and the sexes that ``people`` tells, by id, too.

    A picture is left out, with a remark, if a row of a table fits others as well.

    Parameters
    ----------
    folders : list of Path
    out : Path
        Is made; may not hold pictures of the pool.
    annotated : iterable of str
        Ids in the table of what is annotated.
    ages : list of Path
    people : Path, optional
        Table of sexes and chronological ages.
    recursive : bool
    jobs : int

    Raises
    ------
    typer.BadParameter
        If the pool's pictures lie in ``out``.
    """
    from boneage.cli.progress import show_stages
    from boneage.imaging import read_chronological_ages, read_sexes
    from boneage.imaging.demographics import UnclearSex
    from boneage.pipeline.data import load_collection
    from boneage.pipeline.selection import read_pool
    from boneage.pipeline.storage.output import prepare_folder

    collection = load_collection(folders, ages=ages, recursive=recursive)
    inside = next((path for path in collection.paths.values() if path.parent.resolve() == out.resolve()), None)
    if inside is not None:
        raise typer.BadParameter(f"--out holds pictures to choose from, such as {inside.name}: choose another folder")
    remark(collection.remarks)
    row_sexes = read_sexes(people) if people is not None else {}
    row_months = read_chronological_ages(people) if people is not None else {}
    collection, known = _match(collection, annotated, "annotations")
    collection, rows = _match(collection, {**row_sexes, **row_months}, "sexes")
    unclear = [sex.reason for sex in row_sexes.values() if isinstance(sex, UnclearSex)]
    if unclear:
        remark([f"the sex of {len(unclear)} hands is not known: {unclear[0]}"])
    sexes = {id_: sex for id_, row in rows.items() if (sex := row_sexes.get(row)) and not isinstance(sex, UnclearSex)}
    chronological = {id_: row_months[row] for id_, row in rows.items() if row in row_months}
    prepare_folder(out)
    with show_stages(err_console()) as report:
        pool = read_pool(
            collection,
            annotated=frozenset(known),
            sexes=sexes,
            chronological_ages=chronological,
            jobs=jobs,
            report=report,
        )
    return collection, pool, sexes


def conclude_selection(selection: Selection, n: int, folder: Path) -> None:
    """Print what was chosen and from what, and remarks; leave with 3 if files could not be read."""
    pool, chosen = selection.pool, len(selection.ids)
    how = {"random": "at random"}.get(selection.strategy, f"by {selection.strategy}")
    strata = ", stratified" if selection.strategy == "random" and pool.strata is not None else ""
    out_console().print(
        f"{chosen} of {len(pool.candidates)} hands chosen {how}{strata}; see {folder / 'selected.txt'}, "
        "selection.csv and contact_sheet.png",
        soft_wrap=True,
    )
    if chosen < min(n, len(pool.candidates)):
        untold = len(pool.candidates) - chosen
        remark([f"{n} were asked for; of {untold} others the model does not tell what {selection.strategy} goes by"])
    elif chosen < n:
        remark([f"{n} were asked for, and there are no more to choose from"])
    remark([f"pictures are compared by {pool.described_by}; {len(pool.covered)} are annotated already"])
    faults = [f"left out {id_}: {why}" for id_, why in pool.left_out.items()]
    silent = [f"not weighed {id_}: {why}" for id_, why in selection.signals.silent.items()]
    remark(list_some((*faults, *silent), folder / "selection.csv"))
    if any(why.startswith("cannot be read") for why in pool.left_out.values()):
        raise typer.Exit(3)


def _match(collection: Collection, rows: Iterable[str], table: str) -> tuple[Collection, dict[str, str]]:
    """Return the collection without images whose row fits others too, and the row that each image's id fits."""
    from boneage.imaging.matching import match_rows

    matches = match_rows(rows, collection.paths.values(), table)
    remark(matches.remarks() + ([matches.misfit()] if matches.misfit() else []))
    unclear = matches.faults()
    kept = collection.subset([id_ for id_, path in collection.paths.items() if path not in unclear])
    return kept, {id_: matches.rows[path] for id_, path in kept.paths.items() if path in matches.rows}
