"""Results read from the file that they are stored in, as they are asked for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from boneage.pipeline.batch.store import STORE_NAME

Result = TypeVar("Result")

_RESULTS = "FROM inputs JOIN results ON results.path = inputs.path ORDER BY inputs.position, results.hand"


class StoredResults(Sequence[Result], Generic[Result]):
    """The results of a run in the order of its files; only those are in memory that are in use.

    Parameters
    ----------
    folder : Path
        Of the run; its results are those of the last run there.
    decode : callable
        Makes a result of its JSON data.
    """

    def __init__(self, folder: Path, decode: Callable[[Mapping[str, Any]], Result]) -> None:
        self._path, self._decode = folder / STORE_NAME, decode

    def __len__(self) -> int:
        with closing(self._connect()) as connection:
            return int(connection.execute(f"SELECT COUNT(*) {_RESULTS}").fetchone()[0])

    @overload
    def __getitem__(self, index: int) -> Result: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Result]: ...

    def __getitem__(self, index: int | slice) -> Result | Sequence[Result]:
        places = range(len(self))[index]
        if isinstance(places, range):
            return [self[place] for place in places]
        return self._decode(json.loads(next(self._iterate(1, places))))

    def __iter__(self) -> Iterator[Result]:
        return (self._decode(json.loads(content)) for content in self.contents())

    def contents(self) -> Iterator[str]:
        """Yield each result as JSON."""
        return self._iterate(-1, 0)

    def _iterate(self, n: int, start: int) -> Iterator[str]:
        with closing(self._connect()) as connection:
            for (content,) in connection.execute(f"SELECT content {_RESULTS} LIMIT ? OFFSET ?", (n, start)):
                yield content

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True)
