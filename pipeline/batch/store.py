"""The results of a batch in one SQLite file, of which this process is the only writer."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.batch.file_state import FileState, digest_file, state_file
from boneage.pipeline.batch.network_drives import is_on_network
from boneage.pipeline.batch.outcome import FileOutcome
from boneage.pipeline.batch.tasks import FileTask

STORE_NAME = "results.sqlite"

_FORMAT = 1
_COMMIT_SECONDS = 2.0
_TABLES = """
CREATE TABLE IF NOT EXISTS run (identity TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inputs (position INTEGER PRIMARY KEY, path NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path PRIMARY KEY, given TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, digest TEXT NOT NULL,
    seconds REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
    path NOT NULL, hand INTEGER NOT NULL, id NOT NULL, status TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (path, hand)
) WITHOUT ROWID;
"""


class _KnownFile(NamedTuple):
    given: str
    state: FileState
    digest: str


class ResultsStore:
    """A results file, open for writing.

    What is added is kept once it is committed, whatever happens to the process or the machine then. A row belongs to a
    file by its name, what the user gave for it (id, sex, original size) and its content; the identity of the run, which
    is the same for all rows, is the model, the settings and the version of the code.

    Parameters
    ----------
    path : Path
        Made if needed.

    Raises
    ------
    UnusableOutput
        If the file cannot be opened, or is no results file; every method raises it where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._committed = time.monotonic()
        with self._told():
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._set_journal("DELETE" if is_on_network(path) else "WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            (found,) = self._connection.execute("PRAGMA user_version").fetchone()
            if found not in (0, _FORMAT):
                raise UnusableOutput(path, f"is of another version of boneage (format {found}): choose another folder")
            self._connection.executescript(_TABLES)
            self._connection.execute(f"PRAGMA user_version={_FORMAT}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        """Keep what was added, and close the file, which is a single one then."""
        try:
            self.commit()
            with contextlib.suppress(sqlite3.DatabaseError):  # somebody may be reading it
                self._set_journal("DELETE")
        finally:
            self._connection.close()

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Let no other process write meanwhile; what is added within is kept at the end."""
        with self._told():
            self._begin("IMMEDIATE")
        yield
        self.commit()

    def identity(self) -> Mapping[str, Any] | None:
        """Return what all results in the file share; None if there is nothing in it."""
        with self._told():
            row = self._connection.execute("SELECT identity FROM run").fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def empty(self, identity: Mapping[str, Any]) -> None:
        """Remove everything, for results of this identity."""
        with self._told():
            self._begin()
            for table in ("run", "inputs", "files", "results"):
                self._connection.execute(f"DELETE FROM {table}")
            self._connection.execute("INSERT INTO run VALUES (?)", (json.dumps(identity),))

    def set_inputs(self, tasks: Sequence[FileTask]) -> None:
        """Set which files the results are to be given of, in which order."""
        with self._told():
            self._begin()
            self._connection.execute("DELETE FROM inputs")
            rows = ((position, _to_cell(task.name)) for position, task in enumerate(tasks))
            self._connection.executemany("INSERT INTO inputs VALUES (?, ?)", rows)
        self.commit()

    def find_unread(self, tasks: Sequence[FileTask], *, retry_refused: bool = False) -> list[FileTask]:
        """Return the files that have no result, or whose content or what is given for them has changed since.

        Files whose size and time of change are as they were are not read; of the others, their digest decides.

        Parameters
        ----------
        tasks : sequence of FileTask
        retry_refused : bool
            Whether files with a refused row count as unread.
        """
        known = self._list_files()
        again = self._list_refused() if retry_refused else set()
        again |= self._list_renamed_parts({task.id for task in tasks})
        unread = [task for task in tasks if task.name in again or not self._is_read(task, known.get(task.name))]
        self.commit()
        return unread

    def add(self, task: FileTask, outcome: FileOutcome) -> None:
        """Add the rows of a file, in place of those that it may have; commit if the last time is some seconds ago."""
        name = _to_cell(task.name)
        rows = [
            (name, hand, _to_cell(row.id), row.status, row.content) for hand, row in enumerate(outcome.rows, start=1)
        ]
        with self._told():
            self._begin()
            self._connection.execute("DELETE FROM files WHERE path = ?", (name,))  # unread until all is there
            self._connection.execute("DELETE FROM results WHERE path = ?", (name,))
            self._connection.executemany("INSERT INTO results VALUES (?, ?, ?, ?, ?)", rows)
            self._connection.execute(
                "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)",
                (name, _describe(task), *outcome.state, outcome.digest, outcome.seconds),
            )
        self.commit_if_due()

    def contents(self, task: FileTask) -> Iterator[str]:
        """Yield each row of a file as JSON, in the order of the hands; also those that are not yet committed."""
        with self._told():
            query = "SELECT content FROM results WHERE path = ? ORDER BY hand"
            rows = self._connection.execute(query, (_to_cell(task.name),)).fetchall()
        for (content,) in rows:
            yield content

    def commit_if_due(self) -> None:
        """Keep what was added, unless that was done less than two seconds ago."""
        if time.monotonic() - self._committed >= _COMMIT_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Keep what was added."""
        with self._told():
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        self._committed = time.monotonic()

    def timings(self) -> Iterator[tuple[str, float]]:
        """Yield the name of each file of the input, in order, and the seconds that it took."""
        with self._told():
            query = "SELECT inputs.path, seconds FROM inputs JOIN files ON files.path = inputs.path ORDER BY position"
            for name, seconds in self._connection.execute(query):
                yield _from_cell(name), seconds

    def _set_journal(self, mode: str) -> None:
        self._connection.execute(f"PRAGMA journal_mode={mode}")

    def _begin(self, kind: str = "") -> None:
        if not self._connection.in_transaction:
            self._connection.execute(f"BEGIN {kind}")

    def _list_files(self) -> dict[str, _KnownFile]:
        with self._told():
            rows = self._connection.execute("SELECT path, given, size, mtime_ns, digest FROM files").fetchall()
        return {_from_cell(name): _KnownFile(given, FileState(*state), digest) for name, given, *state, digest in rows}

    def _list_refused(self) -> set[str]:
        with self._told():
            rows = self._connection.execute("SELECT path FROM results WHERE status = 'refused'").fetchall()
        return {_from_cell(name) for (name,) in rows}

    def _list_renamed_parts(self, ids: set[str]) -> set[str]:
        """Return the files of which a further hand has an id that is now another file's."""
        with self._told():
            rows = self._connection.execute("SELECT path, id FROM results WHERE hand > 1").fetchall()
        return {_from_cell(name) for name, id_ in rows if _from_cell(id_) in ids}

    def _is_read(self, task: FileTask, known: _KnownFile | None) -> bool:
        if known is None or known.given != _describe(task):
            return False
        state = state_file(task.path)
        if state == known.state:
            return True
        if not known.digest or digest_file(task.path) != known.digest:
            return False
        with self._told():
            self._begin()
            change = (*state, _to_cell(task.name))
            self._connection.execute("UPDATE files SET size = ?, mtime_ns = ? WHERE path = ?", change)
        return True

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what SQLite cannot do as an unusable output."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise UnusableOutput(self.path, f"cannot be used ({error}); what was committed to it is kept") from error


def _describe(task: FileTask) -> str:
    return json.dumps(task.given)


def _to_cell(text: str) -> str | bytes:
    """Return text as SQLite takes it: names that are no Unicode as bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def _from_cell(cell: str | bytes) -> str:
    return cell if isinstance(cell, str) else cell.decode("utf-8", "surrogateescape")
