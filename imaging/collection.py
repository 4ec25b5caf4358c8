"""A folder of images joined with its tables, read one image at a time."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, overload

import numpy as np

from boneage.imaging.annotations import LandmarkTable, to_pixels
from boneage.imaging.demographics import AgeRecord
from boneage.imaging.errors import InvalidInput, InvalidTable, NoScans
from boneage.imaging.identifiers import name_files
from boneage.imaging.listing import join_listings, list_folder, name_some
from boneage.imaging.matching import RowMatches, match_rows
from boneage.imaging.points import Points
from boneage.imaging.readers import read_scan
from boneage.imaging.scan_cache import ScanCache
from boneage.imaging.scans import Scan

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Collection:
    """Images of one or more folders with their table rows, by id (:func:`scan_id`). Images are read when asked for.

    Use :meth:`from_folders`.

    Parameters
    ----------
    paths : dict of Path
        By id.
    landmarks : LandmarkTable or None
    ages : mapping of AgeRecord
    sizes : mapping of tuple
        Original (rows, columns) of resized copies, by id; (planes, rows, columns) of volumes, which are none.
    rows_without_image : tuple of str
        Ids that only a table has.
    images_without_row : tuple of str
        Ids that no table has.
    remarks : tuple of str
        What was passed over in a folder, images that were left out because a row fits several, ages that are left out
        because the sex is not clear, and tables that fit no image, one sentence each.
    """

    paths: dict[str, Path]
    landmarks: LandmarkTable | None
    ages: Mapping[str, AgeRecord]
    sizes: Mapping[str, tuple[int, ...]]
    rows_without_image: tuple[str, ...] = ()
    images_without_row: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    _cache: ScanCache = field(default_factory=ScanCache, repr=False)

    @classmethod
    def from_folders(
        cls,
        folders: Iterable[Path | str],
        *,
        landmarks: LandmarkTable | None = None,
        ages: Mapping[str, AgeRecord] | None = None,
        sizes: Mapping[str, tuple[int, ...]] | None = None,
        ids: Sequence[str] | None = None,
        recursive: bool = False,
    ) -> Collection:
        """Join folders with tables; rows without an image and images without a row are reported, not fatal.

        The id of an image is that of its file, or as much of its path as no other image shares. A row's id may be a
        path too; images whose row fits several are left out, with a remark; see
        :func:`~boneage.imaging.matching.match_rows`.

        Parameters
        ----------
        folders : iterable of path-like
        landmarks, ages, sizes : optional
            Contents of tables, by id. ``sizes`` take precedence over the sizes in the landmark table.
        ids : sequence of str, optional
            Use these images alone.
        recursive : bool
            Whether sub-folders are entered too.

        Raises
        ------
        NoScans
            If a folder holds no image, or no image has an id that is asked for.
        """
        listing = join_listings(list_folder(folder, recursive=recursive) for folder in folders)
        files = list(listing.scans)
        marked = landmarks or LandmarkTable(Path(), (), {}, {}, {})
        matches = (
            match_rows([*marked.points, *marked.original_shapes, *marked.laterality], files, "landmarks"),
            match_rows(ages or (), files, "ages"),
            match_rows(sizes or (), files, "sizes"),
        )
        left_out = {path for match in matches for path in match.faults()}
        paths = {id_: path for id_, path in zip(name_files(files), files, strict=True) if path not in left_out}
        names = [_name_rows(match, paths) for match in matches]
        landmarks = landmarks and _rename_table(landmarks, names[0], paths)
        ages, sizes = _rename(ages or {}, names[1], paths), _rename(sizes or {}, names[2], paths)
        remarks = [*listing.remarks(), *(remark for match in matches for remark in match.remarks())]
        remarks += [match.misfit() for match in matches if match.misfit()]
        remarks += [f"the age of {id_} is left out: {age.sex_fault}" for id_, age in ages.items() if age.sex_fault]
        ages = {id_: age for id_, age in ages.items() if not age.sex_fault}
        if ids is not None:
            paths, of_ids = _select(paths, files, ids, left_out)
            remarks += of_ids
        tabled = {*(landmarks.points if landmarks else ()), *ages} - {row for m in matches for row in m.ambiguous}
        return cls(
            paths=paths,
            landmarks=landmarks,
            ages=ages,
            sizes={**(landmarks.original_shapes if landmarks else {}), **sizes},
            rows_without_image=tuple(sorted(tabled - set(paths))) if ids is None else (),
            images_without_row=tuple(id_ for id_ in paths if id_ not in tabled) if tabled else (),
            remarks=tuple(remarks),
        )

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the images, in reading order."""
        return tuple(self.paths)

    @property
    def annotated_ids(self) -> tuple[str, ...]:
        """Ids of the images that the landmark table has, in the same order; no image is read for it."""
        return tuple(id_ for id_ in self.paths if self.landmarks is not None and id_ in self.landmarks.points)

    @property
    def ndim(self) -> int:
        """Number of axes of the landmarks in the table: 3 for volumes, else 2."""
        return self.landmarks.ndim if self.landmarks is not None else 2

    def __len__(self) -> int:
        return len(self.paths)

    def scan(self, id_: str) -> Scan:
        """Read an image; it is decoded again only if the collection's :class:`ScanCache` no longer holds it.

        Raises
        ------
        KeyError
            If there is no image of that id.
        UnreadableScan
            If its file cannot be read.
        """
        scan = self._cache.get(id_)
        if scan is not None:
            return scan
        scan = read_scan(self.paths[id_], self.sizes.get(id_))
        if self.landmarks is not None and id_ in self.landmarks.laterality:
            scan = dataclasses.replace(scan, laterality=self.landmarks.laterality[id_])
        self._cache.put(id_, scan)
        return scan

    def scans(self, ids: Sequence[str]) -> Sequence[Scan]:
        """Return images as a sequence of which each is read when it is asked for, by any thread.

        Raises
        ------
        KeyError
            If there is no image of an id.
        """
        return _ReadLater(self.subset(ids))

    def points(self, id_: str) -> Points | None:
        """Return the annotated landmarks of an image in original pixels, or None if it has none.

        Raises
        ------
        InvalidTable
            If a landmark lies outside the image, or its number of coordinates differs from the image's number of axes.
        """
        if self.landmarks is None or id_ not in self.landmarks.points:
            return None
        scan = self.scan(id_)
        points = to_pixels(self.landmarks, id_, scan)
        shape = scan.original_shape
        assert shape is not None
        outside = ((points.positions < -0.5) | (points.positions > np.array(shape) - 0.5)).any(axis=1)
        if outside.any():
            k = int(np.flatnonzero(outside)[0])
            axes = " x ".join(("width", "height", "depth")[: len(shape)])
            place = ", ".join(f"{value:g}" for value in points.positions[k, ::-1])
            raise InvalidTable(
                self.landmarks.path,
                f"id {id_}: {points.names[k]} lies outside the image, at ({place}) in "
                f"{' x '.join(str(n) for n in shape[::-1])} pixels ({axes} of the original)",
            )
        return points

    def age(self, id_: str) -> AgeRecord | None:
        """Return the known bone age of an image, or None."""
        return self.ages.get(id_)

    def subset(self, ids: Sequence[str]) -> Collection:
        """Return the collection of the images ``ids``.

        Raises
        ------
        KeyError
            If there is no image of an id.
        """
        paths = {id_: self.paths[id_] for id_ in ids}
        return dataclasses.replace(self, paths=paths, rows_without_image=())


def _name_rows(match: RowMatches, paths: Mapping[str, Path]) -> dict[str, str]:
    """Return the id of the image that each row fits, by the row's id."""
    return {match.rows[path]: id_ for id_, path in paths.items() if path in match.rows}


def _rename(values: Mapping[str, T], names: Mapping[str, str], paths: Mapping[str, Path]) -> dict[str, T]:
    """Return a table's values by the ids of the images; rows without an image stay as they are."""
    return {names.get(row, row): value for row, value in values.items() if row in names or row not in paths}


def _rename_table(table: LandmarkTable, names: Mapping[str, str], paths: Mapping[str, Path]) -> LandmarkTable:
    return dataclasses.replace(
        table,
        points=_rename(table.points, names, paths),
        original_shapes=_rename(table.original_shapes, names, paths),
        laterality=_rename(table.laterality, names, paths),
    )


def _select(
    paths: Mapping[str, Path], files: Sequence[Path], ids: Sequence[str], left_out: Container[Path]
) -> tuple[dict[str, Path], list[str]]:
    """Return the images of a list of ids, in its order, and remarks on the ids that fit several.

    Raises
    ------
    NoScans
        If there is no image of an id.
    """
    match = match_rows([id_ for id_ in ids if id_ not in paths], files, "ids")
    named = {row: path for path, row in match.rows.items()}
    absent = [id_ for id_ in ids if id_ not in paths and id_ not in named and id_ not in match.ambiguous]
    if absent:
        raise NoScans(
            files[0].parent,
            f"no image of {len(absent)} of the ids that were asked for: {name_some(list(map(repr, absent)))}",
        )
    ids_of = {path: id_ for id_, path in paths.items()}
    chosen = [paths.get(id_) or named.get(id_) for id_ in ids]
    return {ids_of[path]: path for path in chosen if path is not None and path not in left_out}, match.remarks()


class _ReadLater(Sequence[Scan]):
    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._lock = threading.Lock()

    @overload
    def __getitem__(self, place: int) -> Scan: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Scan]: ...
    def __getitem__(self, place: int | slice) -> Scan | Sequence[Scan]:
        if isinstance(place, slice):
            return self._collection.scans(self._collection.ids[place])
        with self._lock:
            return self._collection.scan(self._collection.ids[place])

    def __len__(self) -> int:
        return len(self._collection)


def split_ids(ids: Sequence[str], n_train: int, n_test: int, seed: int) -> tuple[list[str], list[str]]:
    """Draw training and test ids at random, without overlap; the same for the same set of ids and seed.

    Raises
    ------
    ValueError
        If there are fewer ids than asked for.
    """
    if n_train + n_test > len(ids):
        raise InvalidInput(f"{n_train} training and {n_test} test images need {n_train + n_test}, there are {len(ids)}")
    order = np.random.default_rng(seed).permutation(sorted(ids)).tolist()
    return order[:n_train], order[n_train : n_train + n_test]


def fold_ids(ids: Sequence[str], n_folds: int, seed: int) -> list[list[str]]:
    """Deal the ids into folds of nearly equal size at random; the same for the same set of ids and seed."""
    order = np.random.default_rng(seed).permutation(sorted(ids)).tolist()
    return [order[fold::n_folds] for fold in range(n_folds)]
