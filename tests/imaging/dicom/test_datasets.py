import zlib

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian

from boneage.imaging import UnreadableScan, read_scan
from boneage.imaging.dicom import datasets
from tests.imaging.dicom_files import write_dicom
from tests.imaging.volume_files import ramp


def deflate(path):
    """Write a DICOM file again, deflated."""
    data = dcmread(path)
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data.save_as(path)
    return path


def test_deflated_files_are_read_if_they_unpack_to_an_image(tmp_path, monkeypatch):
    path = deflate(write_dicom(tmp_path / "a.dcm", ramp()[0]))
    assert np.array_equal(read_scan(path).pixels, ramp()[0])
    monkeypatch.setattr(datasets, "LARGEST_INFLATED_BYTES", 700)
    with pytest.raises(UnreadableScan, match="unpacks to more than"):
        read_scan(path)


def test_a_deflated_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "LARGEST_INFLATED_BYTES", 2**22)
    path = deflate(write_dicom(tmp_path / "a.dcm", ramp()[0]))
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    meta = path.read_bytes()[: 144 + int.from_bytes(path.read_bytes()[140:144], "little")]
    path.write_bytes(meta + packer.compress(b"\0" * 2**25) + packer.flush())
    with pytest.raises(UnreadableScan, match="unpacks to more than 4 MB"):
        read_scan(path)
