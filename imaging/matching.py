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
    examples : (str, str), optional
        The id of a row and that of a file, where there are rows and files and none fit.
    """

    table: str
    rows: dict[Path, str]
    ambiguous: dict[str, tuple[Path, ...]]
    examples: tuple[str, str] | None = None

    def misfit(self) -> str:
        """Return a sentence that shows an id of the table and one of the files, if no row fits any; else ``""``."""
        if self.examples is None:
            return ""
        row, file = self.examples
        return (
            f"no row of the table of {self.table} fits a file: its ids are such as {row!r}, those of the files such as "
            f"{file!r}"
        )

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
    taken: dict[str, list[Path]] = {}
    for path in files:
        row = next((by_parts[name] for name in list_names(path) if name in by_parts), None)
        if row is not None:
            taken.setdefault(row, []).append(path)
    return RowMatches(
        table,
        {found[0]: row for row, found in taken.items() if len(found) == 1},
        {row: tuple(found) for row, found in taken.items() if len(found) > 1},
        (next(iter(by_parts.values())), scan_id(files[0])) if by_parts and files and not taken else None,
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
