import datetime
import warnings

import numpy as np
import pytest

from boneage.imaging import UnreadableScan, read_scan
from tests.imaging.dicom_files import write_dicom


@pytest.fixture
def ramp():
    """A 12-bit ramp, 32 x 40, from 0 to 4095."""
    return np.linspace(0, 4095, 32 * 40).round().astype(np.uint16).reshape(32, 40)


def test_monochrome2_comes_as_it_is(tmp_path, ramp):
    assert np.array_equal(read_scan(write_dicom(tmp_path / "a.dcm", ramp)).pixels, ramp)


def test_monochrome1_is_the_same_picture_once_inverted(tmp_path, ramp):
    path = write_dicom(tmp_path / "a.dcm", 4095 - ramp, photometric="MONOCHROME1")
    assert np.array_equal(read_scan(path).pixels, ramp)


def test_monochrome1_is_inverted_after_the_window(tmp_path, ramp):
    window = {"WindowCenter": 2000, "WindowWidth": 1000}
    straight = read_scan(write_dicom(tmp_path / "a.dcm", ramp, **window)).pixels
    inverted = read_scan(write_dicom(tmp_path / "b.dcm", ramp, photometric="MONOCHROME1", **window)).pixels
    assert straight[0, 0] < straight[-1, -1]
    assert np.allclose(inverted, straight.max() + straight.min() - straight)


def test_rescale_is_applied(tmp_path, ramp):
    path = write_dicom(tmp_path / "a.dcm", ramp, RescaleSlope=2, RescaleIntercept=-100, RescaleType="US")
    assert np.allclose(read_scan(path).pixels, 2.0 * ramp - 100)


def test_fields_are_read(tmp_path, ramp):
    scan = read_scan(
        write_dicom(
            tmp_path / "a.dcm", ramp, PixelSpacing=[0.2, 0.15], Laterality="L", PatientSex="F", PatientAge="126M",
            StudyDate="20200131",
        )
    )  # fmt: skip
    assert scan.spacing == (0.2, 0.15)
    assert scan.spacing_unit == "mm"
    assert (scan.laterality, scan.sex, scan.age_months) == ("L", "F", 126.0)
    assert scan.study_date == datetime.date(2020, 1, 31)


def test_imager_spacing_serves_and_invalid_fields_are_ignored(tmp_path, ramp):
    scan = read_scan(
        write_dicom(tmp_path / "a.dcm", ramp, ImagerPixelSpacing=[0.1, 0.1], PatientSex="O", PatientAge="011Y")
    )
    assert scan.spacing == (0.1, 0.1)
    assert scan.sex is None
    assert scan.age_months == 132


@pytest.mark.parametrize(
    ("born", "studied", "stated", "months"),
    [
        ("20100131", "20200131", "009Y", 120.0),  # the dates are more exact than whole years
        ("20100131", "", "009Y", 108.0),
        ("20300131", "20200131", "009Y", 108.0),
        ("17000101", "20200131", "999Y", None),
        ("", "20200131", "", None),
    ],
)
def test_the_age_is_that_of_the_dates_or_as_stated(tmp_path, ramp, born, studied, stated, months):
    path = write_dicom(tmp_path / "a.dcm", ramp, PatientBirthDate=born, StudyDate=studied, PatientAge=stated)
    assert read_scan(path).age_months == pytest.approx(months, abs=0.05)


def test_the_patients_name_stays_in_the_file(tmp_path, ramp):
    scan = read_scan(write_dicom(tmp_path / "a.dcm", ramp, PatientName="Doe^Jane"))
    assert "Doe" not in repr(scan)


def test_several_frames_unknown_and_broken_pixels_are_refused(tmp_path, ramp):
    frames = write_dicom(tmp_path / "frames.dcm", np.stack([ramp, ramp]), NumberOfFrames=2)
    with pytest.raises(UnreadableScan, match="2 frames"):
        read_scan(frames)
    unknown = write_dicom(tmp_path / "unknown.dcm", ramp, photometric="HSV")
    with pytest.raises(UnreadableScan, match=r"unknown kind.*HSV"):
        read_scan(unknown)
    truncated = tmp_path / "truncated.dcm"
    truncated.write_bytes(write_dicom(tmp_path / "whole.dcm", ramp).read_bytes()[:-500])
    with pytest.raises(UnreadableScan, match="cannot be decoded"):
        read_scan(truncated)


def test_a_single_mr_slice_says_how_to_give_the_volume(tmp_path, ramp):
    path = write_dicom(tmp_path / "a.dcm", ramp, Modality="MR")
    with pytest.raises(UnreadableScan, match=r"one slice of an MR volume.*the folder in which that folder lies"):
        read_scan(path)


def test_the_sex_may_be_a_word(tmp_path, ramp):
    for word, sex in (("MALE", "M"), ("Female", "F"), ("m ", "M"), ("U", None)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns that these are no valid codes
            path = write_dicom(tmp_path / "a.dcm", ramp, PatientSex=word)
        assert read_scan(path).sex == sex
