"""Tables about the person and the file: ages, sexes, original sizes, lists of ids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from boneage.imaging.errors import InvalidTable
from boneage.imaging.scans import Sex
from boneage.imaging.tables import Table, read_shapes, read_table

OLDEST_MONTHS = 300.0
_SEX_CODES: dict[str, Sex] = {
    "f": "F", "female": "F", "false": "F", "0": "F", "0.0": "F",
    "m": "M", "male": "M", "true": "M", "1": "M", "1.0": "M",
}  # fmt: skip


@dataclass(frozen=True)
class AgeRecord:
    """The known bone age of one hand, in months, and the sex where the table has it."""

    boneage_months: float
    sex: Sex | None


def read_ages(path: Path | str) -> dict[str, AgeRecord]:
    """Read bone ages: ``id,boneage_months,sex``, or the RSNA challenge's ``id,boneage,male``.

    A sex is ``F``, ``female``, ``0`` or ``False``, or ``M``, ``male``, ``1`` or ``True``, in either column and in any
    case: numbers mean what they mean in the challenge's ``male``. Blank is not known.

    Raises
    ------
    InvalidTable
        If a column is missing, an id occurs twice, an age is blank or outside 0..300 months, or a sex is
        written in a way that is not known.
    """
    table = read_table(path)
    column = next((name for name in ("boneage_months", "boneage") if name in table.columns), None)
    if column is None:
        raise InvalidTable(table.path, "lacks the column 'boneage_months' (or 'boneage')")
    records = {}
    for id_ in table.rows:
        months = table.number(id_, column)
        if months is None or not 0 <= months <= OLDEST_MONTHS:
            got = table.rows[id_][column] or "nothing"
            wanted = f"{column} must be 0..{OLDEST_MONTHS:g} months"
            raise InvalidTable(table.path, f"{table.place(id_)}: {wanted}, got {got}")
        records[id_] = AgeRecord(months, _read_sex(table, id_))
    return records


def read_sexes(path: Path | str) -> dict[str, Sex]:
    """Read the sex of each id from a ``sex`` or ``male`` column, as in ages; ids whose cell is blank are left out.

    Raises
    ------
    InvalidTable
        If there is neither column, an id occurs twice, or a sex is written in a way that is not known.
    """
    table = read_table(path)
    if not {"sex", "male"} & set(table.columns):
        raise InvalidTable(table.path, "lacks the column 'sex' (or 'male')")
    sexes = {id_: _read_sex(table, id_) for id_ in table.rows}
    return {id_: sex for id_, sex in sexes.items() if sex is not None}


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
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidTable(path, f"cannot be read as a list of ids ({error})") from error
    if lines and lines[0].replace(";", ",").split(",")[0] == "id":
        return list(read_table(path, repeated=True).rows)
    if not lines:
        raise InvalidTable(path, "lists no ids")
    return list(dict.fromkeys(lines))


def _read_sex(table: Table, id_: str) -> Sex | None:
    row = table.rows[id_]
    for column in ("sex", "male"):
        text = row.get(column, "")
        if text and text.lower() not in _SEX_CODES:
            known = "F, female, 0, False, M, male, 1 or True"
            raise InvalidTable(table.path, f"{table.place(id_)}: {column} must be {known}, got {text!r}")
        if text:
            return _SEX_CODES[text.lower()]
    return None
