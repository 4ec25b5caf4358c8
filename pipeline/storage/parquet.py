"""Tables as Apache Parquet files, which need the extra ``parquet``."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from boneage.imaging.atomic_files import open_atomically, writing
from boneage.imaging.errors import MissingPackage

ColumnType = Literal["text", "number", "integer", "truth"]

_MOST_ROWS = 10_000  # in memory at a time


def check_parquet() -> None:
    """Check that Parquet files can be written here.

    Raises
    ------
    MissingPackage
        If pyarrow is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingPackage("Parquet files need pyarrow, which is not installed: pip install 'boneage[parquet]'")


def write_parquet(path: Path, rows: Iterable[Mapping[str, object]], types: Mapping[str, ColumnType]) -> None:
    """Write rows as they come, a few in memory at a time; the file is on the disk before it is in place.

    Parameters
    ----------
    path : Path
    rows : iterable of mapping
        Cells as in a CSV file; blank ones become nulls.
    types : mapping of str
        Of the columns: text, number (64-bit float), integer (64 bits) or truth, in order.

    Raises
    ------
    UnusableOutput
        If the file cannot be written.
    """
    import pyarrow  # an extra
    from pyarrow.parquet import ParquetWriter

    of_type = {
        "text": pyarrow.string(),
        "number": pyarrow.float64(),
        "integer": pyarrow.int64(),
        "truth": pyarrow.bool_(),
    }
    schema = pyarrow.schema([(name, of_type[kind]) for name, kind in types.items()])
    rows = iter(rows)
    with writing(path), open_atomically(path, synced=True) as file, ParquetWriter(file, schema) as writer:
        while block := list(itertools.islice(rows, _MOST_ROWS)):
            columns = [_convert_column(block, name, kind) for name, kind in types.items()]
            writer.write_batch(pyarrow.record_batch(columns, schema=schema))


def _convert_column(rows: Sequence[Mapping[str, object]], name: str, kind: ColumnType) -> list[Any]:
    return [None if row[name] == "" else _convert(row[name], kind) for row in rows]


def _convert(cell: object, kind: ColumnType) -> Any:
    if kind == "text":
        return str(cell).encode(errors="backslashreplace").decode()
    return cell if kind == "truth" else int(str(cell)) if kind == "integer" else float(str(cell))
