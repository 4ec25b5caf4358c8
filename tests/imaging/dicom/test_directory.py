import gc
import re
import warnings

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid

from boneage.imaging import NoScans, UnreadableScan
from boneage.imaging.dicom.directory import read_directory
from tests.imaging.dicom_files import write_dicom


def write_disc(folder, studies):
    """Write a disc whose studies are lists of (columns, fields of the header)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pydicom leaves its temporary folders to the collector
        _write_disc(folder, studies)
        gc.collect()
    return folder / "DICOMDIR"


def _write_disc(folder, studies):
    disc = FileSet()
    for number, images in enumerate(studies, start=1):
        study, series = generate_uid(), generate_uid()
        for k, (columns, fields) in enumerate(images, start=1):
            described = {
                "PatientID": "1", "PatientName": "A", "StudyDate": "20200101", "StudyTime": "120000",
                "StudyID": str(number), "StudyInstanceUID": study, "SeriesInstanceUID": series, "SeriesNumber": number,
                "InstanceNumber": k,
            }  # fmt: skip
            path = folder.parent / f"{number}-{k}.dcm"
            write_dicom(path, np.arange(20 * columns).reshape(20, columns), **described | fields)
            disc.add(dcmread(path))
            path.unlink()
    disc.write(folder)


def columns_of(path):
    return int(dcmread(path).Columns)


HAND, CHEST = {"BodyPartExamined": "HAND"}, {"BodyPartExamined": "CHEST"}


@pytest.mark.parametrize(
    ("images", "chosen"),
    [
        ([(30, {}), (40, {}), (35, {})], 40),
        ([(30, HAND), (40, CHEST), (35, {})], 30),
        ([(30, HAND | {"ViewPosition": "LL"}), (20, HAND | {"ViewPosition": "PA"}), (35, HAND)], 20),
        ([(40, HAND | {"Laterality": "R"}), (30, HAND | {"Laterality": "L"})], 30),
        ([(30, {}), (40, {"Modality": "MR"})], 30),
    ],
)
def test_the_hand_view_is_chosen_by_part_view_side_and_size(tmp_path, images, chosen):
    disc = read_directory(write_disc(tmp_path / "disc", [images]))
    ((path, note),) = disc.notes.items()
    assert columns_of(path) == chosen
    n = sum(fields.get("Modality") != "MR" for _, fields in images)
    assert (note == "") == (n == 1)
    if n > 1:
        assert re.fullmatch(rf"1 of {n} images of its study, chosen for its header: (.*, )?20 x {chosen} pixels", note)


def test_each_study_has_its_image_and_what_is_passed_over_is_told(tmp_path):
    studies = [[(30, HAND), (40, CHEST)], [(50, {})], [(60, {"Modality": "MR"})]]
    disc = read_directory(write_disc(tmp_path / "disc", studies))
    assert [columns_of(path) for path in disc.notes] == [30, 50]
    assert next(iter(disc.notes.values())).endswith("body part HAND, 20 x 30 pixels")
    assert disc.remarks == ("passed over studies without a radiograph: 1 (give the folders of their slices)",)


def test_files_outside_of_the_disc_are_not_opened(tmp_path):
    directory = write_disc(tmp_path / "disc", [[(30, HAND)], [(40, HAND)]])
    write_dicom(tmp_path / "SECRET", np.arange(400).reshape(20, 20))
    data = dcmread(directory)
    images = [record for record in data.DirectoryRecordSequence if record.DirectoryRecordType == "IMAGE"]
    length = len("\\".join(images[0].ReferencedFileID))
    content = directory.read_bytes().replace(
        "\\".join(images[0].ReferencedFileID).encode(), f"..\\SECRET{'':{length - 9}}".encode(), 1
    )
    directory.write_bytes(content)
    disc = read_directory(directory)
    assert [columns_of(path) for path in disc.notes] == [40]
    assert disc.remarks == ("1 of the images that DICOMDIR names do not lie in its folder",)


def test_a_disc_without_radiographs_or_a_broken_one_is_refused(tmp_path):
    with pytest.raises(NoScans, match="leads to no radiograph; passed over"):
        read_directory(write_disc(tmp_path / "disc", [[(30, {"Modality": "MR"})]]))
    directory = tmp_path / "DICOMDIR"
    directory.write_bytes((tmp_path / "disc" / "DICOMDIR").read_bytes()[:700])
    with pytest.raises((UnreadableScan, NoScans)):
        read_directory(directory)


def test_records_that_lead_in_a_circle_are_read_once(tmp_path):
    directory = write_disc(tmp_path / "disc", [[(30, HAND), (40, CHEST)]])
    data = dcmread(directory)
    records = list(data.DirectoryRecordSequence)
    for record in records:
        record.OffsetOfTheNextDirectoryRecord = records[0].seq_item_tell
    data.save_as(directory)
    assert len(read_directory(directory).notes) == 1


def test_a_file_that_is_missing_has_its_place(tmp_path):
    directory = write_disc(tmp_path / "disc", [[(30, HAND)]])
    (path,) = read_directory(directory).notes
    path.unlink()
    assert list(read_directory(directory).notes) == [path]
