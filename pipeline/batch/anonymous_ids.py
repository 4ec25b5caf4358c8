"""Numbers in the place of files' names, and the key that leads back to them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from boneage.imaging.errors import InvalidTable, UnreadableScan
from boneage.imaging.tables import read_table
from boneage.imaging.zip_members import find_archive, list_members
from boneage.pipeline.batch.tasks import FileTask
from boneage.pipeline.storage.output import write_rows

_COLUMNS = ("id", "file")
_DIGITS = 6
_SLICE = "\N{HORIZONTAL ELLIPSIS}"
_SHORTEST_NUMBER = 3  # digits: fewer tell of nobody, and stand in many messages


def name_key(out: Path) -> Path:
    """Return where the key of an output folder is kept: beside the folder, which can be passed on without it.

    Examples
    --------
    >>> name_key(Path("/results/clinic")).as_posix()
    '/results/clinic-key.csv'
    """
    folder = out.resolve()
    return folder.with_name(f"{folder.name}-key.csv")


def anonymise_tasks(tasks: Sequence[FileTask], key: Path) -> list[FileTask]:
    """Return the files under numbers, and add those that are new to the key.

    A file keeps its number as long as the key is there; new ones get the next numbers in the order given. What tables
    say against a file names other files and rows, and is replaced by where to read it.

    Parameters
    ----------
    tasks : sequence of FileTask
    key : Path
        A table of ``id,file``; made if needed.

    Raises
    ------
    InvalidTable
        If the key is there and is no such table.
    UnusableOutput
        If it cannot be written.
    """
    numbers = _read_key(key) if key.exists() else {}
    last = max((int(number) for number in numbers.values()), default=0)
    names = [_to_text(task.name) for task in tasks]
    new = [name for name in names if name not in numbers]
    numbers |= {name: f"{number:0{_DIGITS}d}" for number, name in enumerate(new, start=last + 1)}
    write_rows(key, (dict(zip(_COLUMNS, (number, name), strict=True)) for name, number in numbers.items()), _COLUMNS)
    return [_anonymise(task, numbers[name]) for task, name in zip(tasks, names, strict=True)]


def hide_names(text: str, task: FileTask) -> str:
    """Return a message without the names of its file, of the zip that has it, and of its slices.

    Examples
    --------
    >>> hide_names("OSError('in/Doe.png')", FileTask("000001", Path("in/Doe.png")))
    "OSError('000001')"
    """
    if not text:
        return text
    names = dict.fromkeys(_list_names(task.path), task.id) | dict.fromkeys(_list_slices(task.path), _SLICE)
    for name in sorted(names, key=len, reverse=True):
        if len(name) >= _SHORTEST_NUMBER or not name.isdecimal():
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", names[name], text)
    return text


def _list_names(path: Path) -> set[str]:
    """Return what a file may be called in messages; one in a zip also by what leads to it there, and by the zip."""
    archive = find_archive(path)
    places = (path,) if archive is None else (path, archive)
    parts = () if archive is None else (path.relative_to(archive).as_posix(), *path.relative_to(archive).parts)
    return {name for place in places for name in (str(place.absolute()), str(place), place.name)} | {*parts}


def _list_slices(path: Path) -> set[str]:
    """Return what the slices of a folder, or of a zip, may be called in messages."""
    try:
        if path.is_dir():
            return {entry.name for entry in path.iterdir()}
        names = {member.relative_to(path) for member in list_members(path)} if path.is_file() else set()
    except (OSError, UnreadableScan):
        return set()
    return {part for name in names for part in (name.as_posix(), *name.parts)}


def _to_text(name: str) -> str:
    """Return a name as a file of text has it, also where it is no Unicode."""
    return name.encode(errors="backslashreplace").decode()


def _read_key(key: Path) -> dict[str, str]:
    table = read_table(key, needs=_COLUMNS)
    wrong = next((number for number in table.rows if not number.isdecimal()), None)
    if wrong is not None:
        raise InvalidTable(key, f"{table.place(wrong)}: is no number of a file; the key's place is needed for it")
    return {row["file"]: number for number, row in table.rows.items()}


def _anonymise(task: FileTask, number: str) -> FileTask:
    return dataclasses.replace(
        task,
        id=number,
        name=number,
        fault="its row in a table is not clear: boneage predict --check says why" if task.fault else "",
        no_row="the table of sexes has nothing for this file" if task.no_row else "",
    )
