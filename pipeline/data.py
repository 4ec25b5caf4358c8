"""Joining the folders and tables that a command is given into one collection."""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from boneage.imaging import (
    AgeRecord,
    Collection,
    InvalidTable,
    UnreadableScan,
    read_ages,
    read_ids,
    read_landmarks,
    read_sizes,
)
from boneage.imaging.demographics import Sexes, find_unusual_ages
from boneage.imaging.errors import NoScans
from boneage.imaging.identifiers import name_files
from boneage.imaging.listing import FolderListing, holds_files, join_listings, list_folder, list_zip, name_some
from boneage.imaging.matching import list_names, match_rows, split_name
from boneage.imaging.plausibility import find_odd_scales
from boneage.imaging.tables import read_text
from boneage.pipeline.batch.tasks import find_base

if TYPE_CHECKING:
    from boneage.imaging.dicom.directory import DicomDirectory


def load_collection(
    folders: Sequence[Path],
    *,
    landmarks: Path | None = None,
    ages: Iterable[Path] = (),
    sizes: Path | None = None,
    ids: Path | None = None,
    recursive: bool = False,
) -> Collection:
    """Read the tables and join them with the folders' images, of sub-folders too if ``recursive``.

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
        recursive=recursive,
    )


def count_axes(collection: Collection) -> int:
    """Return how many axes the images have, 2 or 3, as in the first that can be read; 2 if none can."""
    for id_ in collection.ids:
        with contextlib.suppress(UnreadableScan):
            return collection.scan(id_).ndim
    return 2


@dataclass(frozen=True)
class FileList:
    """Files to read.

    Parameters
    ----------
    paths : tuple of Path
    remarks : tuple of str
        On what was passed over, one sentence each.
    base : Path
        The folder that has all places in it.
    notes : dict of str
        What is to be told in the row of a file, by path.
    """

    paths: tuple[Path, ...]
    remarks: tuple[str, ...] = ()
    base: Path = Path()
    notes: Mapping[Path, str] = field(default_factory=dict)


def expand_places(places: Sequence[Path]) -> list[Path]:
    """Return places with lists and patterns resolved: the paths in the file LIST for ``@LIST``, what fits ``in/*.png``.

    A name that is there is taken as it is.

    Raises
    ------
    NoScans
        If nothing fits a pattern.
    InvalidTable
        If a list cannot be read.
    """
    expanded: list[Path] = []
    for place in places:
        text = str(place)
        if place.exists() or not (text.startswith("@") or glob.has_magic(text)):
            expanded.append(place)
        elif text.startswith("@"):
            expanded += [Path(line.strip()) for line in read_text(text[1:]).splitlines() if line.strip()]
        else:
            fitting = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 (a path of any kind, with **)
            if not fitting:
                raise NoScans(place, "nothing fits this pattern")
            expanded += map(Path, fitting)
    return expanded


def find_files(places: Sequence[Path], ids: Path | None = None, *, recursive: bool = False) -> FileList:
    """List the files to read, only those of the listed ids if there is a list.

    Parameters
    ----------
    places : sequence of Path
        Folders, files, zips of many files, DICOMDIRs, and lists and patterns of them (see :func:`expand_places`).
    ids : Path, optional
        List of ids; those without a file are told.
    recursive : bool
        Whether sub-folders are entered too.

    Raises
    ------
    NoScans
        If a folder holds no file to read.
    InvalidTable
        If no file has a listed id.
    """
    places = expand_places(places)
    archives = {place for place in places if place.is_file() and holds_files(place)}
    base = find_base(list(dict.fromkeys(p if p in archives or p.is_dir() else p.parent for p in places)))
    discs = {place: _read_disc(place) for place in places if place.name.upper() == "DICOMDIR" and place.is_file()}
    listing = join_listings(
        FolderListing(tuple(discs[place].notes)) if place in discs else _list_place(place, recursive, place in archives)
        for place in places
    )
    notes = {path: note for disc in discs.values() for path, note in disc.notes.items() if note}
    passed_over = (*listing.remarks(), *(remark for disc in discs.values() for remark in disc.remarks))
    if ids is None:
        return FileList(listing.scans, passed_over, base, notes)
    wanted = {split_name(id_): id_ for id_ in read_ids(ids)}
    unique = dict(zip(listing.scans, name_files(listing.scans), strict=True))  # files of the same name have longer ids
    names = {path: wanted.keys() & {*list_names(path), split_name(unique[path])} for path in listing.scans}
    chosen = tuple(path for path in listing.scans if names[path])
    if not chosen:
        raise InvalidTable(ids, f"none of its ids is that of a file in {', '.join(map(str, places))}")
    found = set().union(*names.values())
    absent = [id_ for name, id_ in wanted.items() if name not in found]
    remarks = [f"{len(absent)} of the ids in {ids.name} have no file: {name_some(absent)}"] if absent else []
    return FileList(chosen, (*passed_over, *remarks), base, notes)


def _read_disc(place: Path) -> DicomDirectory:
    from boneage.imaging.dicom.directory import read_directory  # pydicom is imported only where there are discs

    return read_directory(place)


def _list_place(place: Path, recursive: bool, is_archive: bool) -> FolderListing:
    if is_archive:
        return list_zip(place)
    return FolderListing((place,)) if place.is_file() else list_folder(place, recursive=recursive)


def describe_misfits(paths: Sequence[Path], *, sexes: Sexes = None, sizes: Iterable[str] = ()) -> list[str]:
    """Return a sentence for each table of which no row fits a file, with an id of either."""
    tables = {"sexes": sexes if isinstance(sexes, Mapping) else (), "sizes": sizes}
    misfits = [match_rows(ids, paths, table).misfit() for table, ids in tables.items()]
    return [misfit for misfit in misfits if misfit]


def describe(collection: Collection) -> list[str]:
    """Return remarks on a collection, one sentence each; reads the images that are annotated.

    They are on tables read in part only, on ages as in years, on what did not join, and on landmarks that seem to be on
    another scale than those of the others.
    """
    remarks = [*(collection.landmarks.remarks if collection.landmarks else ()), *collection.remarks]
    remarks += find_unusual_ages(collection.ages)
    if collection.rows_without_image:
        remarks.append(f"{len(collection.rows_without_image)} table rows have no image and are left out")
    if collection.images_without_row:
        first = ", ".join(collection.images_without_row[:5])
        more = ", …" if len(collection.images_without_row) > 5 else ""
        remarks.append(f"{len(collection.images_without_row)} images have no table row: {first}{more}")
    return remarks + describe_scales(collection)


def describe_scales(collection: Collection) -> list[str]:
    """Return a remark for each hand that seems to be annotated on another scale than the others; reads every image.

    Hands that cannot be read, or whose landmarks lie outside their image, are left to those who need them.
    """
    hands, shapes = {}, {}
    for id_ in collection.annotated_ids:
        with contextlib.suppress(UnreadableScan, InvalidTable):
            points, shape = collection.points(id_), collection.scan(id_).original_shape
            if points is not None and shape is not None:
                hands[id_], shapes[id_] = points, shape
    return [
        f"the landmarks of {id_} seem to be on another scale than the others': were they annotated on a copy of "
        f"{1 / factor:.2g} times the size?"
        for id_, factor in find_odd_scales(hands, shapes).items()
    ]


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
