import resource

import numpy as np
import pytest

from boneage.imaging import Frame, Scan, read_scan, write_volume
from tests.imaging.volume_files import OBLIQUE, ramp, write_itk


@pytest.mark.parametrize("suffix", ["nii.gz", "nii", "mha", "nrrd"])
def test_what_is_written_is_read_again(tmp_path, suffix):
    write_itk(tmp_path / "in.nii", ramp(), direction=OBLIQUE[:, [2, 0, 1]] * [1, -1, 1])
    scan = read_scan(tmp_path / "in.nii")
    write_volume(tmp_path / f"out.{suffix}", scan)
    again = read_scan(tmp_path / f"out.{suffix}")
    assert np.array_equal(again.pixels, scan.pixels)
    assert again.original_shape == scan.original_shape
    assert np.array_equal(again.to_original.matrix, scan.to_original.matrix)
    assert again.to_patient.matrix == pytest.approx(scan.to_patient.matrix, abs=1e-4)
    assert not again.phantom


@pytest.mark.parametrize("suffix", ["nii.gz", "nii", "mha", "nrrd"])
def test_a_phantom_is_a_phantom_when_it_is_read_again(tmp_path, suffix):
    scan = Scan(ramp().astype(float), spacing=(2, 0.5, 0.75), spacing_unit="mm", modality="mri", phantom=True)
    write_volume(tmp_path / f"p.{suffix}", scan)
    again = read_scan(tmp_path / f"p.{suffix}")
    assert again.phantom
    assert np.array_equal(again.pixels, scan.pixels)
    assert again.spacing == pytest.approx(scan.spacing)
    assert np.array_equal(again.to_original.matrix, Frame.identity(3).matrix)


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must end in"):
        write_volume(tmp_path / "a.png", Scan(ramp()))
    with pytest.raises(ValueError, match="must be a volume"):
        write_volume(tmp_path / "a.nii", Scan(ramp()[0]))
    with pytest.raises(ValueError, match="no resized copy"):
        write_volume(tmp_path / "a.nii", Scan(ramp()).as_resized_copy_of((36, 40, 48)))
    with pytest.raises(ValueError, match="between -32768 and 32767"):
        write_volume(tmp_path / "a.nii", Scan(ramp() * 10.0))
    with pytest.raises(OSError, match="cannot be written"):
        write_volume(tmp_path / "nowhere" / "a.nii", Scan(ramp()))


@pytest.mark.parametrize("room", [0, 400, 4000])
@pytest.mark.parametrize("suffix", ["nii.gz", "nii", "mha", "nrrd"])
def test_a_disk_that_is_full_before_the_end_is_told(tmp_path, suffix, room):
    noise = np.random.default_rng(0).integers(0, 30000, (16, 20, 24)).astype(float)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(OSError, match=f"full.{suffix} cannot be written"):
            write_volume(tmp_path / f"full.{suffix}", Scan(noise))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
