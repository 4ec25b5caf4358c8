"""Rows of tables matched to files: which file the id of a row means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

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
    """

    table: str
    rows: dict[Path, str]
    ambiguous: dict[str, tuple[Path, ...]]

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
    the longest such id. A row that several files would take belongs to none of them.

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
        by_parts.setdefault(PurePosixPath(id_).parts, id_)
    taken: dict[str, list[Path]] = {}
    for path in dict.fromkeys(paths):
        row = next((by_parts[name] for name in list_names(path) if name in by_parts), None)
        if row is not None:
            taken.setdefault(row, []).append(path)
    return RowMatches(
        table,
        {found[0]: row for row, found in taken.items() if len(found) == 1},
        {row: tuple(found) for row, found in taken.items() if len(found) > 1},
    )


def list_names(path: Path) -> list[tuple[str, ...]]:
    """Return the parts of the names by which a table may call a file, the longest first.

    Examples
    --------
    >>> list_names(Path("/A/1.png"))
    [('/', 'A', '1.png'), ('/', 'A', '1'), ('A', '1.png'), ('A', '1'), ('1.png',), ('1',)]
    """
    parts, id_ = path.absolute().parts, scan_id(path)
    last = dict.fromkeys((path.name, id_))
    return [(*parts[first:-1], name) for first in range(len(parts)) for name in last]


def _list(paths: Sequence[Path]) -> str:
    named = ", ".join(str(path) for path in paths[:_MOST_NAMED])
    more = len(paths) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named
