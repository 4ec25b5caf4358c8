import gzip
import struct

import numpy as np
import pytest
import SimpleITK as sitk

from boneage.imaging import UnreadableScan, read_scan
from tests.imaging.volume_files import OBLIQUE, ramp, write_itk

SUFFIXES = ("nii", "nii.gz", "mha", "mhd", "nrrd", "nhdr")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_voxels_and_their_places_come_back(tmp_path, suffix):
    path = tmp_path / f"hand.v1.{suffix}"
    image = write_itk(path, ramp(), direction=OBLIQUE)
    scan = read_scan(path)
    assert (scan.source, scan.modality, scan.spacing_unit, scan.phantom) == ("hand.v1", "mri", "mm", False)
    assert scan.original_shape == (18, 20, 24)
    assert scan.pixels.shape == (20, 18, 24)  # k runs to the head, j to the back
    assert scan.spacing == pytest.approx((0.75, 2.0, 0.5))
    place = [[4, 3, 9]]
    k, j, i = scan.to_original.apply(place)[0].astype(int).tolist()
    assert scan.pixels[4, 3, 9] == ramp()[k, j, i]
    there = scan.to_patient.apply(scan.to_original.apply(place))[0]
    assert there == pytest.approx(image.TransformIndexToPhysicalPoint((i, j, k)), abs=1e-4)


def test_the_usual_order_is_that_of_simpleitk(tmp_path):
    image = write_itk(tmp_path / "a.nii", ramp(), direction=OBLIQUE[:, [2, 0, 1]] * [1, -1, 1])
    expected = sitk.GetArrayFromImage(sitk.DICOMOrient(image, "LIP"))
    assert np.array_equal(read_scan(tmp_path / "a.nii").pixels, expected)


@pytest.mark.parametrize("suffix", ["nii", "nii.gz", "mha", "nrrd"])
def test_content_counts_not_the_suffix(tmp_path, suffix):
    write_itk(tmp_path / f"a.{suffix}", ramp())
    (tmp_path / f"a.{suffix}").rename(tmp_path / "a.png")
    assert read_scan(tmp_path / "a.png").original_shape == (18, 20, 24)


def test_scaled_grey_values_are_what_the_file_says(tmp_path):
    write_itk(tmp_path / "a.nii", ramp())
    data = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<2f", data, 112, 2.0, -5.0)
    (tmp_path / "a.nii").write_bytes(data)
    scan = read_scan(tmp_path / "a.nii")
    assert (scan.pixels.min(), scan.pixels.max()) == (-5, 2 * ramp().max() - 5)


@pytest.mark.parametrize("suffix", ["nii", "mha", "nrrd"])
def test_a_flat_picture_is_a_radiograph(tmp_path, suffix):
    write_itk(tmp_path / f"a.{suffix}", ramp()[0])
    scan = read_scan(tmp_path / f"a.{suffix}")
    assert np.array_equal(scan.pixels, ramp()[0])
    assert (scan.modality, scan.spacing_unit, scan.to_patient) == ("xray", "mm", None)
    assert scan.spacing == (0.75, 0.5)


@pytest.mark.parametrize(
    ("voxels", "reason"),
    [
        (ramp((1, 20, 24)), r"is a single slice, not a volume \(1 x 20 x 24 voxels\)"),
        (np.stack([ramp()] * 3), "is a series of 3 volumes"),
        (ramp((40, 5, 5)), "too small"),
        (ramp((40, 5)), "too small"),
        (ramp() * 0, "blank: every pixel has the value 0"),
        (ramp() * 0 + 7, "blank: every pixel has the value 7"),
        (np.where(ramp() < 5, np.nan, ramp()).astype(np.float32), r"has 5 voxels that are no numbers"),
    ],
)
@pytest.mark.parametrize("suffix", ["nii.gz", "mha", "nrrd"])
def test_what_is_no_volume_of_a_hand_is_refused(tmp_path, suffix, voxels, reason):
    write_itk(tmp_path / f"a.{suffix}", voxels)
    with pytest.raises(UnreadableScan, match=reason) as caught:
        read_scan(tmp_path / f"a.{suffix}")
    assert caught.value.path == tmp_path / f"a.{suffix}"


@pytest.mark.parametrize("suffix", ["nii.gz", "mha", "nrrd"])
def test_colour_and_vectors_are_refused(tmp_path, suffix):
    write_itk(tmp_path / f"a.{suffix}", np.stack([ramp().astype(np.uint8)] * 3, axis=-1), vector=True)
    with pytest.raises(UnreadableScan, match=r"grey-value|series of 3 volumes"):
        read_scan(tmp_path / f"a.{suffix}")


def test_a_series_of_one_volume_is_a_volume(tmp_path):
    write_itk(tmp_path / "a.nii.gz", ramp()[None])
    assert read_scan(tmp_path / "a.nii.gz").original_shape == (18, 20, 24)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("part", [0.05, 0.5, 0.97])
def test_files_that_are_truncated_are_refused(tmp_path, suffix, part):
    path = tmp_path / f"a.{suffix}"
    write_itk(path, np.random.default_rng(0).integers(0, 999, (18, 20, 24)).astype(np.int16))
    target = {"mhd": path.with_suffix(".raw"), "nhdr": path.with_suffix(".raw")}.get(suffix, path)
    target.write_bytes(target.read_bytes()[: int(part * target.stat().st_size)])
    with pytest.raises(UnreadableScan, match=r"cut short|not an image|broken"):
        read_scan(path)


def test_damage_within_a_compressed_file_is_refused(tmp_path):
    write_itk(tmp_path / "a.nii.gz", ramp())
    data = bytearray((tmp_path / "a.nii.gz").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = b"x" * 40
    (tmp_path / "a.nii.gz").write_bytes(data)
    with pytest.raises(UnreadableScan, match="broken"):
        read_scan(tmp_path / "a.nii.gz")


@pytest.mark.parametrize("suffix", ["mhd", "nhdr"])
def test_a_header_without_its_voxels_is_refused(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    write_itk(path, ramp())
    path.with_suffix(".raw").rename(tmp_path / "b.raw")
    with pytest.raises(UnreadableScan, match=r"'a\.raw', is not beside it"):
        read_scan(path)
    path.write_text(path.read_text().replace("a.raw", f"{tmp_path}/b.raw"))
    with pytest.raises(UnreadableScan, match="is not beside it"):
        read_scan(path)


def test_a_spacing_of_zero_or_none_is_refused(tmp_path):
    write_itk(tmp_path / "a.nii", ramp())
    data = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<f", data, 80, 0.0)
    (tmp_path / "zero.nii").write_bytes(data)
    write_itk(tmp_path / "a.mha", ramp())
    meta = (tmp_path / "a.mha").read_bytes()
    (tmp_path / "zero.mha").write_bytes(meta.replace(b"Spacing = 0.5", b"Spacing = 0.0"))
    (tmp_path / "none.mha").write_bytes(meta.replace(b"ElementSpacing", b"ElementNothing"))
    write_itk(tmp_path / "a.nrrd", ramp())
    nrrd = (tmp_path / "a.nrrd").read_bytes()
    for name, line in (("none.nrrd", b""), ("nan.nrrd", b"spacings: nan 1 1\n")):
        lines = [
            text for text in nrrd.partition(b"\n\n")[0].splitlines(True) if not text.startswith((b"space", b"kinds"))
        ]
        (tmp_path / name).write_bytes(b"".join(lines) + b"\n" + line + b"\n" + ramp().tobytes())
    for name in ("zero.nii", "zero.mha", "none.mha", "none.nrrd", "nan.nrrd"):
        with pytest.raises(UnreadableScan, match="does not state the spacing") as caught:
            read_scan(tmp_path / name)
        assert caught.value.path.name == name


def test_axes_that_are_not_perpendicular_are_refused(tmp_path):
    write_itk(tmp_path / "a.nii", ramp())
    data = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<2h", data, 252, 0, 1)
    struct.pack_into("<12f", data, 280, -0.5, 0.3, 0, 0, 0, -0.6, 0, 0, 0, 0, 2, 0)
    (tmp_path / "a.nii").write_bytes(data)
    write_itk(tmp_path / "a.mha", ramp())
    lines = (tmp_path / "a.mha").read_bytes()
    (tmp_path / "a.mha").write_bytes(lines.replace(b"Matrix = 1 0 0", b"Matrix = 1 0.4 0"))
    for name in ("a.nii", "a.mha"):
        with pytest.raises(UnreadableScan, match="not perpendicular"):
            read_scan(tmp_path / name)


def test_too_large_a_volume_is_refused_by_its_header(tmp_path):
    write_itk(tmp_path / "a.nii", ramp())
    data = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<3h", data, 42, 600, 600, 600)
    (tmp_path / "big.nii.gz").write_bytes(gzip.compress(data))
    write_itk(tmp_path / "a.mha", ramp())
    (tmp_path / "big.mha").write_bytes((tmp_path / "a.mha").read_bytes().replace(b"24 20 18", b"600 600 600"))
    write_itk(tmp_path / "a.nrrd", ramp())
    (tmp_path / "big.nrrd").write_bytes((tmp_path / "a.nrrd").read_bytes().replace(b"24 20 18", b"600 600 600"))
    for name in ("big.nii.gz", "big.mha", "big.nrrd"):
        with pytest.raises(UnreadableScan, match=r"too large \(600 x 600 x 600 voxels, at most 134,217,728"):
            read_scan(tmp_path / name)


def test_other_compressed_files_and_halves_of_pairs_are_refused(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"a text"))
    with pytest.raises(UnreadableScan, match="without a NIfTI volume: unpack it"):
        read_scan(tmp_path / "a.gz")
    write_itk(tmp_path / "a.nii", ramp())
    data = (tmp_path / "a.nii").read_bytes()
    (tmp_path / "a.hdr").write_bytes(data[:344] + b"ni1\0" + data[348:352])
    with pytest.raises(UnreadableScan, match="half of a pair"):
        read_scan(tmp_path / "a.hdr")


def test_a_size_that_a_table_gives_must_be_the_volumes(tmp_path):
    write_itk(tmp_path / "a.nii", ramp())
    for shape in ((18, 20, 24), (20, 24)):
        assert read_scan(tmp_path / "a.nii", shape).original_shape == (18, 20, 24)
    with pytest.raises(UnreadableScan, match="has 18 x 20 x 24 voxels, not 36 x 40 x 48"):
        read_scan(tmp_path / "a.nii", (36, 40, 48))


@pytest.mark.parametrize(("place", "kind", "value"), [(72, "<h", 32000), (108, "<f", 1e9), (40, "<h", 0)])
def test_headers_that_make_no_sense_are_refused_before_unpacking(tmp_path, place, kind, value):
    write_itk(tmp_path / "a.nii", ramp())
    data = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into(kind, data, place, value)
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(data))
    with pytest.raises(UnreadableScan, match="its header makes no sense"):
        read_scan(tmp_path / "a.nii.gz")


@pytest.mark.parametrize("line", [b"[" * 20_000, b"sizes: " + b"1 " * 1000, b"x" * 513])
def test_a_long_line_of_an_nrrd_header_is_refused_before_its_decoder_crashes(tmp_path, line):
    path = tmp_path / "a.nrrd"
    write_itk(path, ramp())
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\nsizes", b"\n" + line + b"\nsizes", 1))
    with pytest.raises(UnreadableScan, match=r"line \d+ of its header is longer than any field of an NRRD file"):
        read_scan(path)
    for kept in (b"# " + b"x" * 5000, b"key:=" + b"x" * 5000):
        path.write_bytes(content.replace(b"\nsizes", b"\n" + kept + b"\nsizes", 1))
        assert read_scan(path).ndim == 3
