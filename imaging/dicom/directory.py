"""The hand views that a DICOMDIR, the table of contents of a disc, leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.multival import MultiValue

from boneage.imaging.dicom.datasets import decoding, load_dataset
from boneage.imaging.errors import NoScans, UnreadableScan

_TAGS = ["Modality", "BodyPartExamined", "ViewPosition", "ImageLaterality", "Laterality", "Rows", "Columns"]
_NO_RADIOGRAPHS = ("MR", "CT", "PT", "US", "NM")
_FRONTAL = ("PA", "AP")


@dataclass(frozen=True)
class DicomDirectory:
    """The images to read of a disc, one a study.

    Parameters
    ----------
    notes : dict of str
        Which image of its study each is and what it was chosen by, by path; blank for the only one of its study.
    remarks : tuple of str
        What was passed over, one sentence each.
    """

    notes: Mapping[Path, str]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _View:
    """What the header of an image tells of what it shows."""

    path: Path
    body_part: str
    view: str
    laterality: str
    rows: int
    columns: int

    def rank(self) -> tuple[int, int, bool, int]:
        """Return what images of a study are compared by: larger is more like a hand view."""
        body_part = 2 if "HAND" in self.body_part else 1 if not self.body_part or "WRIST" in self.body_part else 0
        view = 2 if self.view in _FRONTAL else 1 if not self.view else 0
        return body_part, view, self.laterality == "L", self.rows * self.columns

    def describe(self) -> str:
        """Return it in words."""
        stated = ((self.body_part, "body part"), (self.view, "view"), (self.laterality, "laterality"))
        words = [f"{name} {value}" for value, name in stated if value]
        return ", ".join([*words, f"{self.rows} x {self.columns} pixels"])


def read_directory(path: Path) -> DicomDirectory:
    """Choose the hand view of each study of a disc by the images' headers.

    Radiographs of a hand go before those of another part, frontal views (PA, AP) before others, the left hand before
    the right, large pictures before small ones. Files that do not lie in the folder of the DICOMDIR are not opened.

    Parameters
    ----------
    path : Path
        Of the DICOMDIR.

    Raises
    ------
    UnreadableScan
        If the DICOMDIR cannot be read.
    NoScans
        If it leads to no radiograph.
    """
    studies: dict[str, list[Path]] = {}
    n_outside = 0
    for study, parts in _list_images(path):
        file = _find_file(path.parent, parts)
        n_outside += file is None
        if file is not None:
            studies.setdefault(study, []).append(file)
    notes, n_without = {}, 0
    for files in studies.values():
        views = [view for file in files if (view := _read_view(file)) is not None]
        n_without += not views
        if views:
            chosen = max(views, key=_View.rank)
            among = f"1 of {len(views)} images of its study, chosen for its header: {chosen.describe()}"
            notes[chosen.path] = among if len(views) > 1 else ""
    remarks = (
        f"{n_outside} of the images that {path.name} names do not lie in its folder" if n_outside else "",
        f"passed over studies without a radiograph: {n_without} (give the folders of their slices)"
        if n_without
        else "",
    )
    if not notes:
        raise NoScans(path, "; ".join(filter(None, ("leads to no radiograph", *remarks))))
    return DicomDirectory(notes, tuple(filter(None, remarks)))


def _list_images(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the study and the parts of the file name of each image, in the order of the records."""
    with decoding(path), path.open("rb") as file:
        data = load_dataset(file)
        records = {record.seq_item_tell: record for record in data.get("DirectoryRecordSequence", [])}
        waiting = [(_offset(data, "OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity"), "")]
        found = []
        while waiting:
            offset, study = waiting.pop()
            record = records.pop(offset, None)  # each once, even if they lead in a circle
            if record is None:
                continue
            waiting.append((_offset(record, "OffsetOfTheNextDirectoryRecord"), study))
            study = str(record.get("StudyInstanceUID", "")) if record.DirectoryRecordType == "STUDY" else study
            waiting.append((_offset(record, "OffsetOfReferencedLowerLevelDirectoryEntity"), study))
            if record.DirectoryRecordType == "IMAGE":
                names = record.get("ReferencedFileID")
                found.append((study, [str(name) for name in names] if isinstance(names, MultiValue) else [str(names)]))
    yield from found


def _offset(record: Any, name: str) -> int:
    return int(record.get(name, 0) or 0)


def _find_file(folder: Path, parts: list[str]) -> Path | None:
    """Return the file of a record, in lower case where the disc is shown so; None if it lies outside of the folder."""
    given = folder.joinpath(*parts)
    lower = folder.joinpath(*(part.lower() for part in parts))
    path = lower if not given.exists() and lower.exists() else given
    inside = path.resolve().is_relative_to(folder.resolve())
    return path if inside and not any(part in ("", ".", "..") or "/" in part for part in parts) else None


def _read_view(path: Path) -> _View | None:
    """Return what the header of a radiograph tells; None for other images. What cannot be read may be one."""
    try:
        if path.exists() and not path.is_file():
            return None
        with decoding(path), path.open("rb") as file:
            header = load_dataset(file, stop_before_pixels=True, specific_tags=_TAGS)
            if str(header.get("Modality")) in _NO_RADIOGRAPHS:
                return None
            return _View(
                path,
                _word(header.get("BodyPartExamined")),
                _word(header.get("ViewPosition")),
                _word(header.get("ImageLaterality") or header.get("Laterality")),
                int(header.get("Rows") or 0),
                int(header.get("Columns") or 0),
            )
    except (OSError, UnreadableScan):
        return _View(path, "", "", "", 0, 0)  # its row has the reason


def _word(value: Any) -> str:
    return str(value or "").strip().upper()
