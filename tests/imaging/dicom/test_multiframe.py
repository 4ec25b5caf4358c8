import numpy as np
import pytest

from boneage.imaging import UnreadableScan, read_scan
from tests.imaging.dicom_files import change_dicom, write_enhanced
from tests.imaging.volume_files import ramp


@pytest.mark.parametrize("order", [range(18), range(17, -1, -1), [*range(1, 18), 0]])
def test_frames_sort_by_their_positions(tmp_path, order):
    scan = read_scan(write_enhanced(tmp_path / "a.dcm", ramp(), order, PatientSex="F"))
    assert np.array_equal(scan.pixels, ramp())
    assert (scan.source, scan.modality, scan.sex) == ("a", "mri", "F")
    assert scan.spacing == pytest.approx((2, 0.5, 0.25))
    assert scan.to_patient.apply([[3, 4, 8]])[0] == pytest.approx([-18, 11, 38])


def test_frames_are_rescaled_and_inverted(tmp_path):
    path = write_enhanced(tmp_path / "a.dcm", ramp(), range(18), scaling=(0.5, 3))
    assert np.array_equal(read_scan(path).pixels, 0.5 * ramp() + 3)
    path = write_enhanced(tmp_path / "a.dcm", ramp().max() - ramp(), range(18), photometric="MONOCHROME1")
    assert np.array_equal(read_scan(path).pixels, ramp())


@pytest.mark.parametrize(
    ("order", "fields", "reason"),
    [
        ([0], {}, "single slice"),
        ([0, 1, 3, 4, 5], {}, "slices are missing.*frame 2 and frame 3"),
        ([0, 1, 1, 2], {}, "same place .frame 2 and frame 3"),
        (range(18), {"Modality": "CT"}, "volume of CT"),
        (range(18), {"photometric": "RGB"}, "grey-value"),
        (range(18), {"NumberOfFrames": 20}, "declares 20 frames, describes 18"),
        (range(18), {"SharedFunctionalGroupsSequence": []}, "frame 1 has no position"),
    ],
)
def test_what_is_no_regular_stack_is_refused(tmp_path, order, fields, reason):
    path = write_enhanced(tmp_path / "a.dcm", ramp(), order, **fields)
    with pytest.raises(UnreadableScan, match=reason):
        read_scan(path)


def test_too_many_frames_are_refused_before_they_are_decoded(tmp_path):
    path = write_enhanced(tmp_path / "a.dcm", ramp(), range(18))
    with pytest.raises(UnreadableScan, match="too large"):
        read_scan(change_dicom(path, NumberOfFrames=1000000))
