"""The files of a folder that may be images, and what was passed over there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from boneage.imaging.errors import NoScans, UnreadableScan
from boneage.imaging.volumes.headers import find_voxel_file, read_text_header
from boneage.imaging.zip_members import is_zip, list_members

_TABLE_SUFFIXES = (".csv", ".json", ".xml")
_HEADER_SUFFIXES = (".mhd", ".nhdr")
_MACOS_FOLDER = "__MACOSX"  # in zips made there
_MOST_NAMED = 3


@dataclass(frozen=True)
class FolderListing:
    """What a folder holds, as far as images go.

    Parameters
    ----------
    scans : tuple of Path
        Files that may be images, and sub-folders that are a volume.
    folders : tuple of Path
        Sub-folders that were not entered.
    dead_links : tuple of Path
        Links to nothing.
    others : tuple of Path
        What is neither file nor folder, and sub-folders that may not be listed.
    """

    scans: tuple[Path, ...]
    folders: tuple[Path, ...] = ()
    dead_links: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()

    def remarks(self) -> list[str]:
        """Return a sentence for each kind of thing that was passed over, with its number and the first names."""
        return [
            f"passed over {_count(passed, *kind)}: {name_some(passed)}{advice}"
            for passed, kind, advice in (
                (self.folders, ("sub-folder", "sub-folders"), " (--recursive reads them)"),
                (self.dead_links, ("link to nothing", "links to nothing"), ""),
                (self.others, ("entry that cannot be read", "entries that cannot be read"), ""),
            )
            if passed
        ]


def list_folder(folder: Path | str, *, recursive: bool = False) -> FolderListing:
    """List the files of a folder that may be images, and its sub-folders that directly hold the slices of a volume.

    Hidden files, tables (.csv, .json, .xml) and the voxel files of .mhd and .nhdr headers are left out. A file that is
    no image is refused later, by the reader, with a reason. Numbers in names sort by value.

    Parameters
    ----------
    folder : path-like
    recursive : bool
        Whether sub-folders are entered too; each folder once, even if links lead to it again.

    Raises
    ------
    NoScans
        If the folder does not exist, cannot be listed, or holds no such file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NoScans(folder, "is not a folder" if folder.exists() else "there is no such folder")
    try:
        found = _list(folder, {folder.resolve()} if recursive else None)
    except OSError as error:
        raise NoScans(folder, f"cannot be listed ({error.strerror})") from error
    if not found.scans:
        raise NoScans(
            folder,
            "; ".join(
                (
                    "no image in it (looked for PNG, JPEG, TIFF, BMP, DICOM, NIfTI, MetaImage and NRRD files, zips and "
                    "subfolders of DICOM slices)",
                    *found.remarks(),
                )
            ),
        )
    return found


def holds_files(path: Path) -> bool:
    """Return whether a path is that of a zip of many files, rather than of one series of DICOM slices."""
    from boneage.imaging.dicom.zip_archive import holds_series  # pydicom is imported only where there are zips

    try:
        with path.open("rb") as file:
            if not is_zip(file.read(4)):
                return False
        return bool(list_members(path)) and not holds_series(path)
    except (OSError, UnreadableScan):
        return False


def list_zip(path: Path) -> FolderListing:
    """List the files in a zip that may be images, as those of a folder and its sub-folders.

    Raises
    ------
    NoScans
        If there is none.
    UnreadableScan
        If the zip is broken.
    """
    names = {member: member.relative_to(path) for member in list_members(path)}
    files = [member for member, name in names.items() if _may_be_image(name)]
    if not files:
        raise NoScans(path, f"is a zip without images ({len(names)} other files)")
    return FolderListing(tuple(sorted(files, key=lambda file: [_natural_order(part) for part in names[file].parts])))


def find_scans(folder: Path | str) -> list[Path]:
    """Return the scans of a folder; see :func:`list_folder`.

    Raises
    ------
    NoScans
        If the folder does not exist, cannot be listed, or holds no scan.
    """
    return list(list_folder(folder).scans)


def name_some(names: Sequence[object]) -> str:
    """Return the first names of several, by commas."""
    return ", ".join(map(str, names[:_MOST_NAMED])) + (", …" if len(names) > _MOST_NAMED else "")


def join_listings(listings: Iterable[FolderListing]) -> FolderListing:
    """Return several listings as one, each path once."""
    listings = list(listings)
    scans, folders, dead_links, others = (
        tuple(dict.fromkeys(path for listing in listings for path in getattr(listing, kind)))
        for kind in ("scans", "folders", "dead_links", "others")
    )
    return FolderListing(scans, folders, dead_links, others)


def _list(folder: Path, entered: set[Path] | None) -> FolderListing:
    """List a folder, and the folders in it that are not among those ``entered``, where it is given."""
    there = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=_order_names)
    files = {path for path in there if path.is_file() and path.suffix.lower() not in _TABLE_SUFFIXES}
    voxels = {_find_voxels(path) for path in files if path.suffix.lower() in _HEADER_SUFFIXES}
    listings = []
    for path in there:
        if path in files and path.name not in voxels:
            listings.append(FolderListing((path,)))
        elif path.is_dir():
            listings.append(_list_subfolder(path, entered))
        elif path.is_symlink() and not path.exists():
            listings.append(FolderListing((), dead_links=(path,)))
        elif not path.is_file():
            listings.append(FolderListing((), others=(path,)))
    return join_listings(listings)


def _list_subfolder(folder: Path, entered: set[Path] | None) -> FolderListing:
    from boneage.imaging.dicom.series import holds_series  # pydicom is imported only where there are folders

    if not os.access(folder, os.R_OK | os.X_OK):
        return FolderListing((), others=(folder,))
    if holds_series(folder):
        return FolderListing((folder,))
    if entered is None:
        return FolderListing((), folders=(folder,))
    if folder.resolve() in entered:
        return FolderListing(())
    entered.add(folder.resolve())
    return _list(folder, entered)


def _count(things: Sequence[object], one: str, several: str) -> str:
    return f"1 {one}" if len(things) == 1 else f"{len(things)} {several}"


def _find_voxels(header: Path) -> str | None:
    try:
        return find_voxel_file(read_text_header(header))
    except OSError:
        return None


def _may_be_image(name: Path) -> bool:
    hidden = any(part.startswith(".") or part == _MACOS_FOLDER for part in name.parts)
    return not hidden and name.suffix.lower() not in _TABLE_SUFFIXES


def _order_names(path: Path) -> tuple[tuple[int, int | str], ...]:
    return _natural_order(path.name)


def _natural_order(name: str) -> tuple[tuple[int, int | str], ...]:
    parts = re.split(r"(\d+)", name)
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)
