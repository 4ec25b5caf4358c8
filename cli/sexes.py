"""Options that tell the sex of hands to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from boneage.imaging import Sex

SexCsv = Annotated[Path | None, typer.Option("--sex-csv", help="CSV of id, sex (or male).")]
SexOfAll = Annotated[Literal["F", "M"] | None, typer.Option("--sex", help="The sex of every hand.")]


def choose_sexes(paths: Iterable[Path], table: Path | None, sex: Sex | None) -> Mapping[str, Sex]:
    """Return the sexes that were given, by id: those of a table, or one for all; none if neither was.

    Raises
    ------
    typer.BadParameter
        If both were.
    """
    from boneage.imaging import read_sexes, scan_id

    if table is not None and sex is not None:
        raise typer.BadParameter("give --sex-csv or --sex, not both")
    if table is not None:
        return read_sexes(table)
    return dict.fromkeys((scan_id(path) for path in paths), sex) if sex else {}
