"""Options that give the sex of hands to be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from boneage.imaging import Sex
    from boneage.imaging.demographics import Sexes

SexCsv = Annotated[Path | None, typer.Option("--sex-csv", help="CSV of id, sex (or male).")]
SexOfAll = Annotated[Literal["F", "M"] | None, typer.Option("--sex", help="The sex of every hand.")]


def choose_sexes(table: Path | None, sex: Sex | None) -> Sexes:
    """Return the sexes of a table by its ids, or the one sex of all hands, or None.

    Raises
    ------
    typer.BadParameter
        If both were given.
    """
    from boneage.imaging import read_sexes

    if table is not None and sex is not None:
        raise typer.BadParameter("give --sex-csv or --sex, not both")
    return sex if table is None else read_sexes(table)
