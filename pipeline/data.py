"""Joining the folders and tables that a command is given into one collection."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from boneage.imaging import (
    AgeRecord,
    Collection,
    InvalidTable,
    LandmarkTable,
    Points,
    UnreadableScan,
    find_scans,
    read_ages,
    read_ids,
    read_landmarks,
    read_sizes,
    scan_id,
    to_pixels,
)


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
    """Return how many axes the images have, 2 or 3, as the first that can be read tells; 2 if none can."""
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
    wanted = set(read_ids(ids))
    chosen = [path for path in paths if scan_id(path) in wanted]
    if not chosen:
        raise InvalidTable(ids, f"none of its ids is that of a file in {', '.join(map(str, folders))}")
    return chosen


def convert_to_pixels(table: LandmarkTable, collection: Collection | None) -> LandmarkTable:
    """Return a table that may count in millimetres in pixels, as far as its images say how.

    Parameters
    ----------
    table : LandmarkTable
    collection : Collection or None
        The images, if they are to be looked at.

    Returns
    -------
    LandmarkTable
        Where no image told the length of a pixel, positions are left as they are, or are left out if they are a
        volume's, and a remark says so.

    Raises
    ------
    InvalidTable
        If landmarks in three dimensions lack their volumes, or landmarks and image do not fit together.
    """
    if not table.in_mm:
        return table
    if collection is None and table.ndim == 3:
        raise InvalidTable(
            table.path, "positions are millimetres in the patient: give --images, the folder of the volumes"
        )
    points, unseen = dict(table.points), 0
    for id_ in table.points:
        try:
            if collection is not None:
                points[id_] = to_pixels(table, id_, collection.scan(id_))
        except (KeyError, UnreadableScan):
            unseen += 1
            if table.ndim == 3:
                del points[id_]
    remarks = []
    if collection is None:
        told = "positions are taken as pixels: give --images if the images' files state a spacing in millimetres"
        remarks.append(told)
    if unseen and table.ndim == 3:
        remarks.append(f"{unseen} rows without a readable image are left out: their positions are millimetres")
    elif unseen:
        remarks.append(f"positions of {unseen} rows without a readable image are taken as pixels")
    return dataclasses.replace(table, points=points, remarks=(*table.remarks, *remarks), in_mm=False)


def read_spacings(ids: Iterable[str], collection: Collection) -> dict[str, tuple[float, ...]]:
    """Return how long a pixel of each original is along its axes, where a file states it in millimetres.

    Images that cannot be read, or that are not there, are left out.
    """
    spacings = {}
    for id_ in ids:
        with contextlib.suppress(KeyError, UnreadableScan):
            spacing_mm = collection.scan(id_).original_spacing_mm
            if spacing_mm is not None:
                spacings[id_] = spacing_mm
    return spacings


def convert_to_mm(points: Mapping[str, Points], spacings: Mapping[str, tuple[float, ...]]) -> dict[str, Points]:
    """Return landmarks in millimetres along the axes of each original, of the images whose spacing is known."""
    return {id_: scale_to_mm(some, spacings[id_]) for id_, some in points.items() if id_ in spacings}


def scale_to_mm(points: Points, spacing_mm: tuple[float, ...] | None) -> Points:
    """Return landmarks in millimetres; in pixels, as they are, if the length of a pixel is not known."""
    return points if spacing_mm is None else dataclasses.replace(points, positions=points.positions * spacing_mm)


def describe(collection: Collection) -> list[str]:
    """Return remarks on what was read in part only and on what did not join, one sentence each."""
    remarks = list(collection.landmarks.remarks) if collection.landmarks else []
    if collection.rows_without_image:
        remarks.append(f"{len(collection.rows_without_image)} table rows have no image and are left out")
    if collection.images_without_row:
        some = ", ".join(collection.images_without_row[:5])
        more = ", …" if len(collection.images_without_row) > 5 else ""
        remarks.append(f"{len(collection.images_without_row)} images have no table row: {some}{more}")
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
