import numpy as np

from boneage.imaging.dicom.identifiers import read_identifiers
from tests.imaging.dicom_files import write_dicom


def test_who_a_file_is_of_is_told_as_far_as_it_states_it(tmp_path):
    pixels = np.zeros((8, 8), np.uint16)
    path = write_dicom(
        tmp_path / "a.dcm", pixels, PatientName="Doe^Jane", PatientID="4711", PatientBirthDate="20010203", StudyDate=""
    )
    assert read_identifiers(path) == {"name": "Doe^Jane", "patient number": "4711", "date of birth": "2001-02-03"}
    assert read_identifiers(tmp_path) == {}
    (tmp_path / "notes.txt").write_text("Doe")
    assert read_identifiers(tmp_path / "notes.txt") == {}
