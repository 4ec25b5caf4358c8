import datetime
import shutil

import imagecodecs
import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLosslessSV1

from boneage.imaging import UnreadableScan, read_scan
from boneage.imaging.dicom.series import holds_series
from tests.imaging.dicom_files import change_dicom, write_dicom, write_enhanced, write_series
from tests.imaging.volume_files import ramp


@pytest.fixture
def series(tmp_path):
    """18 coronal slices of 20 x 24 pixels, 2 mm apart, from front to back: in the usual order as they are."""
    return write_series(tmp_path / "knee.1", ramp())


def test_slices_are_a_volume_with_their_places(series):
    scan = read_scan(series)
    assert (scan.source, scan.modality, scan.spacing_unit) == ("knee.1", "mri", "mm")
    assert np.array_equal(scan.pixels, ramp())
    assert scan.spacing == pytest.approx((2, 0.5, 0.25))
    assert scan.to_patient.apply([[3, 4, 8]])[0] == pytest.approx([-20 + 8 * 0.25, 5 + 3 * 2, 40 - 4 * 0.5])
    assert np.array_equal(scan.to_original.matrix, np.eye(4))


def test_slices_sort_by_position_and_not_by_name(tmp_path):
    names = [f"{k}.dcm" for k in np.random.default_rng(0).permutation(18)]
    assert np.array_equal(read_scan(write_series(tmp_path / "s", ramp(), names=names)).pixels, ramp())


@pytest.mark.parametrize(
    "orientation", [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (-1, 0, 0, 0, 0, 1), (0.8, 0.6, 0, 0, 0, -1)]
)
def test_simpleitk_reads_the_same_series(tmp_path, orientation):
    folder = write_series(tmp_path / "s", ramp(), orientation=orientation)
    scan = read_scan(folder)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    assert np.array_equal(scan.pixels, sitk.GetArrayFromImage(sitk.DICOMOrient(image, "LIP")))
    k, j, i = (3, 4, 8)
    assert scan.to_patient.apply([[k, j, i]])[0] == pytest.approx(image.TransformIndexToPhysicalPoint((i, j, k)))


def test_each_slice_has_its_own_rescaling_and_windows_are_left_alone(series):
    change_dicom(
        series / "003.dcm", RescaleSlope=2, RescaleIntercept=-1, RescaleType="US", WindowCenter=9, WindowWidth=3
    )
    pixels = read_scan(series).pixels
    assert np.array_equal(pixels[3], 2 * ramp()[3] - 1)
    assert np.array_equal(pixels[4], ramp()[4])


def test_monochrome1_is_inverted_as_a_whole(tmp_path):
    folder = write_series(tmp_path / "s", ramp().max() - ramp(), photometric="MONOCHROME1")
    assert np.array_equal(read_scan(folder).pixels, ramp())


def test_fields_about_the_patient_are_read(tmp_path):
    fields = {
        "PatientSex": "M",
        "PatientAge": "011Y",
        "Laterality": "R",
        "StudyDate": "20210302",
        "PatientName": "Doe^J",
    }
    scan = read_scan(write_series(tmp_path / "s", ramp(), **fields))
    assert (scan.sex, scan.age_months, scan.laterality) == ("M", 132, "R")
    assert scan.study_date == datetime.date(2021, 3, 2)
    assert "Doe" not in repr(scan)


def test_other_files_are_ignored(series, caplog):
    (series / "notes.txt").write_text("a text")
    (series / ".hidden").write_text("a text")
    (series / "sub").mkdir()
    change_dicom(write_dicom(series / "report", ramp()[0]), Rows=None, PixelData=None)
    with caplog.at_level("INFO"):
        assert read_scan(series).pixels.shape == (18, 20, 24)
    assert "2 files are no images" in caplog.text


def test_a_folder_with_one_file_of_several_frames_is_a_volume(tmp_path):
    (tmp_path / "s").mkdir()
    write_enhanced(tmp_path / "s" / "IM1", ramp(), range(18))
    scan = read_scan(tmp_path / "s")
    assert scan.source == "s"
    assert np.array_equal(scan.pixels, ramp())


def lose(folder):
    (folder / "007.dcm").unlink()


def double(folder):
    shutil.copy(folder / "007.dcm", folder / "copy.dcm")


def mix_series(folder):
    change_dicom(folder / "007.dcm", SeriesInstanceUID="1.2.3")


def mix_sizes(folder):
    write_dicom(folder / "007.dcm", ramp()[0, 2:], **_fields_of(folder))


def mix_directions(folder):
    change_dicom(folder / "007.dcm", ImageOrientationPatient=[1, 0, 0, 0, 1, 0])


def mix_spacings(folder):
    change_dicom(folder / "007.dcm", PixelSpacing=[0.5, 0.3])


def tilt(folder):
    for k in range(18):
        change_dicom(folder / f"{k:03d}.dcm", ImagePositionPatient=[-20, 5 + 2 * k, 40 - 0.1 * k])


def skew(folder):
    change_dicom(folder / "000.dcm", ImageOrientationPatient=[1, 0, 0, 0.2, 0, -1])


def unplace(folder):
    change_dicom(folder / "007.dcm", ImagePositionPatient=None)


def flatten(folder):
    change_dicom(folder / "007.dcm", PixelSpacing=[0, 0.25])


def unspace(folder):
    change_dicom(folder / "007.dcm", PixelSpacing=None)


def keep_one(folder):
    for k in range(1, 18):
        (folder / f"{k:03d}.dcm").unlink()


def keep_none(folder):
    for k in range(18):
        (folder / f"{k:03d}.dcm").write_text("a text")


def make_ct(folder):
    for k in range(18):
        change_dicom(folder / f"{k:03d}.dcm", Modality="CT")


def truncate(folder):
    path = folder / "007.dcm"
    path.write_bytes(path.read_bytes()[:-300])


def add_frames(folder):
    write_enhanced(folder / "frames", ramp(), range(18), **_fields_of(folder, "SeriesInstanceUID"))


def _fields_of(folder, *names):
    from pydicom import dcmread

    data = dcmread(folder / "000.dcm")
    return {name: data[name].value for name in names or ("SeriesInstanceUID", "Modality", "PixelSpacing")}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lose, r"slices are missing.*4 mm between slice 006.dcm and slice 008.dcm, 2 mm elsewhere"),
        (double, r"two slices lie at the same place \(slice 007.dcm and slice copy.dcm\)"),
        (mix_series, "mixes 2 series"),
        (mix_sizes, "mixes 2 sizes"),
        (mix_directions, "slices of several directions"),
        (mix_spacings, "several pixel spacings"),
        (tilt, "tilted gantry"),
        (skew, "rows and columns are not perpendicular"),
        (unplace, "slice 007.dcm has no position .ImagePositionPatient"),
        (unspace, "slice 007.dcm has no position .PixelSpacing"),
        (flatten, "PixelSpacing must be positive"),
        (keep_one, "is a single slice"),
        (keep_none, "folder without a DICOM series"),
        (make_ct, "is a volume of CT; only MR is read"),
        (truncate, "slice 007.dcm: its pixels cannot be decoded"),
        (add_frames, "several frames; give one at a time"),
    ],
)  # fmt: skip
def test_what_is_no_regular_stack_is_refused(series, damage, reason):
    damage(series)
    with pytest.raises(UnreadableScan, match=reason) as caught:
        read_scan(series)
    assert caught.value.path == series


def test_too_large_a_series_is_refused_by_its_headers(series, monkeypatch):
    monkeypatch.setattr("boneage.imaging.volumes.building.LARGEST_VOXELS", 5000)
    with pytest.raises(UnreadableScan, match="too large"):
        read_scan(series)
    monkeypatch.setattr("boneage.imaging.dicom.series.MOST_MEMBERS", 10)
    with pytest.raises(UnreadableScan, match="18 files; a series has at most 10"):
        read_scan(series)


def test_a_blank_series_is_refused(tmp_path):
    with pytest.raises(UnreadableScan, match="blank"):
        read_scan(write_series(tmp_path / "s", ramp() * 0))


def test_a_folder_of_slices_is_a_series_and_a_folder_of_films_is_not(series, tmp_path):
    assert holds_series(series)
    films = tmp_path / "films"
    films.mkdir()
    assert not holds_series(films)
    write_dicom(films / "1.dcm", ramp()[0])
    (films / "2.txt").write_text("a text")
    assert not holds_series(films)
    deflated = b"\x02\0\x10\0UI\x16\x001.2.840.10008.1.2.1.99"
    (films / "1.dcm").write_bytes(b"\0" * 128 + b"DICM" + deflated + b"no such thing")
    assert holds_series(films)
    assert not holds_series(tmp_path / "nowhere")


def test_compressed_slices_are_decoded(tmp_path):
    voxels = ramp()
    folder = write_series(tmp_path / "a", voxels)
    plain = read_scan(folder).pixels
    for path, pixels in zip(sorted(folder.iterdir()), voxels, strict=True):
        data = dcmread(path)
        data.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        data.PixelData = encapsulate([imagecodecs.ljpeg_encode(pixels.astype(np.uint16))])
        data["PixelData"].is_undefined_length, data["PixelData"].VR = True, "OB"
        data.save_as(path)
    assert np.array_equal(read_scan(folder).pixels, plain)
