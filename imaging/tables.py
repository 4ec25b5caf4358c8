"""Reading text and CSV tables, with errors that name the file, the id and the column."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from boneage.imaging.errors import InvalidTable

LARGEST_BYTES = 256 * 2**20
_INVISIBLE = re.compile("[\ufeff\u200b]")  # marks of joined files and copied web pages
_FORMULA = re.compile('="([^"]*)"')  # a text that a spreadsheet shall not take for a number
_NO_TEXT = "is not a text file: if it is a table, save it as CSV in UTF-8"
_SPREADSHEET = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # a zip (.xlsx, .ods), or a compound file (.xls)
_KNOWN_COLUMNS = {  # in any case, and as the RSNA challenge's own tables call them
    **{name: name for name in ("id", "sex", "male", "boneage", "boneage_months", "width", "height", "depth")},
    "gender": "sex",
    "image id": "id",
    "case id": "id",
    "bone age (months)": "boneage_months",
    "ground truth bone age (months)": "boneage_months",
}


@dataclass(frozen=True)
class Table:
    """Rows of text by id, in the file's order, and the line number of each."""

    path: Path
    columns: tuple[str, ...]
    rows: dict[str, dict[str, str]]
    lines: dict[str, int]

    def place(self, id_: str) -> str:
        """Return where a row is, for messages."""
        return f"line {self.lines[id_]}, id {id_}"

    def number(self, id_: str, column: str) -> float | None:
        """Return a cell as a number; ``None`` where it is blank or NaN.

        Raises
        ------
        InvalidTable
            If the cell is neither a number nor blank, or infinite.
        """
        return parse_number(self.path, self.place(id_), column, self.rows[id_].get(column, ""))


def parse_number(path: Path, place: str, column: str, text: str) -> float | None:
    """Return a cell as a number; ``None`` where it is blank or NaN.

    Raises
    ------
    InvalidTable
        If the cell is neither a number nor blank, or infinite. The message names ``place`` and ``column``.
    """
    if not text or text.lower() in ("nan", "na"):
        return None
    try:
        value = float(text.replace("_", "x"))  # Python reads 1_20 as 120
    except ValueError:
        advice = ": write decimals with a point" if "," in text else ""
        raise InvalidTable(path, f"{place}: {column} must be a number, got {text!r}{advice}") from None
    if not math.isfinite(value):
        raise InvalidTable(path, f"{place}: {column} must be finite, got {text!r}")
    return value


def read_text(path: Path | str) -> str:
    """Read a text file of at most ``LARGEST_BYTES``: UTF-8 with or without a BOM, or UTF-16 with one.

    Raises
    ------
    InvalidTable
        If the file is missing, too large, empty, a spreadsheet, not text, or text in another encoding.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise InvalidTable(path, "there is no such file") from None
    except OSError as error:
        raise InvalidTable(path, f"cannot be read ({error.strerror})") from error
    if len(data) > LARGEST_BYTES:
        raise InvalidTable(path, f"is larger than {LARGEST_BYTES // 2**20} MB")
    if data.startswith(_SPREADSHEET):
        raise InvalidTable(path, "is no text but a zip archive or a spreadsheet: save it as CSV in UTF-8")
    text = _INVISIBLE.sub("", _decode(path, data))
    if not text.strip():
        raise InvalidTable(path, "is empty")
    return text


def read_table(path: Path | str, *, repeated: bool = False, needs: Iterable[str] = ()) -> Table:
    """Read a CSV file with an ``id`` column; comma, semicolon or tab separated, with or without a BOM.

    Parameters
    ----------
    path : path-like
    repeated : bool
        Whether an id may have several rows, the first of which counts.
    needs : iterable of str
        Columns that must be there.

    Raises
    ------
    InvalidTable
        If the file is missing, empty, not text, lacks a column, has ragged rows, blank or repeated ids.
    """
    path = Path(path)
    columns, lines = read_rows(path, needs=("id", *needs))
    rows: dict[str, dict[str, str]] = {}
    places: dict[str, int] = {}
    for number, row in lines:
        if not row["id"]:
            raise InvalidTable(path, f"line {number} has no id")
        if row["id"] in rows and not repeated:
            raise InvalidTable(path, f"id {row['id']!r} occurs twice (again on line {number})")
        rows.setdefault(row["id"], row)
        places.setdefault(row["id"], number)
    return Table(path, columns, rows, places)


def read_rows(path: Path | str, needs: Iterable[str] = ()) -> tuple[tuple[str, ...], list[tuple[int, dict[str, str]]]]:
    """Read a CSV file, comma, semicolon or tab separated, with or without a BOM; blank lines are ignored.

    Returns
    -------
    columns : tuple of str
    rows : list of (int, dict)
        The number of the line, and its cells by column.

    Raises
    ------
    InvalidTable
        If the file is missing, empty, not text, lacks one of the columns ``needs``, or has ragged rows.
    """
    path = Path(path)
    lines = _read_lines(path)
    columns = tuple(_KNOWN_COLUMNS.get(name.strip().lower(), name.strip()) for name in lines[0])
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise InvalidTable(path, f"column {twice[0]!r} occurs twice")
    missing = [name for name in needs if name not in columns]
    if missing:
        raise InvalidTable(path, f"lacks the column {missing[0]!r}; it has {_list(columns)}")
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            raise InvalidTable(path, f"line {number} has {len(cells)} cells, the header has {len(columns)}")
        rows.append((number, dict(zip(columns, (_FORMULA.sub(r"\1", cell.strip()) for cell in cells), strict=True))))
    return columns, rows


def read_shapes(table: Table) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the originals by id, from ``width``, ``height`` and ``depth``; blank rows are left out.

    Returns
    -------
    dict of tuple
        (rows, columns), or (planes, rows, columns) where the row has a depth.

    Raises
    ------
    InvalidTable
        If a size is not a positive whole number, or one of width and height is blank.
    """
    if not {"width", "height", "depth"} & set(table.columns):
        return {}
    shapes = {}
    for id_ in table.rows:
        sizes = [table.number(id_, column) for column in ("width", "height", "depth")]
        shape = check_shape(table.path, f"id {id_}", *sizes)
        if shape is not None:
            shapes[id_] = shape
    return shapes


def check_shape(path: Path, place: str, width: object, height: object, depth: object = None) -> tuple[int, ...] | None:
    """Return the size of an image as (rows, columns), with planes before them if it has a depth; ``None`` for none.

    Raises
    ------
    InvalidTable
        If a size is not a positive whole number, or one of width and height is missing. The message names ``place``.
    """
    given = [height, width] if depth is None else [depth, height, width]
    if width is None and height is None and depth is None:
        return None
    sizes = [n for n in given if isinstance(n, int | float) and 1 <= n < 2**31 and n % 1 == 0]
    if len(sizes) < len(given):
        names, got = ("width and height", f"{width} and {height}")
        if depth is not None:
            names, got = ("width, height and depth", f"{width}, {height} and {depth}")
        raise InvalidTable(path, f"{place}: {names} must be positive whole numbers, got {got}")
    return tuple(int(n) for n in sizes)


def _decode(path: Path, data: bytes) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        if utf16 or b"\0" in data:
            raise InvalidTable(path, _NO_TEXT) from None
        line, byte = len(data[: error.start + 1].splitlines()), data[error.start]
        raise InvalidTable(
            path, f"line {line} is not UTF-8 text (byte 0x{byte:02x}): if it is a table, save it as CSV in UTF-8"
        ) from None
    if "\0" in text:
        raise InvalidTable(path, _NO_TEXT)
    return text


def _read_lines(path: Path) -> list[list[str]]:
    text = read_text(path).lstrip()
    if re.match(r"sep=.\s", text):  # a spreadsheet's note of its delimiter
        text = text.split("\n", 1)[-1].lstrip()
    header = text.splitlines()[0]
    delimiter = max(",;\t", key=header.count)
    try:
        lines = io.StringIO(text, newline=None)
        return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise InvalidTable(path, f"is not a CSV file ({error}): close every quotation mark") from error


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
