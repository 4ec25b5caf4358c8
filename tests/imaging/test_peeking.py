import numpy as np
import pytest
from PIL import Image

from boneage.imaging import Scan, write_volume
from boneage.imaging.peeking import peek
from tests.imaging.dicom_files import write_dicom


@pytest.fixture
def folder(tmp_path):
    """A picture, a DICOM of a girl, a volume, an empty file, a text."""
    Image.linear_gradient("L").save(tmp_path / "a.png")
    write_dicom(tmp_path / "b.dcm", np.arange(1600).reshape(40, 40), PatientSex="F")
    write_volume(tmp_path / "c.nii", Scan(np.ones((4, 5, 6))))
    (tmp_path / "d.png").touch()
    (tmp_path / "e.txt").write_text("hello")
    return tmp_path


def test_a_header_tells_the_kind_the_sex_and_what_is_wrong(folder):
    found = {path.name: peek(path) for path in folder.iterdir()}
    assert {name: header.kind for name, header in found.items()} == {
        "a.png": "picture", "b.dcm": "DICOM", "c.nii": "volume", "d.png": "", "e.txt": "",
    }  # fmt: skip
    assert [found[name].sex for name in ("a.png", "b.dcm")] == [None, "F"]
    assert "is empty" in found["d.png"].fault
    assert found["e.txt"].fault == "is not an image"
    assert peek(folder / "gone").fault == "there is no such file"
    assert peek(folder).kind == "folder of slices"


def test_a_broken_header_is_a_fault(tmp_path):
    (tmp_path / "a.dcm").write_bytes(bytes(128) + b"DICM" + b"\x02\0\0\0XX" * 5)
    assert peek(tmp_path / "a.dcm").kind in ("", "DICOM")
    (tmp_path / "lossless.jpg").write_bytes(b"\xff\xd8\xff\xc3" + bytes(40))
    assert peek(tmp_path / "lossless.jpg").kind == "picture"
