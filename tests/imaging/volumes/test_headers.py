import gzip
import struct

import pytest

from boneage.imaging.volumes.headers import (
    NIFTI_HEADER_BYTES,
    detect_format,
    find_voxel_file,
    is_gzip,
    read_nifti_header,
    read_text_header,
)
from tests.imaging.volume_files import ramp, write_itk


def make_nifti(version, order, *, dim=(3, 24, 20, 18), datatype=16, bits=32, start=None, magic=b"n+"):
    """The bytes of a NIfTI header with voxels of 0.5 x 0.75 x 2 mm."""
    head = bytearray(NIFTI_HEADER_BYTES)
    dim = [*dim, *[1] * (8 - len(dim))]
    lengths = [1, 0.5, 0.75, 2, 1, 1, 1, 1]
    if version == 1:
        struct.pack_into(f"{order}i", head, 0, 348)
        struct.pack_into(f"{order}8h", head, 40, *dim)
        struct.pack_into(f"{order}2h", head, 70, datatype, bits)
        struct.pack_into(f"{order}8f", head, 76, *lengths)
        struct.pack_into(f"{order}f", head, 108, 352 if start is None else start)
        head[344:348] = magic + b"1\0"
    else:
        struct.pack_into(f"{order}i", head, 0, 540)
        head[4:8] = magic + b"2\0"
        struct.pack_into(f"{order}2h", head, 12, datatype, bits)
        struct.pack_into(f"{order}8q", head, 16, *dim)
        struct.pack_into(f"{order}8d", head, 104, *lengths)
        struct.pack_into(f"{order}q", head, 168, 544 if start is None else start)
    return bytes(head)


@pytest.mark.parametrize(("version", "start"), [(1, 352), (2, 544)])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_both_versions_are_read_in_both_byte_orders_packed_or_not(tmp_path, version, start, order, pack):
    (tmp_path / "a").write_bytes(pack(make_nifti(version, order)))
    assert is_gzip(tmp_path / "a") == (pack is gzip.compress)
    assert detect_format((tmp_path / "a").read_bytes()) == "nifti"
    header = read_nifti_header(tmp_path / "a")
    assert (header.shape, header.has_spacing, header.floats) == ((18, 20, 24), True, f"{order}f4")
    assert (header.start, header.n_bytes) == (start, start + 4 * 18 * 20 * 24)


def test_a_header_written_by_simpleitk_is_read(tmp_path):
    write_itk(tmp_path / "a.nii", ramp())
    header = read_nifti_header(tmp_path / "a.nii")
    assert (header.shape, header.has_spacing, header.floats) == ((18, 20, 24), True, None)
    assert header.n_bytes == (tmp_path / "a.nii").stat().st_size


def test_leading_axes_of_one_are_left_out_and_others_stay(tmp_path):
    for dim, shape in (
        ((5, 24, 20, 18, 1, 1), (18, 20, 24)),
        ((4, 24, 20, 18, 3), (3, 18, 20, 24)),
        ((2, 9, 8), (8, 9)),
    ):
        (tmp_path / "a").write_bytes(make_nifti(1, "<", dim=dim))
        assert read_nifti_header(tmp_path / "a").shape == shape


@pytest.mark.parametrize("length", [0.0, float("nan"), float("inf")])
def test_a_length_that_is_no_number_is_no_spacing(tmp_path, length):
    head = bytearray(make_nifti(1, "<"))
    struct.pack_into("<f", head, 84, length)
    (tmp_path / "a").write_bytes(head)
    assert not read_nifti_header(tmp_path / "a").has_spacing


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"magic": b"ni"}, "half of a pair"),
        ({"dim": (0, 24)}, "makes no sense"),
        ({"dim": (3, 24, -1, 18)}, "makes no sense"),
        ({"bits": 0}, "makes no sense"),
        ({"bits": 2000}, "makes no sense"),
        ({"start": -1}, "makes no sense"),
        ({"start": 2**25}, "makes no sense"),
    ],
)
def test_fields_outside_their_range_are_refused(tmp_path, version, fields, reason):
    (tmp_path / "a").write_bytes(make_nifti(version, "<", **fields))
    with pytest.raises(ValueError, match=reason):
        read_nifti_header(tmp_path / "a")


def test_a_gzip_file_of_other_content_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(b"a text"))
    with pytest.raises(ValueError, match="without a NIfTI volume: unpack it"):
        read_nifti_header(tmp_path / "a")


@pytest.mark.parametrize(
    ("head", "format"),
    [
        (b"ObjectType = Image\n", "meta"),
        (b"NDims = 3\n", "meta"),
        (b"NRRD0004\n", "nrrd"),
        (b"\x1f\x8b\x08", "nifti"),
        (b"\x89PNG", None),
        (b"", None),
    ],
)
def test_the_format_is_detected_from_the_first_bytes(head, format):
    assert detect_format(head) == format


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NDims = 3\nElementSpacing = 1 1 2\nElementDataFile = a.raw\nNDims = 9\n", "a.raw"),
        ("NDims = 3\nElementSpacing = 1 1 2\nElementDataFile = LOCAL\n\x01\x02", None),
        ("NRRD0004\n# remark: none\nkey:=value: 1\ndimension: 3\ndata file: a.raw\n", "a.raw"),
        ("NRRD0004\ndimension: 3\n\nspacings: 9 9 9\n", None),
    ],
)
def test_text_headers_end_before_the_voxels_and_name_their_file(tmp_path, text, name):
    (tmp_path / "a").write_text(text)
    fields = read_text_header(tmp_path / "a")
    assert find_voxel_file(fields) == name
    assert fields.get("ndims", "3") == "3"
    assert not {"spacings", "key", "# remark"} & set(fields)
