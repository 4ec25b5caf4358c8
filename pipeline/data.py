"""Joining the folders and tables that a command is given into one collection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from boneage.imaging import (
    AgeRecord,
    Collection,
    InvalidTable,
    UnreadableScan,
    find_scans,
    read_ages,
    read_ids,
    read_landmarks,
    read_sizes,
)
from boneage.imaging.matching import list_names


def load_collection(
    folders: Sequence[Path],
    *,
    landmarks: Path | None = None,
    ages: Iterable[Path] = (),
    sizes: Path | None = None,
    ids: Path | None = None,
) -> Collection:
    """Read the tables and join them with the folders' images.

    Raises
    ------
    InvalidTable, NoScans
        If a table is wrong, an id has two ages, or a folder holds no image.
    """
    return Collection.from_folders(
        folders,
        landmarks=read_landmarks(landmarks) if landmarks else None,
        ages=merge_ages(ages),
        sizes=read_sizes(sizes) if sizes else None,
        ids=read_ids(ids) if ids else None,
    )


def count_axes(collection: Collection) -> int:
    """Return how many axes the images have, 2 or 3, as in the first that can be read; 2 if none can."""
    for id_ in collection.ids:
        with contextlib.suppress(UnreadableScan):
            return collection.scan(id_).ndim
    return 2


def find_files(folders: Sequence[Path], ids: Path | None = None) -> list[Path]:
    """List the files to read in some folders, only those of the listed ids if there is a list.

    Raises
    ------
    NoScans
        If a folder holds no file to read.
    InvalidTable
        If no file has a listed id.
    """
    paths = list(dict.fromkeys(path for folder in folders for path in find_scans(folder)))
    if ids is None:
        return paths
    wanted = {PurePosixPath(id_).parts for id_ in read_ids(ids)}
    chosen = [path for path in paths if not wanted.isdisjoint(list_names(path))]
    if not chosen:
        raise InvalidTable(ids, f"none of its ids is that of a file in {', '.join(map(str, folders))}")
    return chosen


def describe(collection: Collection) -> list[str]:
    """Return remarks on tables read in part only, and on rows and images that did not join, one sentence each."""
    remarks = [*(collection.landmarks.remarks if collection.landmarks else ()), *collection.remarks]
    if collection.rows_without_image:
        remarks.append(f"{len(collection.rows_without_image)} table rows have no image and are left out")
    if collection.images_without_row:
        first = ", ".join(collection.images_without_row[:5])
        more = ", …" if len(collection.images_without_row) > 5 else ""
        remarks.append(f"{len(collection.images_without_row)} images have no table row: {first}{more}")
    return remarks


def read_id_lists(collection: Collection, paths: Iterable[Path | None]) -> list[tuple[str, ...]]:
    """Read lists of ids; one that is not given is empty.

    Raises
    ------
    InvalidTable
        If a list cannot be read, or an id in it has no image.
    """
    lists: list[tuple[str, ...]] = []
    for path in paths:
        ids = tuple(read_ids(path)) if path is not None else ()
        absent = [id_ for id_ in ids if id_ not in collection.paths]
        if path is not None and absent:
            raise InvalidTable(path, f"{len(absent)} of its ids have no image, such as {absent[0]!r}")
        lists.append(ids)
    return lists


def merge_ages(paths: Iterable[Path]) -> dict[str, AgeRecord] | None:
    """Read age tables as one; None if there is none.

    Raises
    ------
    InvalidTable
        If a table is wrong, or an id has two ages.
    """
    merged: dict[str, AgeRecord] = {}
    paths = list(paths)
    for path in paths:
        table = read_ages(path)
        twice = sorted(merged.keys() & table.keys())
        if twice:
            raise InvalidTable(path, f"id {twice[0]!r} already has an age in an earlier table")
        merged.update(table)
    return merged if paths else None
