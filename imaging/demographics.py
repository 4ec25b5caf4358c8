"""Tables about the person and the file: ages, sexes, original sizes, lists of ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from boneage.imaging.errors import InvalidTable
from boneage.imaging.scans import LONGEST_LIFE_MONTHS, Sex
from boneage.imaging.tables import Table, read_shapes, read_table, read_text

OLDEST_MONTHS = 300.0
_AGE_COLUMNS = {"chronological_age_months": 1.0, "chronological_age_years": 12.0}  # months per unit
_OLDEST_YEARS = 20.0
_FEWEST_JUDGED = 3  # ages: fewer may well be those of infants
_SEX_CODES: dict[str, Sex] = {
    "f": "F", "female": "F", "false": "F", "0": "F", "0.0": "F",
    "m": "M", "male": "M", "true": "M", "1": "M", "1.0": "M",
}  # fmt: skip


@dataclass(frozen=True)
class AgeRecord:
    """The known bone age of one hand, in months, and the sex where the table has it.

    Parameters
    ----------
    boneage_months : float
    sex : {"F", "M"} or None
    sex_fault : str
        Why the sex is None although the table has something in its place.
    """

    boneage_months: float
    sex: Sex | None
    sex_fault: str = field(default="", repr=False)


@dataclass(frozen=True)
class UnclearSex:
    """What a table has in the place of a sex, and does not mean one; ``reason`` names the row and the table."""

    reason: str


Sexes = Mapping[str, Sex | UnclearSex] | Sex | None
"""The sexes of hands by the ids of a table's rows, or the one of all hands; None where files may tell."""


def read_ages(path: Path | str) -> dict[str, AgeRecord]:
    """Read bone ages: ``id,boneage_months,sex``, or the RSNA challenge's ``id,boneage,male``.

    A sex is ``F``, ``female``, ``0`` or ``False``, or ``M``, ``male``, ``1`` or ``True``, in either column and in any
    case: numbers mean what they mean in the challenge's ``male``. Blank is not known; anything else, or two columns
    that contradict each other, is not known either, with a ``sex_fault``.

    Raises
    ------
    InvalidTable
        If a column is missing, an id occurs twice, or an age is blank or outside 0..300 months.
    """
    table = read_table(path)
    column = next((name for name in ("boneage_months", "boneage") if name in table.columns), None)
    if column is None:
        raise InvalidTable(table.path, "lacks the column 'boneage_months' (or 'boneage')")
    records = {}
    for id_ in table.rows:
        months = table.number(id_, column)
        if months is None or not 0 <= months <= OLDEST_MONTHS:
            got = table.rows[id_][column] or "nothing: leave out the row if it is not known"
            wanted = f"{column} must be 0..{OLDEST_MONTHS:g} months"
            raise InvalidTable(table.path, f"{table.place(id_)}: {wanted}, got {got}")
        sex = _read_sex(table, id_)
        records[id_] = AgeRecord(months, None, sex.reason) if isinstance(sex, UnclearSex) else AgeRecord(months, sex)
    return records


def find_unusual_ages(ages: Mapping[str, AgeRecord]) -> list[str]:
    """Return a remark if the ages look like years, not months: three or more, all of them below 20 (and not all 0)."""
    months = [record.boneage_months for record in ages.values()]
    if len(months) < _FEWEST_JUDGED or not 0 < max(months) < _OLDEST_YEARS:
        return []
    return [
        f"all {len(months)} bone ages are below {_OLDEST_YEARS:g} ({min(months):g} to {max(months):g}): they are taken "
        "as months; if they are years, multiply them by 12"
    ]


def read_sexes(path: Path | str) -> dict[str, Sex | UnclearSex]:
    """Read the sex of each id from a ``sex`` or ``male`` column, as in ages; ids whose cell is blank are left out.

    Returns
    -------
    dict of {"F", "M"} or UnclearSex
        By id.

    Raises
    ------
    InvalidTable
        If there is neither column, or an id occurs twice.
    """
    table = read_table(path)
    if not {"sex", "male"} & set(table.columns):
        raise InvalidTable(table.path, "lacks the column 'sex' (or 'male')")
    sexes = {id_: _read_sex(table, id_) for id_ in table.rows}
    return {id_: sex for id_, sex in sexes.items() if sex is not None}


def read_chronological_ages(path: Path | str) -> dict[str, float]:
    """Read the age in months of each person at the time of the picture; blank rows are left out.

    Taken from the column ``chronological_age_months``, else from ``chronological_age_years``.

    Returns
    -------
    dict of float
        By id; empty if the table has neither column.

    Raises
    ------
    InvalidTable
        If the file cannot be read, an id occurs twice, or an age is no number or not in 0..2400 months.
    """
    table = read_table(path)
    column = next((name for name in _AGE_COLUMNS if name in table.columns), "")
    ages = {id_: table.number(id_, column) for id_ in table.rows} if column else {}
    for id_, age in ages.items():
        if age is not None and not 0 <= age * _AGE_COLUMNS[column] < LONGEST_LIFE_MONTHS:
            raise InvalidTable(table.path, f"{table.place(id_)}: {column} must be the age of a person, got {age:g}")
    return {id_: age * _AGE_COLUMNS[column] for id_, age in ages.items() if age is not None}


def read_sizes(path: Path | str) -> dict[str, tuple[int, ...]]:
    """Read original sizes, ``id,width,height[,depth]``, as ([planes,] rows, columns) by id; blank rows are left out.

    A landmark table or a table with several rows an image serves too.

    Raises
    ------
    InvalidTable
        If a column is missing or a size is not a positive whole number.
    """
    return read_shapes(read_table(path, repeated=True, needs=("width", "height")))


def read_ids(path: Path | str) -> list[str]:
    """Read a list of ids: one a line, or the ``id`` column of a CSV file.

    Raises
    ------
    InvalidTable
        If the file cannot be read or lists no ids.
    """
    lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if re.split("[,;\t]", lines[0])[0].strip() == "id":
        return list(read_table(path, repeated=True).rows)
    return list(dict.fromkeys(lines))


def _read_sex(table: Table, id_: str) -> Sex | UnclearSex | None:
    place = f"{table.place(id_)} of {table.path.name}"
    sexes: dict[str, Sex] = {}
    for column in ("sex", "male"):
        text = table.rows[id_].get(column, "")
        if text and text.lower() not in _SEX_CODES:
            known = "F, female, 0, False, M, male, 1 or True"
            return UnclearSex(f"{place}: {column} must be {known}, got {text!r}")
        if text:
            sexes[text] = _SEX_CODES[text.lower()]
    if len(set(sexes.values())) > 1:
        said = " and male ".join(map(repr, sexes))
        return UnclearSex(f"{place}: sex says {said}")
    return next(iter(sexes.values()), None)
