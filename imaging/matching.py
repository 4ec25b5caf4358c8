"""Rows of tables matched to files: which file the id of a row means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar
from unicodedata import normalize

from boneage.imaging.identifiers import scan_id

T = TypeVar("T")

_MOST_NAMED = 3


@dataclass(frozen=True)
class RowMatches:
    """Which row of a table belongs to which file.

    Parameters
    ----------
    table : str
        What the table holds, for messages.
    rows : dict of str
        The id of the row of each file that has one, by path.
    ambiguous : dict of tuple
        The files that a row fits, by the row's id, where there are several.
    rows_without_file : tuple of str
        The ids of the rows that fit no file.
    files_without_row : tuple of Path
        The files that no row fits.
    """

    table: str
    rows: dict[Path, str]
    ambiguous: dict[str, tuple[Path, ...]]
    rows_without_file: tuple[str, ...] = ()
    files_without_row: tuple[Path, ...] = ()

    def misfit(self) -> str:
        """Return a sentence that shows an id of the table and one of the files, if no row fits any; else ``""``."""
        if self.rows or self.ambiguous or not (self.rows_without_file and self.files_without_row):
            return ""
        row, file = self.rows_without_file[0], scan_id(self.files_without_row[0])
        return (
            f"no row of the table of {self.table} fits a file: its ids are such as {row!r}, those of the files such as "
            f"{file!r}"
        )

    def absences(self) -> dict[Path, str]:
        """Return, for each file that no row fits, a sentence that shows its id and one of the table, if that has any.

        The table's is one that fits no file, where there is one: it may be meant.
        """
        shown = f"its id {self.rows_without_file[0]!r} fits no file" if self.rows_without_file else ""
        for row in (*self.rows.values(), *self.ambiguous):
            shown = shown or f"its ids are such as {row!r}"
        return {
            path: f"the table of {self.table} has nothing for this file, {scan_id(path)!r}: {shown}"
            for path in self.files_without_row
            if shown
        }

    def select(self, values: Mapping[str, T]) -> dict[Path, T]:
        """Return the values of a table's rows by file."""
        return {path: values[row] for path, row in self.rows.items() if row in values}

    def faults(self) -> dict[Path, str]:
        """Return, for each file whose row fits others too, a reason that names them."""
        return {
            path: f"the row {row!r} of the table of {self.table} fits this file and "
            f"{_list([other for other in paths if other != path])}: write the path in its id, such as "
            f"{PurePosixPath(*path.parts[-2:])}"
            for row, paths in self.ambiguous.items()
            for path in paths
        }

    def remarks(self) -> list[str]:
        """Return a sentence for each row that fits several files."""
        return [
            f"{len(paths)} images are left out: the row {row!r} of the table of {self.table} fits each of "
            f"{_list(paths)}; write the path in its id, such as {PurePosixPath(*paths[0].parts[-2:])}"
            for row, paths in self.ambiguous.items()
        ]


def match_rows(ids: Iterable[str], paths: Iterable[Path], table: str) -> RowMatches:
    """Match the rows of a table to files by the rows' ids.

    An id is a file's id (see :func:`~boneage.imaging.identifiers.scan_id`), its name, or the end of its path, with or
    without the suffix: ``1``, ``1.png``, ``A/1`` and ``A/1.png`` all fit ``data/A/1.png``. A file takes the row with
    the longest such id. A row that several files would take belongs to none of them. Letters with accents are alike
    whether a name is composed or decomposed Unicode.

    Parameters
    ----------
    ids : iterable of str
        Of the rows.
    paths : iterable of Path
    table : str
        What the table holds, for messages: ``"sexes"``.

    Examples
    --------
    >>> match_rows(["A/1", "1", "2"], [Path("A/1.png"), Path("B/1.png"), Path("B/3.png")], "sexes").rows
    {PosixPath('A/1.png'): 'A/1', PosixPath('B/1.png'): '1'}
    >>> match_rows(["1"], [Path("A/1.png"), Path("B/1.png")], "sexes").ambiguous
    {'1': (PosixPath('A/1.png'), PosixPath('B/1.png'))}
    """
    by_parts: dict[tuple[str, ...], str] = {}
    for id_ in ids:
        by_parts.setdefault(split_name(id_), id_)
    files = list(dict.fromkeys(paths))
    row_of = {path: next((by_parts[name] for name in list_names(path) if name in by_parts), None) for path in files}
    taken: dict[str, list[Path]] = {}
    for path, row in row_of.items():
        if row is not None:
            taken.setdefault(row, []).append(path)
    return RowMatches(
        table,
        {found[0]: row for row, found in taken.items() if len(found) == 1},
        {row: tuple(found) for row, found in taken.items() if len(found) > 1},
        tuple(row for row in by_parts.values() if row not in taken),
        tuple(path for path, row in row_of.items() if row is None),
    )


def split_name(name: str) -> tuple[str, ...]:
    """Return the parts of a file's name in a table, in composed Unicode, as :func:`list_names` does.

    Examples
    --------
    >>> split_name("./A/1.png")
    ('A', '1.png')
    """
    return PurePosixPath(normalize("NFC", name)).parts


def list_names(path: Path) -> list[tuple[str, ...]]:
    """Return the parts of the names by which a table may call a file, the longest first, in composed Unicode.

    Examples
    --------
    >>> list_names(Path("/A/1.png"))
    [('/', 'A', '1.png'), ('/', 'A', '1'), ('A', '1.png'), ('A', '1'), ('1.png',), ('1',)]
    """
    parts = tuple(normalize("NFC", part) for part in path.absolute().parts)
    last = dict.fromkeys(normalize("NFC", name) for name in (path.name, scan_id(path)))
    return [(*parts[first:-1], name) for first in range(len(parts)) for name in last]


def _list(paths: Sequence[Path]) -> str:
    named = ", ".join(str(path) for path in paths[:_MOST_NAMED])
    more = len(paths) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named
