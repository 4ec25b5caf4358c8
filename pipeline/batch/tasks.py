"""The files of a batch: what each is called, and what the user's tables have for it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from boneage.imaging import Scan, Sex
from boneage.imaging.demographics import Sexes, UnclearSex
from boneage.imaging.identifiers import name_files
from boneage.imaging.listing import holds_files
from boneage.imaging.matching import match_rows


@dataclass(frozen=True)
class FileTask:
    """One file to process.

    Parameters
    ----------
    id : str
    path : Path
    sex : {"F", "M"} or None
        As the user gave it; the file's is used where it is None.
    original_shape : tuple of int or None
        Set where the file is a resized copy.
    chronological_months : float or None
        The age that the user gave; the file's is used where it is None.
    fault : str
        Why the file is refused before it is read; empty if it is not.
    no_row : str
        That the table of sexes has nothing for the file; a remark if the file states no sex either.
    name : str
        The path in tables; ``path`` if empty.
    note : str
        What else is told in its row.
    """

    id: str
    path: Path
    sex: Sex | None = None
    original_shape: tuple[int, ...] | None = None
    chronological_months: float | None = None
    fault: str = ""
    no_row: str = ""
    name: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", str(self.path))

    def remarks(self, scan: Scan) -> list[str]:
        """Return what is to be said of the scan of the file, or of a part of it: its note, that no sex is stated."""
        return [remark for remark in (self.note, "" if scan.sex else self.no_row) if remark]

    def absolute(self) -> Self:
        """Return it with the path from the root, for processes that stand in another folder."""
        return replace(self, path=self.path.absolute())

    @property
    def given(self) -> tuple[object, ...]:
        """What the answer depends on beside the file and the model."""
        return (
            self.id,
            self.sex,
            self.original_shape,
            self.chronological_months,
            self.fault,
            self.no_row,
            self.note,
        )


def make_tasks(
    paths: Sequence[Path],
    *,
    sexes: Sexes,
    sizes: Mapping[str, tuple[int, ...]],
    chronological_ages: Mapping[str, float] | None = None,
    base: Path | None = None,
    notes: Mapping[Path, str] | None = None,
) -> list[FileTask]:
    """Return a task for each file, with a unique id, a unique name and what the tables have for it.

    A file whose row fits other files too has a fault that names those; one whose row has no clear sex has that fault.

    Parameters
    ----------
    paths : sequence of Path
    sexes : mapping of {"F", "M"} or UnclearSex, or "F" or "M", or None
        By the ids of a table's rows (see :func:`~boneage.imaging.matching.match_rows`), or one for all files.
    sizes : mapping of tuple
        Original shapes, by the ids of a table's rows.
    chronological_ages : mapping of float, optional
        In months, by the ids of a table's rows.
    base : Path, optional
        The folder that names are relative to; the one that has all files in it if not given.
    notes : mapping of str, optional
        What is told in the row of a file, by path.
    """
    of_sex = match_rows(sexes if isinstance(sexes, Mapping) else (), paths, "sexes")
    of_size = match_rows(sizes, paths, "sizes")
    of_age = match_rows(chronological_ages or (), paths, "ages")
    given = of_sex.select(sexes) if isinstance(sexes, Mapping) else dict.fromkeys(paths, sexes)
    sex_of = {path: sex for path, sex in given.items() if not isinstance(sex, UnclearSex)}
    unclear = {path: sex.reason for path, sex in given.items() if isinstance(sex, UnclearSex)}
    age_of = of_age.select(chronological_ages or {})
    shape_of, faults = of_size.select(sizes), {**of_size.faults(), **of_age.faults(), **of_sex.faults(), **unclear}
    absences = of_sex.absences()
    return [
        FileTask(
            id_,
            path,
            sex_of.get(path),
            shape_of.get(path),
            age_of.get(path),
            faults.get(path, ""),
            absences.get(path, ""),
            name,
            (notes or {}).get(path, ""),
        )
        for id_, path, name in zip(name_files(paths), paths, _name_paths(paths, base), strict=True)
    ]


def find_base(places: Sequence[Path]) -> Path:
    """Return the folder that has all places in it; a single folder, or zip of many files, is its own."""
    roots = (place if place.is_dir() or holds_files(place) else place.parent for place in places)
    folders = [os.path.abspath(root) for root in roots]  # noqa: PTH100
    return Path(os.path.commonpath(folders)) if folders else Path.cwd()


def _name_paths(paths: Sequence[Path], base: Path | None) -> list[str]:
    """Return each path from ``base``; what occurs twice is numbered."""
    start = find_base(list(dict.fromkeys(path.parent for path in paths))) if base is None else base
    names, counts = [], Counter[str]()
    for path in paths:
        name = Path(os.path.relpath(path, start)).as_posix()
        counts[name] += 1
        names.append(name if counts[name] == 1 else f"{name}~{counts[name]}")
    return names
