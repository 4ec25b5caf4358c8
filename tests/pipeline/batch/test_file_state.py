from pathlib import Path

import numpy as np
import pytest

from boneage.imaging import Scan, write_volume
from boneage.pipeline.batch.file_state import FileState, digest_file, state_file


def test_a_file_is_told_by_its_content(tmp_path):
    for name, content in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).write_text(content)
    digests = [digest_file(tmp_path / name) for name in "abc"]
    assert digests[0] == digests[1] != digests[2]
    assert state_file(tmp_path / "a").size == 1
    assert (state_file(tmp_path / "none"), digest_file(tmp_path / "none")) == (FileState(-1, 0), "")


@pytest.fixture
def volume(tmp_path):
    """A header, beside the file of its voxels."""
    write_volume(tmp_path / "v.mha", Scan(np.ones((2, 3, 4))))
    header = tmp_path / "v.mhd"
    header.write_text("ObjectType = Image\nElementDataFile = v.raw\n")
    (tmp_path / "v.raw").write_bytes(bytes(24))
    return header


def test_a_header_is_told_with_its_voxels_and_a_folder_with_its_slices(volume):
    before = [(state_file(path), digest_file(path)) for path in (volume, volume.parent)]
    (volume.parent / "v.raw").write_bytes(bytes(23) + b"1")
    after = [(state_file(path), digest_file(path)) for path in (volume, volume.parent)]
    for (state, digest), (new_state, new_digest) in zip(before, after, strict=True):
        assert state.size == new_state.size
        assert digest != new_digest


def test_a_header_that_names_no_file_is_no_fault(tmp_path):
    header = tmp_path / "h.nhdr"
    header.write_bytes(b"NRRD0004\ndata file: a\0b\n")
    assert digest_file(header)


def test_what_is_no_file_has_no_content():
    assert digest_file(Path("/dev/null")) == ""
